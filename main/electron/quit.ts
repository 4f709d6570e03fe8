// Quitting in order: say what is waited for, suspend the VM or stop it, let go, end. Once begun it is not begun again; one that fails asks the user,
// who may stay, leave the VM running, or shut it down where only the suspend failed. Where the system ends us nobody is asked: what cannot be
// suspended is shut down. Knows nothing of Electron: what it shows is handed in.
import { toWireError } from '../../preload/contract';
import type { Client, VmStatus, WireError } from '../../preload/contract';
import { first } from '../lib/async';
import type { QuitHow, QuitWork } from './quit-page';

export interface QuitDeps {
  /** Undefined where no backend could be had; one that is being opened is waited for. */
  readonly client: () => Promise<Client | undefined>;
  /** `undefined` at first, then with what was found to be running. */
  readonly show: (how: QuitHow, work: QuitWork | undefined) => void;
  readonly hide: () => void;
  /** The engine did not stop, or was not suspended. */
  readonly askAnyway: (how: QuitHow, error: WireError) => Promise<QuitAnswer>;
  /** Of the backend. */
  readonly letGo: () => Promise<void>;
  /** Ends the process; `done` is true by then. */
  readonly end: () => void;
}

export type QuitAnswer = 'leave' | 'shutDown' | 'stay';

export interface QuitOptions {
  /** The VM is powered off, also where it could be suspended. */
  readonly shutdown?: boolean;
  /** By the system: its time is short, and a question, also one that waits already, has nobody to answer it. */
  readonly unattended?: boolean;
}

export interface Quit {
  /** True once the process may end. */
  readonly done: boolean;
  readonly under: boolean;
  begin(options?: QuitOptions): Promise<void>;
}

export function createQuit(deps: QuitDeps): Quit {
  let under: Promise<void> | undefined;
  let done = false;
  const alone = new AbortController();

  /** `stay` only by the user's word. */
  function decide(how: QuitHow, error: WireError): QuitAnswer | Promise<QuitAnswer> {
    const { signal } = alone;
    const unasked = how === 'suspend' ? 'shutDown' : 'leave';
    if (error.code === 'rpc.disconnected') {
      // A backend that is gone has nothing left to stop from here.
      return 'leave';
    }
    if (signal.aborted) {
      return unasked;
    }
    const leftAlone = new Promise<QuitAnswer>((resolve) => signal.addEventListener('abort', () => resolve(unasked), { once: true }));
    return Promise.race([deps.askAnyway(how, error), leftAlone]);
  }

  async function run(shutdown: boolean): Promise<void> {
    const client = await deps.client();
    if (client !== undefined) {
      let how: QuitHow = 'stop';
      const looking = new AbortController();
      try {
        const status = await first(client.stream('vm.status', {}));
        how = !shutdown && status?.features.suspend === true ? 'suspend' : 'stop';
        if (status !== undefined && isOn(status)) {
          deps.show(how, undefined);
          void findWork(client, looking.signal).then((work) => looking.signal.aborted || deps.show(how, work));
        }
        await client.call('app.stop', { shutdown });
      } catch (error) {
        looking.abort();
        const answer = await decide(how, toWireError(error));
        if (answer === 'shutDown') {
          await run(true);
          return;
        }
        if (answer === 'stay') {
          deps.hide();
          return;
        }
      } finally {
        looking.abort();
      }
    }
    try {
      await deps.letGo();
    } finally {
      // Not before: another order to quit would end the process while it still lets go.
      done = true;
      deps.end();
    }
  }

  return {
    get done() {
      return done;
    },
    get under() {
      return under !== undefined;
    },
    begin({ shutdown = false, unattended = false } = {}) {
      if (unattended) {
        alone.abort();
      }
      under ??= run(shutdown).finally(() => {
        under = undefined;
      });
      return under;
    },
  };
}

function isOn({ state }: VmStatus): boolean {
  return state !== 'stopped' && state !== 'failed' && state !== 'suspended';
}

/** Names of running containers and subjects of running tasks; what cannot be told is left out. */
async function findWork(client: Client, signal: AbortSignal): Promise<QuitWork> {
  const [engine, tasks] = await Promise.all([
    first(client.stream('engine.changes', {}, { signal })).catch(() => undefined),
    first(client.stream('tasks.changes', {}, { signal })).catch(() => undefined),
  ]);
  const containers = engine?.kind === 'snapshot' ? engine.containers : [];
  return {
    containers: containers.filter((container) => container.state === 'running').map((container) => container.name),
    tasks: (tasks ?? []).filter((task) => task.state === 'running').map((task) => task.subject),
  };
}
