// The engine as the rest of the backend sees it: its state, its changes and the handlers of engine.*, containers.* and images.*.
// Is handed a Dialer; knows nothing of SSH, of the VM or of windows.
import type { BackendHandlers, ContainerSummary, EngineChange, WireError } from '../../preload/contract';
import type { Dialer } from '../lib/dialer';
import type { Logger } from '../lib/logger';
import { createObservable } from '../lib/observable';
import type { Observable } from '../lib/observable';
import type { JudgeBind } from '../lib/binds';
import { openGate } from '../lib/port-gate';
import type { PortGate } from '../lib/port-gate';
import type { PullGuard } from '../lib/pull-guard';
import type { TaskRunner } from '../lib/task-runner';
import type { OpenedTerminal } from '../lib/terminal-process';
import { createConnection } from './connection';
import { createContainers } from './containers';
import { createExec } from './exec';
import type { ExecRequest } from './exec';
import { createImages } from './images';
import type { EngineState } from './state';
import { createWatch } from './watch';
import type { Watch } from './watch';

export type { EngineState } from './state';

export interface EngineDeps {
  readonly dialer: Dialer;
  readonly log: Logger;
  /** True while the VM is running. */
  readonly available: Observable<boolean>;
  readonly tasks: TaskRunner;
  /** What failed after its call had already answered, e.g. a container that exited seconds after its start. */
  readonly notify?: (error: WireError) => void;
  /** Binds the host's ports around a start, as it does for clients of the engine's socket. */
  readonly gate?: PortGate;
  /** `NAME=value` for every container that has no value of its own. */
  readonly containerEnv?: () => readonly string[];
  /** What the sources of bind mounts are to the guest, as for clients of the engine's socket. */
  readonly judge?: JudgeBind;
  /** Watches and routes the window's pulls. */
  readonly pulls?: PullGuard;
}

export type EngineHandlerNames = Extract<keyof BackendHandlers, `engine.${string}` | `containers.${string}` | `images.${string}`>;

export interface Engine {
  readonly state: Observable<EngineState>;
  readonly containers: Observable<readonly ContainerSummary[]>;
  /** Counts up when Swarm's services may have changed. */
  readonly services: Observable<number>;
  /** Containers that were connected to a network or disconnected from one. */
  readonly moves: Watch['moves'];
  /** Counts up when the engine may have given space back on its disk. */
  readonly freed: Observable<number>;
  readonly changes: (signal: AbortSignal) => AsyncGenerator<EngineChange>;
  readonly openExec: (request: ExecRequest) => Promise<OpenedTerminal>;
  /** Resolves when the first whole list since `available` is in the state; rejects when it is gone before. */
  readonly settle: () => Promise<void>;
  /** Closes the events stream until `available` turns true again, or the function returned is called: an open one delays dockerd's stop by 5 s. */
  readonly pauseEvents: () => () => void;
  readonly handlers: Pick<BackendHandlers, EngineHandlerNames>;
  dispose(): void;
}

export function createEngine({
  dialer,
  log,
  available,
  tasks,
  notify = () => undefined,
  gate = openGate,
  containerEnv,
  judge,
  pulls,
}: EngineDeps): Engine {
  const connection = createConnection(dialer);
  const watch = createWatch({ connection, log, available });
  const containers = createContainers(connection, gate, notify, containerEnv, judge);
  const rows = createObservable<readonly ContainerSummary[]>([]);
  let derivedFrom = watch.state.get().containers;
  const unsubscribe = watch.state.subscribe((state) => {
    if (state.containers !== derivedFrom) {
      derivedFrom = state.containers;
      rows.set([...state.containers.values()]);
    }
  });
  return {
    state: watch.state,
    containers: rows,
    services: watch.services,
    moves: watch.moves,
    freed: watch.freed,
    changes: watch.changes,
    openExec: createExec(connection),
    settle: watch.settle,
    pauseEvents: watch.pauseEvents,
    handlers: {
      'engine.changes': (_input, { signal }) => watch.changes(signal),
      ...containers.handlers,
      ...createImages(connection, tasks, pulls),
    },
    dispose() {
      unsubscribe();
      watch.dispose();
      containers.dispose();
      connection.dispose();
    },
  };
}
