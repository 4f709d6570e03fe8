// What a container's state means in the list: its mark, the words beside it, which filter it falls under, what search finds.
// Pure; knows nothing of React. Words are keys of locale `containers`.
import { failedByItself } from '../../../preload/contract';
import { portUrl } from '../../ui/port-url';
import type { ContainerSummary, PublishedPort } from '../../../preload/contract';
import type { PendingVerb } from '../../state/slices/ui';
import type { MarkKind } from '../../ui/state-mark';

export type Filter = 'all' | 'running' | 'stopped' | 'failing';
export const filters: readonly Filter[] = ['all', 'running', 'stopped', 'failing'];

/** Its process lives: what can be stopped, and must be forced to be removed. */
export function isUp({ state }: ContainerSummary): boolean {
  return state === 'running' || state === 'paused' || state === 'restarting';
}

/** What S and the first button of its row do. */
export function firstVerb(container: ContainerSummary): 'starting' | 'stopping' | 'unpausing' {
  return container.state === 'paused' ? 'unpausing' : isUp(container) ? 'stopping' : 'starting';
}

export function isFailing({ state, health, exitCode }: ContainerSummary): boolean {
  return (
    state === 'restarting' ||
    state === 'dead' ||
    (state === 'running' && health === 'unhealthy') ||
    (state === 'exited' && failedByItself(exitCode))
  );
}

export function markOf(container: ContainerSummary, pending: PendingVerb | undefined): MarkKind {
  if (pending !== undefined || container.state === 'removing') {
    return 'busy';
  }
  switch (container.state) {
    case 'running':
      return container.health === 'unhealthy' ? 'sick' : 'run';
    case 'restarting':
      return 'sick';
    case 'paused':
      return 'pause';
    case 'created':
      return 'new';
    case 'dead':
      return 'fail';
    default:
      return 'exit';
  }
}

export interface StateWords {
  readonly key: string;
  readonly tone: 'acc' | 'bad' | 'pause' | undefined;
  readonly exitCode?: number;
  /** Since when, milliseconds since the epoch. */
  readonly since?: number;
}

export function stateWords(container: ContainerSummary, pending: PendingVerb | undefined): StateWords {
  if (pending !== undefined) {
    return { key: pending, tone: 'acc' };
  }
  const { state, startedAt, finishedAt, exitCode } = container;
  const ended = { ...(exitCode === undefined ? {} : { exitCode }), ...(finishedAt === undefined ? {} : { since: finishedAt }) };
  const started = startedAt === undefined ? {} : { since: startedAt };
  switch (state) {
    case 'running':
      return { key: 'running', tone: undefined, ...started };
    case 'paused':
      return { key: 'paused', tone: 'pause', ...started };
    case 'restarting':
      return { key: 'crashLoop', tone: 'bad', ...ended };
    case 'exited':
      return { key: 'exited', tone: isFailing(container) ? 'bad' : undefined, ...ended };
    case 'removing':
      return { key: 'removing', tone: 'acc' };
    case 'dead':
      return { key: 'dead', tone: 'bad' };
    default:
      return { key: 'created', tone: undefined };
  }
}

export function isIn(filter: Filter, container: ContainerSummary): boolean {
  switch (filter) {
    case 'running':
      return container.state === 'running';
    case 'stopped':
      return !isUp(container);
    case 'failing':
      return isFailing(container);
    default:
      return true;
  }
}

export function countsOf(containers: readonly ContainerSummary[]): Readonly<Record<Filter, number>> {
  const counts = { all: containers.length, running: 0, stopped: 0, failing: 0 };
  for (const container of containers) {
    counts.running += isIn('running', container) ? 1 : 0;
    counts.stopped += isIn('stopped', container) ? 1 : 0;
    counts.failing += isFailing(container) ? 1 : 0;
  }
  return counts;
}

export interface HostPort {
  readonly port: number;
  readonly containerPort: number;
  readonly protocol: PublishedPort['protocol'];
  /** Where a browser finds it; udp and sctp have none. */
  readonly url?: string;
}

/** Published ports, IPv4 and IPv6 of the same one once. */
export function hostPorts(container: ContainerSummary): readonly HostPort[] {
  const found = new Map<string, HostPort>();
  for (const { hostPort, hostAddress = '', containerPort, protocol } of container.ports) {
    if (hostPort === undefined) {
      continue;
    }
    const url = portUrl(hostAddress, hostPort, containerPort);
    found.set(`${url}/${protocol}`, { port: hostPort, containerPort, protocol, ...(protocol === 'tcp' ? { url } : {}) });
  }
  return [...found.values()];
}

/** All words of the query, each anywhere in name, image, project, labels, ports or the start of the id. */
export function searchFor(query: string): (container: ContainerSummary) => boolean {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return (container) =>
    words.length === 0 ||
    words.every(
      (word) =>
        container.name.toLowerCase().includes(word) ||
        container.image.toLowerCase().includes(word) ||
        container.id.startsWith(word) ||
        container.ports.some((port) => String(port.hostPort ?? '') === word.replace(/^:/, '') || String(port.containerPort) === word) ||
        Object.entries(container.labels).some(([key, value]) => `${key}=${value}`.toLowerCase().includes(word)),
    );
}

/** In its project's group the project's name need not stand in each row. */
export function shortName(container: ContainerSummary, grouped: boolean): string {
  const prefix = `${container.project ?? ''}-`;
  return grouped && container.project !== undefined && container.name.startsWith(prefix) && container.name.length > prefix.length
    ? container.name.slice(prefix.length)
    : container.name;
}
