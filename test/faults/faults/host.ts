// The computer itself: it ends and tells every process so at once, and its wall clock jumps. And the backend alone, killed.
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { connectControl } from '../../../main/control/connect';
import { retryUntil } from '../../../main/lib/async';
import { createClient } from '../../../preload/rpc/client';
import type { Fault } from '../harness/fault';
import { processesOf } from '../harness/ledgers';
import type { Stage } from '../harness/stage';

const TWO_HOURS_MS = 2 * 3_600_000;
/** systemd gives 90 s; Windows and a short logind delay give 5, which a machine without an accelerator under load has no chance to keep. */
const SYSTEM_LIMIT_MS = 90_000;

/** A backend as users have it, in a process of its own, over the VM that runs; resolves when it has taken that over. */
async function spawnBackend(stage: Stage, folder: string): Promise<ChildProcess> {
  const outfile = join(folder, 'dist', 'main', 'headless.cjs');
  await promisify(execFile)(process.execPath, ['scripts/lib/bundle-file.mjs', 'main/headless.ts', outfile]);
  const resources = join(folder, 'resources.json');
  await writeFile(resources, JSON.stringify(stage.resources));
  const child = spawn(process.execPath, [outfile, '--home', stage.home, '--no-window', '--start'], {
    stdio: 'ignore',
    env: { ...process.env, BERTH_RESOURCES: resources },
  });
  const { control } = stage.backend.files.run;
  const transport = await retryUntil(
    async () => (await connectControl(control)) ?? Promise.reject(new Error('the backend in a process of its own did not come up')),
    100,
    AbortSignal.timeout(60_000),
  );
  const client = createClient(transport, { build: 'faults', client: 'cli' });
  for await (const { state } of client.stream('vm.status', {})) {
    if (state === 'running') {
      break;
    }
  }
  client.close();
  return child;
}

async function withBackend(stage: Stage, work: (child: ChildProcess) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-child-'));
  try {
    const { lock, run } = stage.backend.files;
    await stage.without(async () => {
      await work(await spawnBackend(stage, folder));
      // The stage's own backend takes no lock: what the dead one left of it, and of its socket, the next owner would have taken away.
      await Promise.all([lock, run.control].map((path) => rm(path, { force: true })));
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** By the agent's port: what the guest's clock is ahead of the backend's. */
async function ahead(stage: Stage, jump: number): Promise<number> {
  const { clockMs } = await stage.backend.backend.vm.agent.call('status', {});
  return clockMs - Date.now() - jump;
}

export const hostFaults: readonly Fault[] = [
  {
    name: 'backend-killed',
    what: 'kill -9 of the backend; the next one takes the VM over',
    messages: [],
    async inject(stage) {
      const before = stage.pid();
      await withBackend(stage, async (child) => {
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        await ended;
      });
      const [boot] = stage.backend.backend.vm.boots();
      if (stage.pid() !== before || boot?.kind !== 'adopt') {
        throw new Error(`QEMU ${before} became ${stage.pid()} by ${boot?.kind ?? 'nothing'}`);
      }
    },
  },
  {
    name: 'host-shutdown',
    what: 'SIGTERM to every process at once, as a system that shuts down does; then a start',
    messages: [],
    async inject(stage) {
      await withBackend(stage, async (child) => {
        const ended = once(child, 'exit');
        const all = await processesOf(stage.home);
        all.forEach(({ pid }) => process.kill(pid, 'SIGTERM'));
        await Promise.race([ended, sleep(SYSTEM_LIMIT_MS, undefined, { ref: false })]);
        if (child.exitCode === null && child.signalCode === null) {
          child.kill('SIGKILL');
          throw new Error(`the backend had not ended after ${SYSTEM_LIMIT_MS / 1000} s`);
        }
        await access(stage.backend.files.suspend.memory);
      });
      await stage.backend.backend.vm.start();
      const [boot] = stage.backend.backend.vm.boots();
      if (boot?.kind !== 'resume') {
        throw new Error(`started ${boot?.kind ?? 'never'}: ${JSON.stringify(boot?.notResumed)}`);
      }
    },
  },
  {
    name: 'clock-jump',
    what: 'the wall clock jumps by 2 h, as after a sleep, and back',
    messages: [],
    async inject(stage) {
      for (const jump of [TWO_HOURS_MS, 0]) {
        stage.jumpClock(jump);
        const began = performance.now();
        while (Math.abs(await ahead(stage, jump)) > 1000) {
          if (performance.now() - began > 10_000) {
            throw new Error(`10 s after a jump of the clock the guest's is ${await ahead(stage, jump)} ms ahead`);
          }
          await sleep(100);
        }
      }
    },
    clean(stage) {
      stage.jumpClock(0);
      return Promise.resolve();
    },
  },
];
