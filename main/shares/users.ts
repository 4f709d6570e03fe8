// Which running containers bind which folders, out of the engine's list; the same object while nothing of that changes.
import type { ContainerSummary } from '../../preload/contract';

export interface BindUser {
  readonly name: string;
  readonly binds: readonly string[];
}

export function createBindUsers(): (containers: readonly ContainerSummary[]) => readonly BindUser[] {
  let key = '';
  let last: readonly BindUser[] = [];
  return (containers) => {
    const users = containers
      .filter(({ state, binds }) => binds !== undefined && (state === 'running' || state === 'paused' || state === 'restarting'))
      .map(({ name, binds = [] }) => ({ name, binds }));
    const next = JSON.stringify(users);
    if (next !== key) {
      key = next;
      last = users;
    }
    return last;
  };
}
