// The host's disk under faults, on a file system of its own whose size can be changed from one moment to the next: a tmpfs, which takes memory only for
// what is in it. The data disk is moved there and back; while it is full the VM waits, and no container sees an error. One boot.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { settingsSchema } from '../../preload/contract';
import type { DiskLedger, Notice, Task } from '../../preload/contract';
import { silentLogger } from '../../main/lib/logger';
import { openSettings } from '../../main/settings/store';
import { engineGet, makeHome, TEST_MEMORY } from '../vm/open-vm';
import { openBackend, quiet } from '../vm/open-backend';
import type { OpenBackend } from '../vm/open-backend';

const run = promisify(execFile);
const GIB = 2 ** 30;
const SOON = { timeout: 60_000, interval: 200 };

let home: string;
let folder: string;
let box: OpenBackend;

beforeAll(async () => {
  home = await makeHome('berth-h-');
  folder = await mkdtemp(join(tmpdir(), 'berth-host-disk-'));
  await run('mount', ['-t', 'tmpfs', '-o', 'size=80g,mode=0700', 'berth-test', folder]);
  await writeFile(join(home, 'settings.json'), JSON.stringify({ format: 1, vm: { memoryBytes: TEST_MEMORY } }), { mode: 0o600 });
  box = await openBackend(home);
  await box.handlers['vm.start']({}, quiet);
});
afterAll(async () => {
  await box.close({ keepVm: false });
  await run('umount', ['-l', folder]);
  await rm(folder, { recursive: true, force: true });
  await rm(home, { recursive: true, force: true });
});

const ledger = (): Promise<DiskLedger> => box.first((context) => box.handlers['disk.changes']({}, context));
const notices = async (): Promise<string[]> =>
  (await box.first<readonly Notice[]>((context) => box.handlers['app.notices']({}, context))).map(({ error }) => error.code);
const space = (): string | undefined => box.backend.vm.disk.space.get()?.state;
const exec = async (command: string): Promise<string> => (await box.backend.vm.exec(command)).stdout.trim();
const move = async (to: string): Promise<Task> => box.ended((await box.handlers['disk.move']({ folder: to }, quiet)).task);

/** What is free in the folder, from now on. */
async function leave(bytes: number): Promise<void> {
  const { stdout } = await run('df', ['-B1', '--output=used', folder]);
  const used = Number(stdout.trim().split('\n').at(-1));
  await run('mount', ['-o', `remount,size=${Math.ceil((used + bytes) / 4096) * 4096}`, folder]);
}

async function sha256(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

/** In the guest, so that holes of 64 GiB are not read. */
const witness = (): Promise<string> => exec('sha256sum /data/docker/witness');

test('moved while it runs: powered off, copied, compared, started on the copy; the old file is kept', async () => {
  await exec('head -c 20000000 /dev/urandom > /data/docker/witness; sync');
  const before = await witness();
  const task = await move(folder);
  expect(task).toMatchObject({ state: 'done' });
  expect(task.steps?.map(({ name, state }) => `${name} ${state}`)).toEqual(
    ['stop', 'copy', 'compare', 'switch', 'start'].map((name) => `${name} done`),
  );
  const { disk, oldDisk } = await ledger();
  expect([disk?.path.startsWith(folder), oldDisk?.path]).toEqual([true, box.files.disks.data]);
  // Only what is in it was copied.
  expect(disk?.hostBytes).toBeLessThan(GIB);
  expect(await witness()).toBe(before);
});

test('low is said and nothing stops; full makes the VM wait, with the cause for clients; with space it goes on', async () => {
  await leave(3 * GIB);
  await vi.waitFor(() => expect(space()).toBe('low'), SOON);
  expect(await notices()).toContain('disk.hostLow');
  expect(box.backend.vm.status.get()).not.toHaveProperty('waitsFor');
  await exec(
    'nohup sh -c "for i in $(seq 1 600); do date +%s%N >> /data/docker/beat || echo failed > /run/beat-failed; sleep 0.2; done" > /dev/null 2>&1 &',
  );
  await leave(0.5 * GIB);
  await vi.waitFor(() => expect(box.backend.vm.status.get()).toMatchObject({ state: 'running', waitsFor: 'hostDisk' }), SOON);
  expect(await notices()).toContain('disk.hostFull');
  const { status, body } = await engineGet(box.files.run.docker, '/containers/json');
  expect([status, body]).toEqual([503, expect.stringMatching(/this computer’s disk is full/) as string]);

  // There is no room for its memory: it waits on, and neither the refusal nor a backend that takes it over ends it.
  await expect(box.handlers['vm.stop']({ shutdown: false }, quiet)).rejects.toMatchObject({ code: 'disk.hostFull' });
  const { pid } = box.backend.vm.status.get();
  await box.close({ keepVm: true });
  box = await openBackend(home);
  await vi.waitFor(() => expect(box.backend.vm.status.get()).toMatchObject({ state: 'running', waitsFor: 'hostDisk', pid }), SOON);

  await leave(20 * GIB);
  await vi.waitFor(() => expect(space()).toBe('ok'), SOON);
  await vi.waitFor(async () => expect((await engineGet(box.files.run.docker, '/_ping')).status).toBe(200), SOON);
  expect(await exec('cat /run/beat-failed 2>/dev/null; dmesg | grep -ci "ext4.*error"')).toBe('0');
});

test('a guest that writes faster than anybody looks: QEMU halts it at the last block, and it goes on without an error', async () => {
  await leave(30 * GIB);
  await vi.waitFor(() => expect(space()).toBe('ok'), SOON);
  const writing = exec(
    'cd /data/docker; head -c 150000000 /dev/urandom > /run/big && dd if=/run/big of=fast bs=1M conv=fsync 2>/dev/null; echo $?; cmp /run/big fast && echo same; rm -f fast /run/big',
  );
  await leave(30_000_000);
  await vi.waitFor(() => expect(space()).toBe('paused'), SOON);
  await leave(30 * GIB);
  expect(await writing).toBe('0\nsame');
  expect(await exec('dmesg | grep -ci "ext4.*error"')).toBe('0');
});

test('a prune runs while the VM waits, and what it freed lets it go on', async () => {
  const { vm } = box.backend;
  await leave(0.5 * GIB);
  await vi.waitFor(() => expect(space()).toBe('paused'), SOON);
  const choice = { containers: true, images: 'none' as const, buildCache: false, volumes: [] };
  expect(await box.ended((await box.handlers['disk.prune'](choice, quiet)).task)).toMatchObject({ state: 'done' });
  await vi.waitFor(() => expect(vm.status.get()).toHaveProperty('waitsFor'), SOON);
  await leave(30 * GIB);
  await vi.waitFor(() => expect(space()).toBe('ok'), SOON);
});

test('there and back while it is off; then the old file goes, by its name alone', async () => {
  const before = await witness();
  await box.handlers['vm.stop']({ shutdown: true }, quiet);
  const { disk } = await ledger();
  const there = disk?.path ?? '';
  await expect(move(box.files.disks.folder)).rejects.toMatchObject({ code: 'disk.oldKept' });
  await expect(box.handlers['disk.forgetOld']({ path: there }, quiet)).rejects.toMatchObject({ code: 'disk.noOld' });
  await box.handlers['disk.forgetOld']({ path: box.files.disks.data }, quiet);
  expect(await move(box.files.disks.folder)).toMatchObject({ state: 'done' });
  expect((await ledger()).oldDisk?.path).toBe(there);
  await box.handlers['disk.forgetOld']({ path: there }, quiet);
  await expect(stat(there)).rejects.toThrow('ENOENT');
  await box.handlers['vm.start']({}, quiet);
  expect(await witness()).toBe(before);
  await box.handlers['vm.stop']({ shutdown: true }, quiet);
});

test('too little space, and a folder that goes: the disk stays where it is', async () => {
  await leave(8_000_000);
  expect(await move(folder)).toMatchObject({ state: 'failed', error: { code: 'disk.moveNoSpace' } });
  expect((await ledger()).disk?.path).toBe(box.files.disks.data);
  const aside = `${box.files.disks.data}.aside`;
  await rename(box.files.disks.data, aside);
  await expect(box.handlers['vm.start']({}, quiet)).rejects.toMatchObject({ code: 'disk.missing', params: { path: box.files.disks.data } });
  expect((await ledger()).missingPath).toBe(box.files.disks.data);
  await expect(stat(box.files.disks.data)).rejects.toThrow('ENOENT');
  await rename(aside, box.files.disks.data);
});

test('settings that do not fit: the old ones stay whole, and it is said', async () => {
  const path = join(folder, 'settings.json');
  const limits = (): Promise<never> => Promise.reject(new Error('not asked'));
  await leave(1_000_000);
  const store = await openSettings({ path, log: silentLogger, notify: () => undefined, limits });
  await store.handlers['settings.set']({ language: 'en' }, quiet);
  const before = await sha256(path);
  await run('sh', ['-c', 'cat /dev/zero > "$1" || true', 'fill', join(folder, 'filler')]).catch(() => undefined);
  await expect(store.handlers['settings.set']({ language: 'zh-CN' }, quiet)).rejects.toMatchObject({ code: 'home.notWritable' });
  expect(await sha256(path)).toBe(before);
  expect(settingsSchema.parse(JSON.parse(await readFile(path, 'utf8'))).language).toBe('en');
  expect(store.settings.get().language).toBe('en');
  await rm(join(folder, 'filler'));
  await store.handlers['settings.set']({ language: 'zh-CN' }, quiet);
  expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ language: 'zh-CN' });
});
