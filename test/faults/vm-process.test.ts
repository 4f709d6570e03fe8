// The VM's process beyond what every fault's round asks (rounds.test.ts): ends that are seen after an adoption, locks and
// leftovers. One VM, which each test leaves running for the next.
import { access, readFile, rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { retryUntil } from '../../main/lib/async';
import { isAlive } from '../../main/lib/process';
import { makeHome, openVm } from '../vm/open-vm';
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

function pidOf(box: OpenVm): number {
  const { pid } = box.vm.status.get();
  if (pid === undefined) {
    throw new Error('no VM runs');
  }
  return pid;
}

test('restart of the engine only: same VM, dockerd anew, no notice', async () => {
  const before = pidOf(open);
  const dockerd = (await open.vm.exec('pidof dockerd')).stdout;
  await open.vm.restart({ engineOnly: true });
  expect((await open.vm.exec('pidof dockerd')).stdout).not.toBe(dockerd);
  expect(pidOf(open)).toBe(before);
  expect(open.notices).toEqual([]);
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
