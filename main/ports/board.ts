// Who holds which address and port: the listeners of every tracked container, and the rule that a port has one holder.
// Decides nothing about when; ports.ts does.
import type { Duplex } from 'node:stream';
import { deferred, type Deferred } from '../lib/async';
import type { ContainerInspect } from '../lib/engine-http';
import { listenOnPort, type PortFigures } from './port-listener';
import { isMissingFamily, refusalOf, type Refusal } from './refusals';
import { isRunning, overlap, type Wanted } from './rules';
import { listenOnUdp } from './udp-listener';

export interface Held {
  readonly wanted: Wanted;
  figures(): PortFigures;
  close(): void;
}

export interface Tracked {
  readonly id: string;
  readonly name: string;
  /** Starts under way. */
  holds: number;
  /** In the guest, as of the last inspect. */
  address: string | undefined;
  /** dockerd's StartedAt, and when this process came to know of it (host clock, ms). */
  startedText: string;
  startedAt: number;
  /** Connections wait for it between bind and start; rejects when the start failed. */
  readonly started: Deferred<void>;
  readonly listeners: Map<string, Held>;
  /** What could not be bound and was told. */
  readonly failures: Map<string, Refusal>;
  /** Binds of one container follow each other. */
  work: Promise<unknown>;
}

export interface BoardDeps {
  dial(container: Tracked, wanted: Wanted): Promise<Duplex>;
  inspect(id: string): Promise<ContainerInspect | undefined>;
}

export interface Board {
  /** undefined after the end: nothing may be bound any more. */
  track(found: ContainerInspect): Tracked | undefined;
  all(): Tracked[];
  /** By id, name, or a prefix of the id. */
  named(id: string): Tracked | undefined;
  /** Binds what is missing; the result names what could not be bound. */
  bind(container: Tracked, wanted: readonly Wanted[]): Promise<Refusal[]>;
  keepOnly(container: Tracked, wanted: readonly Wanted[]): void;
  drop(id: string): void;
  dispose(): void;
}

export function createBoard(deps: BoardDeps): Board {
  const containers = new Map<string, Tracked>();
  const holders = new Map<string, { readonly container: Tracked; readonly wanted: Wanted }>();
  let disposed = false;

  const close = (container: Tracked, key: string): void => {
    container.listeners.get(key)?.close();
    container.listeners.delete(key);
    container.failures.delete(key);
    if (holders.get(key)?.container === container) {
      holders.delete(key);
    }
  };

  const drop = (id: string): void => {
    const container = containers.get(id);
    if (!container) {
      return;
    }
    containers.delete(id);
    container.started.reject(new Error('not started'));
    [...container.listeners.keys()].forEach((key) => close(container, key));
  };

  /** The list of running containers may be a moment old: `docker rm -f a; docker run -p 8080:80 b` must not fail. */
  const stillUp = async (holder: Tracked): Promise<boolean> => {
    if (holder.holds > 0) {
      return true;
    }
    try {
      const found = await deps.inspect(holder.id);
      return found !== undefined && isRunning(found);
    } catch {
      return true;
    }
  };

  const bindOne = async (container: Tracked, wanted: Wanted): Promise<Refusal | undefined> => {
    const key = keyOf(wanted);
    if (container.listeners.has(key)) {
      return undefined;
    }
    const other = (): Tracked | undefined =>
      [...holders.values()].find((held) => held.container !== container && overlap(held.wanted, wanted))?.container;
    const before = other();
    if (before && !(await stillUp(before)) && before.holds === 0) {
      drop(before.id);
    }
    const holder = other();
    if (holder) {
      return { wanted, code: 'TAKEN', owner: holder.name };
    }
    holders.set(key, { container, wanted });
    try {
      const listen = wanted.protocol === 'udp' ? listenOnUdp : listenOnPort;
      const listener = await listen(wanted.address, wanted.port, () => deps.dial(container, wanted));
      container.listeners.set(key, { wanted, ...listener });
      if (containers.get(container.id) === container) {
        container.failures.delete(key);
      } else {
        close(container, key);
      }
      return undefined;
    } catch (cause) {
      holders.delete(key);
      return isMissingFamily(wanted, cause) ? undefined : await refusalOf(wanted, cause);
    }
  };

  return {
    track(found) {
      const known = containers.get(found.Id);
      if (known || disposed) {
        return known;
      }
      const container: Tracked = {
        id: found.Id,
        name: (found.Name ?? found.Id).replace(/^\//, ''),
        holds: 0,
        address: undefined,
        startedText: '',
        startedAt: 0,
        started: deferred<void>(),
        listeners: new Map(),
        failures: new Map(),
        work: Promise.resolve(),
      };
      containers.set(found.Id, container);
      return container;
    },
    all: () => [...containers.values()],
    named: (id) => containers.get(id) ?? [...containers.values()].find((one) => one.name === id || one.id.startsWith(id)),
    bind(container, wanted) {
      const work = container.work.then(async () => {
        const refusals: Refusal[] = [];
        for (const one of wanted) {
          const refusal = await bindOne(container, one);
          if (refusal) {
            refusals.push(refusal);
          }
        }
        return refusals;
      });
      container.work = work;
      return work;
    },
    keepOnly(container, wanted) {
      const keys = new Set(wanted.map(keyOf));
      for (const key of container.listeners.keys()) {
        if (!keys.has(key)) {
          close(container, key);
        }
      }
    },
    drop,
    dispose() {
      disposed = true;
      [...containers.keys()].forEach(drop);
    },
  };
}

export function keyOf({ protocol, address, port }: Pick<Wanted, 'protocol' | 'address' | 'port'>): string {
  return `${protocol} ${address} ${port}`;
}
