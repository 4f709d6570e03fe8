// Published ports on the host: which container holds which listener, from the moment before its start until it has stopped.
// The engine's inspect is the truth; the watched list only says where to look, because it may be a moment old.
import type { Duplex } from 'node:stream';
import type { BerthError, ContainerSummary } from '../../preload/contract';
import { sleep } from '../lib/async';
import type { Dialer } from '../lib/dialer';
import { createEngineHttp, type ContainerInspect } from '../lib/engine-http';
import type { Logger } from '../lib/logger';
import type { Observable } from '../lib/observable';
import type { PortGate } from '../lib/port-gate';
import { createBoard, keyOf, type Tracked } from './board';
import { noticeError, startError, type Refusal } from './refusals';
import { addressOf, isRunning, narrowed, notForwarded, publishesAny, wantedBeforeStart, wantedWhileRunning } from './rules';

export interface PortsDeps {
  readonly dialer: Dialer;
  /** undefined = no such container; rejects while the engine is away. */
  inspect(id: string): Promise<ContainerInspect | undefined>;
  readonly containers: Observable<readonly ContainerSummary[]>;
  notify(error: BerthError): void;
  readonly log: Logger;
}

export interface Ports {
  readonly gate: PortGate;
  /** Resolves once everything that running containers publish is listening, or was told as a notice. */
  settle(): Promise<void>;
  dispose(): Promise<void>;
}

/** A program in a container listens some time after its start; until then its clients wait instead of being refused. */
const GRACE_MS = 3000;
const RETRY_MS = 50;
/** No event tells that another program has let go of a port. */
const RETAKE_MS = 5000;

export function createPorts(deps: PortsDeps): Ports {
  const { dialer, log } = deps;
  const inspect = (id: string): Promise<ContainerInspect | undefined> => deps.inspect(id);
  const stopped = new AbortController();
  const board = createBoard({ dial, inspect });
  let reconciling: Promise<void> = Promise.resolve();
  let scheduled = false;
  let retake: NodeJS.Timeout | undefined;

  async function dial(container: Tracked, containerPort: number): Promise<Duplex> {
    await container.started.promise;
    for (;;) {
      try {
        return await dialer.tcp(container.address ?? '', containerPort);
      } catch (error) {
        if (Date.now() > container.startedAt + GRACE_MS) {
          // Perhaps it has another address by now: a restart that kept its state was not seen as one.
          void refresh(container.id).catch(() => undefined);
          throw error;
        }
        await sleep(RETRY_MS, stopped.signal);
      }
    }
  }

  /** Brings the listeners of one container in line with the engine. Rejects while the engine is away: everything stays then. */
  async function refresh(id: string): Promise<void> {
    const found = await inspect(id);
    if (stopped.signal.aborted) {
      // Everything was closed meanwhile, and nothing may be bound again.
      return;
    }
    if (!found) {
      board.drop(board.named(id)?.id ?? id);
      return;
    }
    const container = board.track(found);
    if (!isRunning(found)) {
      if (container.holds === 0) {
        board.drop(container.id);
      }
      return;
    }
    container.address = addressOf(found);
    if (container.startedText !== found.State?.StartedAt) {
      container.startedText = found.State?.StartedAt ?? '';
      container.startedAt = Date.now();
    }
    container.started.resolve(undefined);
    const wanted = wantedWhileRunning(found);
    board.keepOnly(container, [...wanted, ...(container.holds > 0 ? wantedBeforeStart(found) : [])]);
    tell(container, await board.bind(container, wanted));
    if (container.listeners.size === 0 && container.failures.size === 0 && container.holds === 0) {
      board.drop(container.id);
    }
  }

  /** A running container's port that is not served: told once, tried again. */
  function tell(container: Tracked, refusals: readonly Refusal[]): void {
    for (const refusal of refusals) {
      const key = keyOf(refusal.wanted);
      if (!container.failures.has(key)) {
        container.failures.add(key);
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

  async function reconcile(): Promise<void> {
    const summaries = deps.containers.get();
    const running = new Map(summaries.filter(isUp).map((summary) => [summary.id, summary]));
    const unknown = [...running.values()].filter((summary) => publishes(summary) && !isCurrent(board.named(summary.id), summary));
    const gone = board.all().filter((container) => container.holds === 0 && !running.has(container.id));
    for (const id of new Set([...unknown, ...gone].map((one) => one.id))) {
      await refresh(id).catch((error: unknown) => log.debug('ports not reconciled', { id, error: String(error) }));
    }
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
  const held = new Map<string, Tracked[]>();
  const hold = (name: string, container: Tracked): void => {
    container.holds++;
    held.set(name, [...(held.get(name) ?? []), container]);
  };
  const unhold = (name: string): Tracked | undefined => {
    const [container, ...others] = held.get(name) ?? [];
    if (others.length > 0) {
      held.set(name, others);
    } else {
      held.delete(name);
    }
    if (container) {
      container.holds--;
    }
    return container;
  };

  const gate: PortGate = {
    async prepare(id) {
      const found = await inspect(id);
      // dockerd says itself what is not there; a container that publishes nothing costs one look.
      if (!found || !publishesAny(found) || stopped.signal.aborted) {
        return;
      }
      const container = board.track(found);
      hold(id, container);
      const [refusal] = await board.bind(container, wantedBeforeStart(found));
      if (refusal) {
        await gate.release(id).catch(() => undefined);
        if (found.HostConfig?.AutoRemove && !isRunning(found)) {
          // As dockerd does when a start fails; `docker run --rm` waits for it.
          await createEngineHttp(dialer)
            .removeContainer(found.Id)
            .catch((error: unknown) => log.warn('--rm not done', { id, error: String(error) }));
        }
        throw startError(refusal, container);
      }
      const later = [...notForwarded(found), ...narrowed(found)];
      if (later.length > 0) {
        log.info('published beyond what is forwarded (TCP, this machine only)', { container: container.name, ports: later.join(' ') });
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

  const unsubscribe = deps.containers.subscribe(schedule);
  schedule();

  return {
    gate,
    settle() {
      schedule();
      return reconciling;
    },
    async dispose() {
      stopped.abort();
      unsubscribe();
      clearTimeout(retake);
      board.dispose();
      await reconciling.catch(() => undefined);
    },
  };
}

function isUp({ state }: ContainerSummary): boolean {
  return state === 'running' || state === 'paused' || state === 'restarting';
}

/** Known since its present start, with everything served. */
function isCurrent(container: Tracked | undefined, { startedAt }: ContainerSummary): boolean {
  return container?.failures.size === 0 && (startedAt === undefined || Math.abs(Date.parse(container.startedText) - startedAt) < 1000);
}

function publishes({ ports }: ContainerSummary): boolean {
  return ports.some(({ hostPort, protocol }) => hostPort !== undefined && protocol === 'tcp');
}
