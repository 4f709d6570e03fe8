// Quitting in order: say what is waited for, stop the VM, let go. Once begun it is not begun again; a stop that fails asks the user, who may
// stay or leave the VM running. Knows nothing of Electron: what it shows is handed in.
import { toWireError } from '../../preload/contract';
import type { Client, WireError } from '../../preload/contract';
import type { QuitWork } from './quit-page';

export interface QuitDeps {
  /** Undefined where no backend could be had. */
  readonly client: () => Client | undefined;
  /** `undefined` at first, then with what was found to be running. */
  readonly show: (work: QuitWork | undefined) => void;
  readonly hide: () => void;
  /** True: quit although the engine did not stop. */
  readonly askAnyway: (error: WireError) => Promise<boolean>;
  /** Lets go of the backend and ends the process. */
  readonly finish: () => Promise<void>;
}

export interface Quit {
  /** True once the process may end. */
  readonly done: boolean;
  begin(): Promise<void>;
}

export function createQuit(deps: QuitDeps): Quit {
  let under: Promise<void> | undefined;
  let done = false;

  async function run(): Promise<void> {
    const client = deps.client();
    if (client !== undefined) {
      const looking = new AbortController();
      try {
        if (await isOn(client)) {
          deps.show(undefined);
          void findWork(client, looking.signal).then((work) => looking.signal.aborted || deps.show(work));
        }
        await client.call('app.stop', {});
      } catch (error) {
        looking.abort();
        const wire = toWireError(error);
        // A backend that is gone has nothing left to stop from here.
        if (wire.code !== 'rpc.disconnected' && !(await deps.askAnyway(wire))) {
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
    begin() {
      under ??= run().finally(() => {
        under = undefined;
      });
      return under;
    },
  };
}

async function isOn(client: Client): Promise<boolean> {
  const status = await first(client.stream('vm.status', {}));
  return status !== undefined && status.state !== 'stopped' && status.state !== 'failed';
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
