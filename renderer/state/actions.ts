// Verbs that several places offer (a row, the palette, the dashboard): mark pending, call, confirm or take back.
// Knows the store and the client; never a component.
import { toWireError } from '../../preload/contract';
import type { Client, ContainerState } from '../../preload/contract';
import { navigate } from '../routes';
import { switchedOff } from './slices/mirrors';
import type { LogSource, OpenPanel, PendingVerb, PendingVm } from './slices/ui';
import { without } from './slices/ui';
import { patchMirrors, patchUi } from './store';
import type { Store } from './store';

export interface Actions {
  readonly startContainer: (id: string) => Promise<void>;
  readonly stopContainer: (id: string) => Promise<void>;
  readonly restartContainer: (id: string) => Promise<void>;
  readonly pauseContainer: (id: string) => Promise<void>;
  readonly unpauseContainer: (id: string) => Promise<void>;
  readonly removeContainer: (id: string, options: { readonly force: boolean; readonly volumes: boolean }) => Promise<void>;
  readonly startVm: () => Promise<void>;
  /** Suspends it where its driver can. */
  readonly stopVm: () => Promise<void>;
  readonly shutDownVm: () => Promise<void>;
  readonly restartVm: () => Promise<void>;
  readonly restartEngine: () => Promise<void>;
  /** Asks again for what failed; a VM that failed by itself is started. */
  readonly retryVm: () => Promise<void>;
  readonly cancelTask: (id: string) => Promise<void>;
  readonly dismissTask: (id: string) => Promise<void>;
  readonly dismissNotice: (id: string) => Promise<void>;
  /** The way out of a notice; its steps are shown on the mirrors' page. */
  readonly switchOffMirror: (url: string) => Promise<void>;
  readonly clearError: (id: string) => void;
  readonly clearVmError: () => void;
  readonly openPanel: (panel: OpenPanel | undefined) => void;
  readonly showLog: (source: LogSource) => void;
  readonly toast: (text: string, undo?: () => void) => number;
  readonly closeToast: (id: number) => void;
}

/** The answer of a call may overtake the event that changes the row; past this the row shows what the engine says. */
const EVENT_WAIT_MS = 1500;

export function createActions(client: Client, store: Store): Actions {
  let lastToast = 0;

  async function onContainer(id: string, verb: PendingVerb, call: () => Promise<unknown>): Promise<void> {
    const before = store.getState().engine.containers[id];
    patchUi(store, (ui) => ({ pending: { ...ui.pending, [id]: verb }, errors: without(ui.errors, id) }));
    try {
      await call();
      await seen(id, verb, before?.state, before?.startedAt);
    } catch (error) {
      patchUi(store, (ui) => ({ errors: { ...ui.errors, [id]: toWireError(error) } }));
    } finally {
      patchUi(store, (ui) => ({ pending: without(ui.pending, id) }));
    }
  }

  function seen(id: string, verb: PendingVerb, state: ContainerState | undefined, startedAt: number | undefined): Promise<void> {
    const done = (): boolean => {
      const now = store.getState().engine.containers[id];
      return now === undefined || (verb === 'restarting' ? now.startedAt !== startedAt : now.state !== state);
    };
    return new Promise((resolve) => {
      if (done()) {
        resolve();
        return;
      }
      const finish = (): void => {
        clearTimeout(timer);
        unsubscribe();
        resolve();
      };
      const unsubscribe = store.subscribe(() => done() && finish());
      const timer = setTimeout(finish, EVENT_WAIT_MS);
    });
  }

  const vmCalls: Readonly<Record<PendingVm, () => Promise<void>>> = {
    start: () => client.call('vm.start', {}),
    stop: () => client.call('vm.stop', {}),
    shutDown: () => client.call('vm.stop', { shutdown: true }),
    restart: () => client.call('vm.restart', { engineOnly: false }),
    restartEngine: () => client.call('vm.restart', { engineOnly: true }),
  };

  async function onVm(verb: PendingVm): Promise<void> {
    patchUi(store, () => ({ pendingVm: verb, vmError: undefined }));
    try {
      await vmCalls[verb]();
    } catch (error) {
      const wire = toWireError(error);
      // A start that was cancelled by a stop is no error of the user's.
      patchUi(store, () => (wire.code === 'rpc.cancelled' ? {} : { vmError: { verb, error: wire } }));
    } finally {
      patchUi(store, (ui) => (ui.pendingVm === verb ? { pendingVm: undefined } : {}));
    }
  }

  /** What fails here is told by the thing's own state or by the connection's. */
  const quietly = (call: Promise<unknown>): Promise<void> =>
    call.then(
      () => undefined,
      () => undefined,
    );

  return {
    startContainer: (id) => onContainer(id, 'starting', () => client.call('containers.start', { id })),
    stopContainer: (id) => onContainer(id, 'stopping', () => client.call('containers.stop', { id })),
    restartContainer: (id) => onContainer(id, 'restarting', () => client.call('containers.restart', { id })),
    pauseContainer: (id) => onContainer(id, 'pausing', () => client.call('containers.pause', { id })),
    unpauseContainer: (id) => onContainer(id, 'unpausing', () => client.call('containers.unpause', { id })),
    removeContainer: (id, options) => onContainer(id, 'removing', () => client.call('containers.remove', { id, ...options })),
    startVm: () => onVm('start'),
    stopVm: () => onVm('stop'),
    shutDownVm: () => onVm('shutDown'),
    restartVm: () => onVm('restart'),
    restartEngine: () => onVm('restartEngine'),
    retryVm: () => onVm(store.getState().ui.vmError?.verb ?? 'start'),
    cancelTask: (id) => quietly(client.call('tasks.cancel', { id })),
    dismissTask: (id) => quietly(client.call('tasks.dismiss', { id })),
    dismissNotice: (id) => quietly(client.call('app.dismissNotice', { id })),
    async switchOffMirror(url) {
      try {
        const { task } = await client.call('mirrors.switchOff', { url });
        patchMirrors(store, ({ draft }) => ({ applying: { task, sent: undefined }, draft: draft && switchedOff(draft, url) }));
      } catch {
        // The page has the mirror with what is known of it, and the same switch.
      }
      navigate('#/mirrors');
    },
    clearError: (id) => patchUi(store, (ui) => ({ errors: without(ui.errors, id) })),
    clearVmError: () => patchUi(store, () => ({ vmError: undefined })),
    openPanel: (panel) => patchUi(store, () => ({ panel })),
    showLog: (logSource) => patchUi(store, () => ({ panel: 'log', logSource })),
    toast(text, undo) {
      const id = ++lastToast;
      patchUi(store, (ui) => ({ toasts: [...ui.toasts, { id, text, ...(undo === undefined ? {} : { undo }) }] }));
      return id;
    },
    closeToast: (id) => patchUi(store, (ui) => ({ toasts: ui.toasts.filter((toast) => toast.id !== id) })),
  };
}
