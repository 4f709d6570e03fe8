// Published ports on the host: which container holds which listener, from the moment before its start until it has stopped.
// The engine's inspect is the truth; the watched list only says where to look, because it may be a moment old.
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { toWireError } from '../../preload/contract';
import type { BackendHandlers, BerthError, ContainerSummary, Forward, PortWay } from '../../preload/contract';
import { sleep } from '../lib/async';
import type { Dialer } from '../lib/dialer';
import { createEngineHttp, type ContainerInspect } from '../lib/engine-http';
import type { Logger } from '../lib/logger';
import { isLoopback } from '../lib/loopback';
import { createObservable, follow } from '../lib/observable';
import type { Observable } from '../lib/observable';
import type { PortGate } from '../lib/port-gate';
import type { Use } from '../lib/use';
import { createBoard, keyOf, type Held, type Tracked } from './board';
import type { Forwarded } from './port-listener';
import { createPassedOver, type Serve } from './passed-over';
import { createPortUse } from './port-use';
import { probePort } from './probe';
import { noticeError, startError, type Refusal } from './refusals';
import { addressOf, isRunning, notForwarded, publishesAny, wantedBeforeStart, wantedWhileRunning } from './rules';
import type { PublishTo, Wanted } from './rules';
import { createServicePorts } from './services';

export interface PortsDeps {
  readonly dialer: Dialer;
  /** undefined = no such container; rejects while the engine is away. */
  inspect(id: string): Promise<ContainerInspect | undefined>;
  readonly containers: Observable<readonly ContainerSummary[]>;
  /** Counts up when Swarm's services may have changed. */
  readonly services: Observable<number>;
  /** A container was connected to a network or disconnected from one. */
  readonly moves: Observable<{ readonly container: string } | undefined>;
  /** Where ports go that are published without an address. */
  readonly publish: Observable<PublishTo>;
  /** The way of TCP connections that the user chose. */
  readonly way: Observable<PortWay>;
  /** Resolves when the guest can be dialled (port-use.ts). Missing = it never sleeps. */
  readonly up?: (() => Promise<void>) | undefined;
  /** The driver's own listener on the host, to a port of the guest's; rejects with its words. */
  forward(spec: { readonly address: string; readonly port: number; readonly guestPort: number }): Promise<Forwarded>;
  readonly serve: Serve;
  notify(error: BerthError): void;
  readonly log: Logger;
}

export interface Ports {
  readonly gate: PortGate;
  readonly use: Observable<Use>;
  readonly handlers: Pick<BackendHandlers, Extract<keyof BackendHandlers, `ports.${string}`>>;
  /** Resolves once everything that running containers publish is listening, or was told as a notice. */
  settle(): Promise<void>;
  dispose(): Promise<void>;
}

/** A program in a container listens some time after its start; until then its clients wait instead of being refused. */
const GRACE_MS = 3000;
const RETRY_MS = 50;
/** While a window looks. */
const FIGURES_MS = 1000;
const NO_FIGURES = { connections: 0, bytesIn: 0, bytesOut: 0, dropped: 0 } as const;
/** No event tells that another program has let go of a port. */
const RETAKE_MS = 5000;

export function createPorts(deps: PortsDeps): Ports {
  const { dialer, log } = deps;
  const inspect = (id: string): Promise<ContainerInspect | undefined> => deps.inspect(id);
  const http = createEngineHttp(dialer);
  const stopped = new AbortController();
  const portUse = createPortUse(deps.up);
  const board = createBoard({
    dial,
    async stillUp({ kind, id }) {
      const found = kind === 'container' ? await inspect(id) : undefined;
      return kind === 'service' ? services.has(id) : found !== undefined && isRunning(found);
    },
    used: () => portUse.datagram(),
    forward: ({ address, port, guestPort = port }) => portUse.forward(() => deps.forward({ address, port, guestPort })),
    lost: (container, refusal) => tell(container, [refusal]),
  });
  const passedOver = createPassedOver(deps.serve, (port) =>
    board.all().some(({ listeners }) => [...listeners.values()].some(({ wanted }) => wanted.protocol === 'tcp' && wanted.port === port)),
  );
  const services = createServicePorts({
    http,
    board,
    changes: deps.services,
    publish: deps.publish,
    serve: (service, wanted) => serve(service, wanted),
  });
  let reconciling: Promise<void> = Promise.resolve();
  let scheduled = false;
  let retake: NodeJS.Timeout | undefined;

  /** Counts up when something was bound or closed; the figures are read when somebody asks. */
  const changed = createObservable(0);
  const tellChange = (): void => changed.set(changed.get() + 1);

  function dial(container: Tracked, wanted: Wanted): Promise<Duplex> {
    return portUse[wanted.protocol === 'udp' ? 'datagrams' : 'connection'](() => dialInside(container, wanted));
  }

  async function dialInside(container: Tracked, wanted: Wanted): Promise<Duplex> {
    await container.started.promise;
    const inside = container.kind === 'service' ? wanted.port : wanted.containerPort;
    if (wanted.protocol === 'udp') {
      // A datagram that comes before its reader is lost, as everywhere.
      return dialer.udp(container.address ?? '', inside);
    }
    for (;;) {
      try {
        return await dialer.tcp(container.address ?? '', inside);
      } catch (error) {
        if (Date.now() > container.startedAt + GRACE_MS) {
          // Perhaps it has another address by now: a restart that kept its state was not seen as one.
          void (container.kind === 'container' ? refresh(container.id) : Promise.resolve()).catch(() => undefined);
          throw error;
        }
        await sleep(RETRY_MS, stopped.signal);
      }
    }
  }

  /** Brings the listeners of one container in line with the engine. Rejects while the engine is away: everything stays then. */
  async function refresh(id: string): Promise<void> {
    const found = await inspect(id);
    if (!found) {
      board.drop(board.named(id)?.id ?? id);
      await board.settled();
      tellChange();
      return;
    }
    const container = track(found);
    if (!container) {
      return;
    }
    if (!isRunning(found)) {
      if (container.holds === 0) {
        board.drop(container.id);
      }
      await board.settled();
      tellChange();
      return;
    }
    container.address = addressOf(found);
    if (container.startedText !== found.State?.StartedAt) {
      container.startedText = found.State?.StartedAt ?? '';
      container.startedAt = Date.now();
    }
    container.started.resolve(undefined);
    const publish = deps.publish.get();
    const wanted = wantedWhileRunning(found, publish);
    board.keepOnly(container, [...wanted, ...(container.holds > 0 ? wantedBeforeStart(found, publish) : [])]);
    await serve(container, wanted);
    if (container.listeners.size === 0 && container.failures.size === 0 && container.holds === 0) {
      board.drop(container.id);
    }
    tellChange();
  }

  async function serve(container: Tracked, wanted: readonly Wanted[]): Promise<void> {
    tell(container, await board.bind(container, wanted));
    await board.route(container, wanted, deps.way.get() === 'hostfwd');
  }

  const track = (found: ContainerInspect): Tracked | undefined =>
    board.track({ kind: 'container', id: found.Id, name: (found.Name ?? found.Id).replace(/^\//, '') });

  /** A running container's port that is not served: told once, tried again. */
  function tell(container: Tracked, refusals: readonly Refusal[]): void {
    for (const refusal of refusals) {
      const key = keyOf(refusal.wanted);
      if (!container.failures.has(key)) {
        container.failures.set(key, refusal);
        log.warn('a published port is not served', {
          container: container.name,
          port: refusal.wanted.port,
          address: refusal.wanted.address,
          code: refusal.code,
          owner: refusal.owner,
        });
        deps.notify(noticeError(refusal, container));
      }
    }
    if (refusals.length > 0) {
      retake ??= setTimeout(() => {
        retake = undefined;
        schedule();
      }, RETAKE_MS).unref();
    }
  }

  /** As it should be; what the driver served is to be handed over again after it came back, with its containers as they were. */
  const isServed = (container: Tracked | undefined, summary: ContainerSummary): boolean =>
    isCurrent(container, summary) &&
    (deps.way.get() === 'relay' || container?.address === undefined || [...container.listeners.values()].every(isRouted));

  async function reconcile(): Promise<void> {
    const summaries = deps.containers.get();
    const running = new Map(summaries.filter(isUp).map((summary) => [summary.id, summary]));
    const unknown = [...running.values()].filter((summary) => publishes(summary) && !isServed(board.named(summary.id), summary));
    const gone = board.all().filter(({ kind, holds, id }) => kind === 'container' && holds === 0 && !running.has(id));
    for (const id of new Set([...unknown, ...gone].map((one) => one.id))) {
      await refresh(id).catch((error: unknown) => log.debug('ports not reconciled', { id, error: String(error) }));
    }
    await services.reconcile().catch((error: unknown) => log.debug('services not reconciled', { error: String(error) }));
    tellChange();
  }

  function schedule(): void {
    if (scheduled || stopped.signal.aborted) {
      return;
    }
    scheduled = true;
    reconciling = reconciling.then(() => {
      scheduled = false;
      return reconcile();
    });
  }

  /** Under the name that the caller of prepare used: a container may be renamed while it starts. */
  const held = new Map<string, { readonly container: Tracked; end: () => void }[]>();
  const hold = (name: string, container: Tracked): { end: () => void } => {
    container.holds++;
    const start = { container, end: () => undefined };
    held.set(name, [...(held.get(name) ?? []), start]);
    return start;
  };
  const unhold = (name: string): Tracked | undefined => {
    const [start, ...others] = held.get(name) ?? [];
    if (others.length > 0) {
      held.set(name, others);
    } else {
      held.delete(name);
    }
    if (start) {
      start.container.holds--;
      start.end();
    }
    return start?.container;
  };

  const gate: PortGate = {
    async prepare(id, known) {
      const found = known ?? (await inspect(id));
      // dockerd says itself what is not there; a container that publishes nothing costs one look.
      const container = found && publishesAny(found) ? track(found) : undefined;
      if (!found || !container) {
        return;
      }
      const start = hold(id, container);
      const [refusal] = await board.bind(container, wantedBeforeStart(found, deps.publish.get()));
      if (refusal) {
        await gate.release(id).catch(() => undefined);
        if (found.HostConfig?.AutoRemove && !isRunning(found)) {
          // As dockerd does when a start fails; `docker run --rm` waits for it.
          await http.removeContainer(found.Id).catch((error: unknown) => log.warn('--rm not done', { id, error: String(error) }));
        }
        throw startError(refusal, container);
      }
      start.end = await passedOver.begin(found, deps.publish.get());
      const never = notForwarded(found);
      if (never.length > 0) {
        log.warn('published and not forwarded', { container: container.name, ports: never.join(' ') });
      }
    },
    async confirm(id) {
      const container = unhold(id);
      await (container ? refresh(container.id) : undefined);
    },
    async release(id) {
      const container = unhold(id);
      await (container?.holds === 0 ? refresh(container.id) : undefined);
    },
    async changed(id) {
      const container = board.named(id);
      await (container?.holds === 0 ? refresh(container.id) : undefined);
    },
  };

  async function refreshAll(): Promise<void> {
    services.stale();
    await Promise.all(
      board
        .all()
        .filter(({ kind }) => kind === 'container')
        .map(({ id }) => refresh(id)),
    );
    schedule();
    await reconciling;
  }

  const forwards = (): Forward[] =>
    board
      .all()
      .flatMap((container) => [
        ...[...container.listeners.values()].map((held) => ({ ...forwardOf(container, held.wanted, held), ...held.figures() })),
        ...[...container.failures.values()].map((refusal) => ({
          ...forwardOf(container, refusal.wanted),
          ...NO_FIGURES,
          error: toWireError(noticeError(refusal, container)),
        })),
      ])
      .sort(
        (a, b) =>
          a.port - b.port ||
          a.protocol.localeCompare(b.protocol) ||
          isIP(a.address) - isIP(b.address) ||
          a.address.localeCompare(b.address),
      );

  async function* changes(signal: AbortSignal): AsyncGenerator<readonly Forward[]> {
    const ticking = setInterval(tellChange, FIGURES_MS);
    let last = '';
    try {
      for await (const _ of follow(changed, signal)) {
        const now = forwards();
        const text = JSON.stringify(now);
        if (text !== last) {
          last = text;
          yield now;
        }
      }
    } finally {
      clearInterval(ticking);
    }
  }

  const again = (): void => void refreshAll().catch((error: unknown) => log.debug('ports not reconciled', { error: String(error) }));
  const unsubscribe = [
    deps.containers.subscribe(schedule),
    deps.services.subscribe(schedule),
    deps.moves.subscribe(
      (move) =>
        void gate.changed(move?.container ?? '').catch((error: unknown) => log.debug('ports not reconciled', { error: String(error) })),
    ),
    deps.publish.subscribe(again),
    deps.way.subscribe(again),
  ];
  schedule();

  return {
    gate,
    use: portUse.use,
    handlers: {
      'ports.changes': (_input, { signal }) => changes(signal),
      'ports.probe': (which, { signal }) => {
        const container = board.all().find(({ listeners }) => listeners.has(keyOf(which)));
        const held = container?.listeners.get(keyOf(which));
        return probePort(which, held && container ? () => dial(container, held.wanted) : undefined, signal);
      },
      'ports.reconnect': () => {
        board.all().forEach(({ listeners }) => listeners.forEach((held) => (held.notDirect = undefined)));
        return refreshAll();
      },
    },
    settle() {
      schedule();
      return reconciling;
    },
    async dispose() {
      stopped.abort();
      unsubscribe.forEach((end) => end());
      clearTimeout(retake);
      await board.dispose();
      await reconciling.catch(() => undefined);
    },
  };
}

function forwardOf(
  { kind, id, name }: Tracked,
  { protocol, address, port, containerPort }: Wanted,
  held?: Held,
): Omit<Forward, 'connections' | 'bytesIn' | 'bytesOut' | 'dropped'> {
  return {
    ...{ kind, container: id, name, protocol, address, port, containerPort },
    reach: isLoopback(address) ? 'local' : 'lan',
    way: held?.tcp?.handedOver() === true ? 'hostfwd' : 'relay',
    ...(held?.notDirect === undefined ? {} : { notDirect: held.notDirect }),
  };
}

function isUp({ state }: ContainerSummary): boolean {
  return state === 'running' || state === 'paused' || state === 'restarting';
}

function isRouted({ tcp, notDirect }: Held): boolean {
  return tcp === undefined || tcp.handedOver() || notDirect !== undefined;
}

/** Known since its present start, with everything served. */
function isCurrent(container: Tracked | undefined, { startedAt }: ContainerSummary): boolean {
  return container?.failures.size === 0 && (startedAt === undefined || Math.abs(Date.parse(container.startedText) - startedAt) < 1000);
}

function publishes({ ports }: ContainerSummary): boolean {
  return ports.some(({ hostPort, protocol }) => hostPort !== undefined && protocol !== 'sctp');
}
