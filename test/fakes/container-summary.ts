// A container as the list has it, for tests that care about one field of it.
import type { ContainerSummary } from '../../preload/contract';

export function containerSummary(part: Partial<ContainerSummary> = {}): ContainerSummary {
  return {
    id: 'c1',
    name: 'web',
    image: 'nginx:1.29',
    imageId: 'sha256:i',
    command: '',
    state: 'running',
    status: '',
    health: 'none',
    createdAt: 0,
    ports: [],
    labels: {},
    ...part,
  };
}
