// Quitting in order: say what is waited for, suspend the VM or stop it, let go. Once begun it is not begun again; one that fails asks the user, who
// may stay, leave the VM running, or shut it down where only the suspend failed. Knows nothing of Electron: what it shows is handed in.
import { toWireError } from '../../preload/contract';
import type { Client, VmStatus, WireError } from '../../preload/contract';
import type { QuitHow, QuitWork } from './quit-page';

export interface QuitDeps {
  /** Undefined where no backend could be had. */
  readonly client: () => Client | undefined;
  /** `undefined` at first, then with what was found to be running. */
  readonly show: (how: QuitHow, work: QuitWork | undefined) => void;
  readonly hide: () => void;
  /** The engine did not stop, or was not suspended. */
  readonly askAnyway: (how: QuitHow, error: WireError) => Promise<'leave' | 'shutDown' | 'stay'>;
  /** Lets go of the backend and ends the process. */
  readonly finish: () => Promise<void>;
}

export interface Quit {
  /** True once the process may end. */
  readonly done: boolean;
  /** `shutdown`: the VM is powered off, also where it could be suspended. */
  begin(options?: { readonly shutdown?: boolean }): Promise<void>;
}

export function createQuit(deps: QuitDeps): Quit {
  let under: Promise<void> | undefined;
  let done = false;

  async function run(shutdown: boolean): Promise<void> {
    const client = deps.client();
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
        const wire = toWireError(error);
        // A backend that is gone has nothing left to stop from here.
        const answer = wire.code === 'rpc.disconnected' ? 'leave' : await deps.askAnyway(how, wire);
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
    done = true;
    await deps.finish();
  }

  return {
    get done() {
      return done;
    },
    begin({ shutdown = false } = {}) {
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

async function first<T>(items: AsyncIterable<T>): Promise<T | undefined> {
  for await (const item of items) {
    return item;
  }
  return undefined;
}
