// The VM's process and its guest under faults: killed, left alone, taken over. One VM, which each test leaves running for the next.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { retryUntil } from '../../main/lib/async';
import { isAlive } from '../../main/lib/process';
import { ensureTestImage, TEST_IMAGE } from '../vm/images';
import { docker } from '../vm/harness';
import { engineGet, makeHome, openVm, testResources } from '../vm/open-vm';
import type { OpenVm } from '../vm/open-vm';

let home: string;
let open: OpenVm;

beforeAll(async () => {
  home = await makeHome('berth-f-');
  open = await openVm(home);
});

beforeEach(async () => {
  if (!(await open.vm.adopt())) {
    await open.vm.start();
  }
  open.notices.length = 0;
}, 300_000);

afterAll(async () => {
  await open.vm.adopt();
  await open.close({ keepVm: false });
  await rm(home, { recursive: true, force: true });
});

/** While no backend of ours is there; the VM runs on, and a new backend is there afterwards. */
async function without(work: () => Promise<void>): Promise<void> {
  await open.close({ keepVm: true });
  try {
    await work();
  } finally {
    open = await openVm(home);
  }
}

/** Waits for a condition that no event of the test's own announces. */
function eventually<T>(check: () => Promise<T> | T, seconds: number): Promise<T> {
  return retryUntil(async () => check(), 20, AbortSignal.timeout(seconds * 1000));
}

/** The bundle is what a backend really is: CommonJS, without ssh2's native parts. */
async function spawnBackend(of: string): Promise<ChildProcess> {
  const outfile = join(of, 'backend.cjs');
  const external = ['cpu-features', '*.node'];
  await build({
    entryPoints: [join(import.meta.dirname, 'backend-child.ts')],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    outfile,
    external,
    // As scripts/lib/bundle.mjs has it.
    alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
    logLevel: 'error',
  });
  const resources = join(of, 'resources.json');
  await writeFile(resources, JSON.stringify(await testResources()));
  const child = spawn(process.execPath, [outfile, of], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, BERTH_RESOURCES: resources },
  });
  const early = once(child, 'exit').then(() => Promise.reject(new Error('the backend ended before its VM was up')));
  await Promise.race([once(child.stdout, 'data'), early]);
  early.catch(() => undefined);
  return child;
}

function pidOf(box: OpenVm): number {
  const { pid } = box.vm.status.get();
  if (pid === undefined) {
    throw new Error('no VM runs');
  }
  return pid;
}

test('QEMU killed: seen at once, said with its cause, started again', async () => {
  const before = pidOf(open);
  const seen = new Promise<number>((resolve) => {
    const since = performance.now();
    const stop = open.vm.status.subscribe(({ state }) => {
      if (state === 'starting') {
        stop();
        resolve(performance.now() - since);
      }
    });
  });
  process.kill(before, 'SIGKILL');
  expect(await seen).toBeLessThan(2000);
  expect(open.notices.map(({ code }) => code)).toContain('vm.exited');
  expect(open.notices.find(({ code }) => code === 'vm.exited')?.params['detail']).toContain('SIGKILL');
  await expect(open.vm.dialer.engine()).rejects.toMatchObject({ code: 'engine.away', params: { reason: 'starting' } });
  await open.vm.start();
  expect(pidOf(open)).not.toBe(before);
  expect((await engineGet(open.files.run.docker, '/_ping')).body).toBe('OK');
});

test('a guest that panics is a death with a cause, not a hang', async () => {
  void open.vm.exec('echo c > /proc/sysrq-trigger').catch(() => undefined);
  await eventually(() => expect(open.notices.map(({ code }) => code)).toContain('vm.exited'), 20);
  expect(String(open.notices[0]?.params['detail'])).toMatch(/guest-(panic|reset|shutdown)/);
  await open.vm.start();
  expect(open.vm.status.get().state).toBe('running');
});

test('dockerd killed in the guest: said, and answering again without a restart of the VM', async () => {
  const before = pidOf(open);
  await open.vm.exec('kill -9 $(pidof dockerd)');
  await eventually(() => expect(open.notices.map(({ code }) => code)).toContain('engine.exited'), 5);
  expect(open.notices[0]?.params).toMatchObject({ service: 'dockerd', status: 'signal 9' });
  await eventually(
    () => expect(open.vm.status.get()).toMatchObject({ state: 'running', engine: { apiVersion: expect.any(String) as string } }),
    60,
  );
  expect(open.vm.status.get().error).toBeUndefined();
  expect(pidOf(open)).toBe(before);
});

test('every sshd killed in the guest: the connections come back by themselves', async () => {
  await open.vm.exec('kill -9 $(pidof sshd sshd-session sshd-auth)').catch(() => undefined);
  await eventually(() => expect(open.notices.some(({ params }) => params['service'] === 'sshd')).toBe(true), 5);
  await eventually(async () => expect((await engineGet(open.files.run.docker, '/_ping')).body).toBe('OK'), 30);
  expect((await eventually(() => open.vm.exec(['echo', 'back']), 30)).stdout).toBe('back\n');
});

test('restart of the engine only: same VM, dockerd anew, no notice', async () => {
  const before = pidOf(open);
  const dockerd = (await open.vm.exec('pidof dockerd')).stdout;
  await open.vm.restart({ engineOnly: true });
  expect((await open.vm.exec('pidof dockerd')).stdout).not.toBe(dockerd);
  expect(pidOf(open)).toBe(before);
  expect(open.notices).toEqual([]);
});

test('a backend killed with SIGKILL leaves the VM running; the next one takes it over, and no container was restarted', async () => {
  await ensureTestImage(open);
  await docker(open, ['run', '--detach', '--name', 'witness', TEST_IMAGE, 'sleep', '100000']);
  const startedAt = (): Promise<string> => docker(open, ['inspect', '--format', '{{.State.StartedAt}} {{.State.Pid}}', 'witness']);
  const before = [pidOf(open), await startedAt()];
  await without(async () => {
    const backend = await spawnBackend(home);
    backend.kill('SIGKILL');
    await once(backend, 'exit');
  });
  const began = performance.now();
  expect(await open.vm.adopt()).toBe(true);
  expect(performance.now() - began).toBeLessThan(20_000);
  expect([pidOf(open), await startedAt()]).toEqual(before);
  expect(open.vm.boots()[0]).toMatchObject({ kind: 'adopt' });
});

test('dockerd killed: live-restore keeps containers running', async () => {
  const pid = await docker(open, ['inspect', '--format', '{{.State.Pid}}', 'witness']);
  await open.vm.exec('kill -9 $(pidof dockerd)');
  await eventually(() => expect(open.notices.map(({ code }) => code)).toContain('engine.exited'), 10);
  await eventually(() => expect(open.vm.status.get().engine).toBeDefined(), 60);
  expect(await docker(open, ['inspect', '--format', '{{.State.Pid}}', 'witness'])).toBe(pid);
});

test('a VM that was taken over and dies is seen too', async () => {
  await without(() => Promise.resolve());
  expect(await open.vm.adopt()).toBe(true);
  process.kill(pidOf(open), 'SIGKILL');
  await eventually(() => expect(open.notices.map(({ code }) => code)).toContain('vm.exited'), 2);
});

test('a second QEMU on the same disk is refused by its lock', async () => {
  const { files } = open;
  // As after a power cut of the backend alone, with the state lost: nobody knows of the VM that runs.
  const pid = pidOf(open);
  await without(async () => {
    await rm(files.state.vm);
    const other = await openVm(home);
    try {
      expect(await other.vm.adopt()).toBe(false);
      await expect(other.vm.start()).rejects.toMatchObject({ code: 'disk.inUse', params: { path: files.disks.data } });
      expect(other.vm.status.get()).toMatchObject({ state: 'failed', error: { code: 'disk.inUse' } });
    } finally {
      await other.close({ keepVm: true });
      process.kill(pid, 'SIGKILL');
      // Its memory is given back, and the disk's lock with it, before the next one starts.
      await eventually(() => expect(isAlive(pid)).toBe(false), 20);
    }
  });
});

test('leftovers of a dead VM are cleaned away: stale sockets, a pid that another program has now', async () => {
  const { files } = open;
  await open.vm.stop({ shutdown: true });
  await writeFile(files.run.qmp, '');
  await writeFile(files.run.agent, '');
  const stale = { format: 1, pid: process.pid, startTime: '1', bootId: 'another', sshPort: 1, cpus: 1, memoryBytes: 1, startedAt: 1 };
  const accelerator = { name: 'tcg', works: true, reason: { key: 'software', params: {} }, seconds: 0, remembered: true };
  await writeFile(files.state.vm, JSON.stringify({ ...stale, accelerator }));
  expect(await open.vm.adopt()).toBe(false);
  expect(isAlive(process.pid)).toBe(true);
  await expect(access(files.run.qmp)).rejects.toThrow();
  expect(await readFile(files.logs.berth, 'utf8')).toContain('"pidReused":true');
  await open.vm.start();
  expect(open.vm.status.get().state).toBe('running');
});

test('a stop leaves nothing: no process, no socket, no state', async () => {
  const pid = pidOf(open);
  await open.vm.stop({ shutdown: true });
  expect(isAlive(pid)).toBe(false);
  expect(open.vm.status.get()).toMatchObject({ state: 'stopped' });
  for (const path of [open.files.run.qmp, open.files.run.agent, open.files.state.vm]) {
    await expect(access(path)).rejects.toThrow();
  }
  await expect(open.vm.dialer.engine()).rejects.toMatchObject({ code: 'engine.away', params: { reason: 'stopped' } });
  await expect(open.vm.exec('true')).rejects.toMatchObject({ code: 'vm.notRunning' });
});

test('a stop during a start ends it, and nothing is left', async () => {
  await open.vm.stop({ shutdown: true });
  const starting = open.vm.start();
  await eventually(() => expect(pidOf(open)).toBeGreaterThan(0), 60);
  const pid = pidOf(open);
  const refused = expect(starting).rejects.toMatchObject({ code: 'rpc.cancelled' });
  await open.vm.stop({ shutdown: true });
  await refused;
  expect(isAlive(pid)).toBe(false);
  expect(open.vm.status.get().state).toBe('stopped');
});
