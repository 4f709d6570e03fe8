// Where faults happen: one home with a real VM under a whole backend in this process, containers that bear witness, and volumes with known bytes.
// A fault may end the backend and have another one; nobody keeps what `backend` gave.
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BackendHandlers, VmStatus, WireError } from '../../../preload/contract';
import type { ExecResult } from '../../../main/ssh/connection';
import { createVm } from '../../../main/vm/create-vm';
import type { Resources } from '../../../main/vm/resources';
import { ensureTestImage, TEST_IMAGE } from '../../vm/images';
import { docker } from '../../vm/harness';
import { openBackend } from '../../vm/open-backend';
import type { OpenBackend } from '../../vm/open-backend';
import { engineGet, makeHome, TEST_MEMORY } from '../../vm/open-vm';

/** Comes back with dockerd, and the one that does not. */
export const WITNESSES = { always: 'witness-always', once: 'witness-once' } as const;
export const VOLUMES = ['ledger-one', 'ledger-two', 'ledger-three'] as const;

export interface Stage {
  readonly home: string;
  readonly resources: Resources;
  readonly handlers: BackendHandlers;
  readonly backend: OpenBackend;
  readonly dockerHost: string;
  status(): VmStatus;
  /** QEMU's. */
  pid(): number;
  /** The bundled docker CLI on the host's socket; rejects where it fails. */
  docker(...args: readonly string[]): Promise<string>;
  /** A command for the guest's shell, over the backend's own connections. */
  guest(command: string): Promise<ExecResult>;
  /** While no backend of ours is there; the VM runs on, and a new backend has taken it over when it resolves. */
  without(work: () => Promise<void>): Promise<void>;
  /** The backend's wall clock jumps, as after a sleep or a step of the host's clock; 0 = the host's again. */
  jumpClock(milliseconds: number): void;
  notices(): Promise<readonly WireError[]>;
  dismissNotices(): Promise<void>;
  /** Resolves when `_ping` answers on the host's socket and the state says so, without an error. */
  untilWell(seconds: number): Promise<void>;
  dispose(): Promise<void>;
}

export async function openStage(resources: Resources): Promise<Stage> {
  const home = await makeHome('berth-faults-');
  let ahead = 0;
  const open = (): Promise<OpenBackend> =>
    openBackend(home, { resources, createVm: (deps) => createVm({ ...deps, wall: () => Date.now() + ahead }) });
  let backend = await open();

  const stage: Stage = {
    home,
    resources,
    get handlers() {
      return backend.handlers;
    },
    get backend() {
      return backend;
    },
    get dockerHost() {
      return backend.dockerHost;
    },
    status: () => backend.backend.vm.status.get(),
    pid() {
      const { pid } = backend.backend.vm.status.get();
      if (pid === undefined) {
        throw new Error('no VM runs');
      }
      return pid;
    },
    docker: (...args) => docker(backend, args),
    guest: (command) => backend.backend.vm.exec(command),
    async without(work) {
      await backend.close({ keepVm: true });
      try {
        await work();
      } finally {
        backend = await open();
      }
    },
    jumpClock: (milliseconds) => (ahead = milliseconds),
    async notices() {
      const notices = await backend.first((context) => backend.handlers['app.notices']({}, context));
      return notices.map(({ error }) => error).reverse();
    },
    async dismissNotices() {
      for (const { id } of await backend.first((context) => backend.handlers['app.notices']({}, context))) {
        await backend.handlers['app.dismissNotice']({ id }, quiet);
      }
    },
    async untilWell(seconds) {
      const late = performance.now() + seconds * 1000;
      for (;;) {
        const { state, error, engine } = stage.status();
        const well = state === 'running' && error === undefined && engine !== undefined;
        if (well && (await answers(backend.files.run.docker))) {
          return;
        }
        if (performance.now() > late) {
          throw new Error(`not well after ${seconds} s: ${JSON.stringify({ state, error, engine })}`);
        }
        await sleep(50);
      }
    },
    async dispose() {
      await backend.close({ keepVm: false });
      await rm(home, { recursive: true, force: true });
    },
  };
  try {
    await backend.handlers['settings.set']({ vm: { memoryBytes: TEST_MEMORY } }, quiet);
    await backend.backend.vm.start();
    await furnish(stage);
  } catch (error) {
    await stage.dispose();
    throw error;
  }
  return stage;
}

const quiet = { signal: new AbortController().signal };

async function answers(socket: string): Promise<boolean> {
  const asked = engineGet(socket, '/_ping').then(
    ({ body }) => body === 'OK',
    () => false,
  );
  return Promise.race([asked, sleep(5000, false, { ref: false })]);
}

async function furnish(stage: Stage): Promise<void> {
  await ensureTestImage(stage.backend);
  await stage.docker('run', '--detach', '--restart', 'always', '--name', WITNESSES.always, TEST_IMAGE, 'sleep', '1000000');
  await stage.docker('run', '--detach', '--name', WITNESSES.once, TEST_IMAGE, 'sleep', '1000000');
  const mounts = VOLUMES.flatMap((name) => ['--volume', `${name}:/data/${name}`]);
  const fill = 'for v in /data/*; do for i in $(seq 1 12); do head -c $((i * i * 3001)) /dev/urandom > $v/$i; done; done; sync';
  await stage.docker('run', '--rm', ...mounts, TEST_IMAGE, 'sh', '-c', fill);
}
