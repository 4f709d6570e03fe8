// The engine's configuration over a fake engine and a fake guest, with files of its own: thrown away and opened again as often as a test likes.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BerthError } from '../../preload/contract';
import type { ConfigState, Task, VmStatus } from '../../preload/contract';
import { createConfigGuest } from '../../main/config-guest';
import { createDaemonConfig } from '../../main/daemon-config/create-daemon-config';
import type { ConfigGuest, DaemonConfig, DaemonConfigDeps } from '../../main/daemon-config/daemon-config';
import { silentLogger } from '../../main/lib/logger';
import { createObservable } from '../../main/lib/observable';
import type { MutableObservable } from '../../main/lib/observable';
import { createTasks } from '../../main/tasks';
import type { Tasks } from '../../main/tasks';
import { dialSocket } from './dockerd/dialer';
import { startFakeDockerd } from './dockerd/server';
import type { FakeDockerd } from './dockerd/server';
import { createFakeGuest } from './guest';
import { firstItem, taskEnd } from './streams';

export interface ConfigBench {
  readonly folder: string;
  readonly files: DaemonConfigDeps['files'];
  readonly fake: FakeDockerd;
  readonly available: MutableObservable<boolean>;
  readonly tasks: Tasks;
  readonly notices: BerthError[];
  /** Names of containers whose events were paused when they were stopped or dockerd restarted. */
  readonly log: string[];
  /** dockerd was started by somebody's order and has answered: what the VM says then. */
  engineBack(): void;
  /** As a new backend over the same files and the same guest. */
  open(wrap?: (guest: ConfigGuest) => ConfigGuest): Promise<DaemonConfig>;
  dispose(): Promise<void>;
}

/** A VM whose engine has just answered. */
function running(): VmStatus {
  return {
    ...{ state: 'running', driver: 'qemu', cpus: 1, memoryBytes: 2 ** 30, pendingRestart: false },
    features: { suspend: false, shares: false, shareDrivers: [], hostfwd: false, balloon: false },
    engine: { version: '28.5.2', apiVersion: '1.51' },
  };
}

/** Files of the engine's configuration in a folder of a test's own. */
export function configFilesIn(folder: string): DaemonConfigDeps['files'] {
  const at = (name: string): string => join(folder, name);
  return {
    document: at('daemon.json'),
    lastGood: at('daemon.json.last'),
    journal: at('journal.json'),
    history: at('history.json'),
    guest: at('guest.json'),
  };
}

export async function startConfigBench(): Promise<ConfigBench> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-config-'));
  const fake = await startFakeDockerd(join(folder, 'engine.sock'), { containers: 3, images: 2 });
  const available = createObservable(true);
  const status = createObservable(running());
  const tasks = createTasks();
  const notices: BerthError[] = [];
  const log: string[] = [];
  const files = configFilesIn(folder);
  const container = (id: string) => {
    if (!fake.configuration.up) {
      throw new BerthError('engine.away', { reason: 'engine' });
    }
    const found = fake.model.findContainer(id);
    if (found === undefined) {
      throw new Error(`no container ${id}`);
    }
    return found;
  };
  const guest = createConfigGuest({
    vm: { ...createFakeGuest(fake.configuration), dialer: dialSocket(fake.socket), status },
    available,
    containers: {
      'containers.start': ({ id }) => {
        fake.model.start(container(id));
        log.push(`start ${id}`);
      },
      'containers.stop': ({ id }) => {
        fake.model.exit(container(id), 143);
        log.push(`stop ${id}`);
      },
    },
    pauseEvents() {
      log.push('pause');
      return () => log.push('resume');
    },
  });
  return {
    ...{ folder, files, fake, available, tasks, notices, log },
    engineBack: () => status.set(running()),
    open: (wrap = (plain) => plain) =>
      createDaemonConfig({
        files,
        guest: wrap(guest),
        tasks,
        log: silentLogger,
        notify: (_, error) => notices.push(error),
        present: () => ({
          running: [...fake.model.containers.values()].filter(({ state }) => state === 'running').map(({ name }) => name),
          containers: fake.model.containers.size,
          images: fake.model.images.size,
          imageBytes: [...fake.model.images.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
        }),
      }),
    async dispose() {
      await fake.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export const callContext = { signal: new AbortController().signal };

export const stateOf = (config: DaemonConfig): Promise<ConfigState> =>
  firstItem((streamContext) => config.handlers['config.changes']({}, streamContext));

export interface ApplyOptions {
  readonly revision?: string;
  readonly accept?: { readonly warnings: boolean; readonly disruptive: boolean };
}

export const EVERYTHING = { warnings: true, disruptive: true };

/** As the editor does it, from the present revision. */
export async function applyText(
  bench: Pick<ConfigBench, 'tasks'>,
  config: DaemonConfig,
  document: unknown,
  options: ApplyOptions = {},
): Promise<Task> {
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  const revision = options.revision ?? (await stateOf(config)).revision;
  const { task } = await config.handlers['config.apply'](
    { text, revision, origin: 'editor', accept: options.accept ?? { warnings: false, disruptive: false } },
    callContext,
  );
  return taskEnd(bench.tasks.handlers, task);
}
