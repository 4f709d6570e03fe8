// Who holds which address and port: the listeners of every tracked container, and the rule that a port has one holder.
// Decides nothing about when; ports.ts does.
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Forward } from '../../preload/contract';
import { asError, createQueue, deferred, type Deferred } from '../lib/async';
import { GUEST } from '../lib/guest-network';
import { freePortNear } from './free-port';
import { listenOnPort, type Forwarded, type PortListener, type TcpListener } from './port-listener';
import { isMissingFamily, refusalOf, type Refusal } from './refusals';
import { overlap, type Wanted } from './rules';
import { listenOnUdp } from './udp-listener';

export interface Held extends PortListener {
  readonly wanted: Wanted;
  /** Of TCP: what can be handed over to the driver. */
  readonly tcp?: TcpListener;
  notDirect?: Forward['notDirect'];
}

export interface Tracked {
  readonly kind: Forward['kind'];
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
  readonly inTurn: ReturnType<typeof createQueue>;
}

export interface BoardDeps {
  dial(container: Tracked, wanted: Wanted): Promise<Duplex>;
  /** Datagrams pass. */
  readonly used: () => void;
  /** Rejects while the engine is away. */
  stillUp(container: Tracked): Promise<boolean>;
  /** The driver's own listener; rejects with its words. */
  forward(wanted: Wanted): Promise<Forwarded>;
  /** Somebody took the port while it changed hands. */
  lost(container: Tracked, refusal: Refusal): void;
}

export interface Board {
  /** undefined after the end: nothing may be bound any more. */
  track(owner: Pick<Tracked, 'kind' | 'id' | 'name'>): Tracked | undefined;
  all(): Tracked[];
  /** By id, name, or a prefix of the id. */
  named(id: string): Tracked | undefined;
  /** Binds what is missing; the result names what could not be bound. */
  bind(container: Tracked, wanted: readonly Wanted[]): Promise<Refusal[]>;
  keepOnly(container: Tracked, wanted: readonly Wanted[]): void;
  /** Hands what can be to the driver, or takes all of it back. */
  route(container: Tracked, wanted: readonly Wanted[], direct: boolean): Promise<void>;
  drop(id: string): void;
  /** Resolves when what was closed is free. */
  settled(): Promise<void>;
  dispose(): Promise<void>;
}

export function createBoard(deps: BoardDeps): Board {
  const containers = new Map<string, Tracked>();
  const holders = new Map<string, { readonly container: Tracked; readonly wanted: Wanted }>();
  /** What the driver has to close takes a moment. */
  const closing = new Set<Promise<void>>();
  let disposed = false;

  const close = (container: Tracked, key: string): void => {
    const ending = container.listeners
      .get(key)
      ?.close()
      .catch(() => undefined);
    if (ending !== undefined) {
      closing.add(ending);
      void ending.then(() => closing.delete(ending));
    }
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
    return deps.stillUp(holder).catch(() => true);
  };

  const listen = async (container: Tracked, wanted: Wanted): Promise<Held> => {
    const { protocol, address, port } = wanted;
    const dial = (): Promise<Duplex> => deps.dial(container, wanted);
    if (protocol === 'udp') {
      return { wanted, ...(await listenOnUdp(address, port, dial, deps.used)) };
    }
    const tcp = await listenOnPort(address, port, dial, (cause) => {
      close(container, keyOf(wanted));
      void refusalOf(wanted, cause).then((refusal) => deps.lost(container, refusal));
    });
    return { wanted, ...tcp, tcp };
  };

  const routeOne = async (held: Held, wanted: Wanted, direct: boolean): Promise<void> => {
    if (held.tcp === undefined) {
      return;
    }
    const reason = isIP(wanted.address) === 6 ? 'ipv6' : wanted.guestPort === undefined ? 'address' : undefined;
    if (!direct || reason !== undefined) {
      await held.tcp.takeBack().catch(() => undefined);
      held.notDirect = direct && reason !== undefined ? { reason, detail: '' } : undefined;
    } else if (!held.tcp.handedOver() && held.notDirect?.reason !== 'refused') {
      try {
        await held.tcp.handOver(() => deps.forward(wanted));
        held.notDirect = undefined;
      } catch (error) {
        // Once is enough: the port is served, and a reconnect by hand asks again.
        held.notDirect = { reason: 'refused', detail: asError(error).message };
      }
    }
  };

  const bindOne = async (container: Tracked, wanted: Wanted): Promise<Refusal | undefined> => {
    const key = keyOf(wanted);
    if (container.listeners.has(key)) {
      return undefined;
    }
    if (wanted.protocol === 'tcp' && (wanted.port === GUEST.sshPort || wanted.port === GUEST.relayPort)) {
      // dockerd binds it in the guest too, and would find it taken there.
      return { wanted, code: 'TAKEN', owner: 'Berth', suggested: await freePortNear(wanted) };
    }
    const other = (): Tracked | undefined =>
      [...holders.values()].find((held) => held.container !== container && overlap(held.wanted, wanted))?.container;
    const before = other();
    if (before && !(await stillUp(before)) && before.holds === 0) {
      drop(before.id);
    }
    const holder = other();
    if (holder) {
      return { wanted, code: 'TAKEN', owner: holder.name, suggested: await freePortNear(wanted) };
    }
    holders.set(key, { container, wanted });
    try {
      await Promise.all(closing);
      container.listeners.set(key, await listen(container, wanted));
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
    track(owner) {
      const known = containers.get(owner.id);
      if (known || disposed) {
        return known;
      }
      const container: Tracked = {
        ...owner,
        holds: 0,
        address: undefined,
        startedText: '',
        startedAt: 0,
        started: deferred<void>(),
        listeners: new Map(),
        failures: new Map(),
        inTurn: createQueue(),
      };
      containers.set(owner.id, container);
      return container;
    },
    all: () => [...containers.values()],
    named: (id) => containers.get(id) ?? [...containers.values()].find((one) => one.name === id || one.id.startsWith(id)),
    bind: (container, wanted) =>
      container.inTurn(async () => {
        const refusals: Refusal[] = [];
        for (const one of wanted) {
          const refusal = await bindOne(container, one);
          if (refusal) {
            refusals.push(refusal);
          }
        }
        return refusals;
      }),
    route: (container, wanted, direct) =>
      container.inTurn(async () => {
        for (const one of wanted) {
          const held = container.listeners.get(keyOf(one));
          if (held !== undefined) {
            await routeOne(held, one, direct);
          }
        }
      }),
    keepOnly(container, wanted) {
      const keys = new Set(wanted.map(keyOf));
      for (const key of container.listeners.keys()) {
        if (!keys.has(key)) {
          close(container, key);
        }
      }
    },
    drop,
    async settled() {
      await Promise.all(closing);
    },
    async dispose() {
      disposed = true;
      [...containers.keys()].forEach(drop);
      await Promise.all(closing);
    },
  };
}

export function keyOf({ protocol, address, port }: Pick<Wanted, 'protocol' | 'address' | 'port'>): string {
  return `${protocol} ${address} ${port}`;
}
