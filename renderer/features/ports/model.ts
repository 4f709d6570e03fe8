// What the port board shows of the forwards: filters, search, order, addresses to open. Pure.
import { addressText } from '../../../preload/contract';
import { portUrl } from '../../ui/port-url';
import type { ContainerSummary, Forward, PortHop } from '../../../preload/contract';

export const filters = ['all', 'lan', 'failing'] as const;
export type Filter = (typeof filters)[number];

export function keyOf({ protocol, address, port }: Pick<Forward, 'protocol' | 'address' | 'port'>): string {
  return `${protocol} ${address} ${port}`;
}

/** Where a browser of this machine finds it; none for datagrams and for what is not served. */
export function urlOf({ protocol, address, port, containerPort, error }: Forward): string | undefined {
  return protocol === 'tcp' && error === undefined ? portUrl(address, port, containerPort) : undefined;
}

/** Both loopbacks (or both wildcards) of one port are one line: the user published it once. */
export interface Line {
  readonly key: string;
  readonly forward: Forward;
  readonly project: string | undefined;
  readonly alsoOn: readonly string[];
}

export function linesOf(forwards: readonly Forward[], containers: Readonly<Record<string, ContainerSummary | undefined>>): Line[] {
  const lines = new Map<string, Line>();
  for (const forward of forwards) {
    const { container, protocol, port, containerPort, reach } = forward;
    const key = `${container} ${protocol} ${port} ${containerPort} ${reach} ${pairOf(forward.address)} ${forward.error?.code ?? ''}`;
    const found = lines.get(key);
    lines.set(
      key,
      found === undefined
        ? { key, forward, project: containers[container]?.project, alsoOn: [] }
        : { ...found, forward: sum(found.forward, forward), alsoOn: [...found.alsoOn, forward.address] },
    );
  }
  return [...lines.values()].sort(
    (a, b) =>
      Number(b.forward.error !== undefined) - Number(a.forward.error !== undefined) ||
      a.forward.port - b.forward.port ||
      a.forward.protocol.localeCompare(b.forward.protocol),
  );
}

export function isIn(filter: Filter, { forward }: Line): boolean {
  return filter === 'all' || (filter === 'lan' ? forward.reach === 'lan' : forward.error !== undefined);
}

export function countsOf(lines: readonly Line[]): Record<Filter, number> {
  return {
    all: lines.length,
    lan: lines.filter((line) => isIn('lan', line)).length,
    failing: lines.filter((line) => isIn('failing', line)).length,
  };
}

export function searchFor(text: string): (line: Line) => boolean {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return ({ forward, project = '' }) => {
    const hay = `${addressText(forward)} ${forward.containerPort} ${forward.protocol} ${forward.name} ${project}`.toLowerCase();
    return words.every((word) => hay.includes(word));
  };
}

/** The first hop that is not all right; undefined = all of them are. */
export function brokenHop(hops: readonly PortHop[]): PortHop | undefined {
  return hops.find(({ state }) => state === 'failed');
}

function pairOf(address: string): string {
  const loopback = address === '127.0.0.1' || address === '::1';
  const wildcard = address === '0.0.0.0' || address === '::';
  return loopback ? 'loopback' : wildcard ? 'wildcard' : address;
}

function sum(a: Forward, b: Forward): Forward {
  return {
    ...a,
    connections: a.connections + b.connections,
    bytesIn: a.bytesIn + b.bytesIn,
    bytesOut: a.bytesOut + b.bytesOut,
    dropped: a.dropped + b.dropped,
  };
}
