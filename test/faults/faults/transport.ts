// The way into the guest: sshd held, the connections' bytes swallowed without an end, the backend itself killed, and a wall clock that jumps.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Fault } from '../harness/fault';
import type { Stage } from '../harness/stage';

const HELD_SECONDS = 20;
const TWO_HOURS_MS = 2 * 3_600_000;

/** By the agent's port: what the guest's clock is ahead of the backend's. */
async function ahead(stage: Stage, wall: () => number): Promise<number> {
  const { clockMs } = await stage.backend.backend.vm.agent.call('status', {});
  return clockMs - wall();
}

async function spawnBackend(stage: Stage, folder: string): Promise<void> {
  const outfile = join(folder, 'backend.cjs');
  await promisify(execFile)(process.execPath, ['scripts/lib/bundle-file.mjs', 'test/faults/backend-child.ts', outfile]);
  const resources = join(folder, 'resources.json');
  await writeFile(resources, JSON.stringify(stage.resources));
  const child = spawn(process.execPath, [outfile, stage.home], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, BERTH_RESOURCES: resources },
  });
  const ended = once(child, 'exit');
  await Promise.race([once(child.stdout, 'data'), ended.then(() => Promise.reject(new Error('the backend ended before its VM was up')))]);
  child.kill('SIGKILL');
  await ended;
}

export const transportFaults: readonly Fault[] = [
  {
    name: 'sshd-held',
    what: `SIGSTOP of the guest's sshd, sessions too, for ${HELD_SECONDS} s, with a log being followed`,
    messages: [],
    async inject(stage) {
      const { stdout } = await stage.guest('pidof sshd sshd-session');
      const pids = stdout.trim();
      // Somebody who is not held lets them go again.
      await stage.guest(
        `setsid sh -c 'sleep 1; kill -STOP ${pids}; sleep ${HELD_SECONDS}; kill -CONT ${pids}' >/dev/null 2>&1 </dev/null &`,
      );
      await sleep(3000);
      const asked = stage.docker('ps', '--quiet');
      asked.catch(() => undefined);
      await sleep(8000);
      const { state, error } = stage.status();
      if (state !== 'running' || error?.code !== 'engine.notAnswering') {
        throw new Error(`while sshd was held the state was ${state} with ${error?.code ?? 'no error'}`);
      }
      // Held, not dead: who waits is answered over the connection that was there.
      await asked;
    },
  },
  {
    name: 'connections-swallowed',
    what: 'the bytes of every SSH connection swallowed for good, without an end',
    messages: [],
    recoversWithin: 30,
    async inject(stage) {
      const { stdout } = await stage.guest("ss -Htn state established 'sport = :1022' | awk '{print $4}' | sed 's/.*://'");
      const ports = stdout.trim().split('\n');
      const rules = ports.map((port) => `iptables -I INPUT -p tcp --dport 1022 --sport ${port} -j DROP`).join('; ');
      await stage.guest(`setsid sh -c 'sleep 1; ${rules}' >/dev/null 2>&1 </dev/null &`);
      await sleep(1500);
    },
    async clean(stage) {
      await stage.guest('while iptables -S INPUT | grep -q "dport 1022 -j DROP"; do iptables -D INPUT 1; done');
    },
  },
  {
    name: 'backend-killed',
    what: 'kill -9 of the backend; the next one takes the VM over',
    messages: [],
    async inject(stage) {
      const folder = await mkdtemp(join(tmpdir(), 'berth-child-'));
      const before = stage.pid();
      await stage.without(() => spawnBackend(stage, folder));
      await rm(folder, { recursive: true, force: true });
      const [boot] = stage.backend.backend.vm.boots();
      if (stage.pid() !== before || boot?.kind !== 'adopt') {
        throw new Error(`QEMU ${before} became ${stage.pid()} by ${boot?.kind ?? 'nothing'}`);
      }
    },
  },
  {
    name: 'clock-jump',
    what: 'the wall clock jumps by 2 h, as after a sleep, and back',
    messages: [],
    async inject(stage) {
      for (const jump of [TWO_HOURS_MS, 0]) {
        const wall = (): number => Date.now() + jump;
        stage.jumpClock(jump);
        const began = performance.now();
        while (Math.abs(await ahead(stage, wall)) > 1000) {
          if (performance.now() - began > 10_000) {
            throw new Error(`10 s after a jump of the clock the guest's is ${await ahead(stage, wall)} ms ahead`);
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
