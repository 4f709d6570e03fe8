// The repair ladder on a real disk: a superblock that is gone, an engine that cannot start on what it finds, and a reset, which loses nothing.
import { createHash } from 'node:crypto';
import { access, mkdir, open as openFile, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLogger } from '../../main/lib/logger';
import { createObservable } from '../../main/lib/observable';
import { createRepair } from '../../main/repair/create-repair';
import type { Repair } from '../../main/repair/create-repair';
import { createTasks } from '../../main/tasks';
import { prepareDisk } from '../../main/vm/disk';
import type { RepairReport, RepairState } from '../../preload/contract';
import { makeHome, openVm } from '../vm/open-vm';
import type { OpenVm } from '../vm/open-vm';

const run = promisify(execFile);
const API = 'curl -sSf --unix-socket /run/docker.sock';

let home: string;
let exported: string;
let open: OpenVm;
let repair: Repair;
let disk: string;
/** Of every file in the volume, with its owner and mode. */
let before: string;

const LIST = 'cd /data/docker/volumes/precious/_data && find . -type f -exec sha256sum {} + | sort; stat -c "%n %u:%g %a" dir/owned';

beforeAll(async () => {
  home = await makeHome('berth-r-');
  exported = join(home, 'exports');
  await mkdir(exported);
  open = await openVm(home);
  disk = open.files.disks.data;
  // Small: e2fsck reads every group of it, a dozen times in all.
  await prepareDisk(open.files, 2 * 2 ** 30);
  repair = await createRepair({
    files: open.files,
    resources: open.resources,
    vm: open.vm,
    config: { document: createObservable({ 'live-restore': true }), toLastGood: () => Promise.resolve([]) },
    tasks: createTasks(),
    pauseEvents: () => () => undefined,
    log: silentLogger,
  });
  await open.vm.start();
  const made = await open.vm.exec(`
    set -e
    ${API} -X POST -H 'Content-Type: application/json' -d '{"Name":"precious"}' http://docker/volumes/create
    cd /data/docker/volumes/precious/_data
    mkdir dir
    for i in $(seq 40); do head -c $((i * 4001)) /dev/urandom >dir/file$i; done
    echo mine >dir/owned; chown 1234:5678 dir/owned; chmod 640 dir/owned
    tar -C dir -cf - owned | ${API} -X POST --data-binary @- -H 'Content-Type: application/x-tar' 'http://docker/images/create?fromSrc=-&repo=kept&tag=1'
    sync`);
  expect(made.stderr).toBe('');
  before = (await open.vm.exec(LIST)).stdout;
  expect(before.split('\n')).toHaveLength(43);
  await open.vm.stop({ shutdown: true });
});

afterAll(async () => {
  repair.dispose();
  await open.close({ keepVm: false });
  await rm(home, { recursive: true, force: true });
});

async function state(): Promise<RepairState> {
  const left = new AbortController();
  for await (const item of repair.handlers['repair.changes']({}, { signal: left.signal, upload: emptyUpload() })) {
    left.abort();
    return item;
  }
  throw new Error('nothing was said');
}

async function* emptyUpload(): AsyncGenerator<Uint8Array> {}

/** Runs a rung to its end. */
async function climb(order: Parameters<Repair['handlers']['repair.run']>[0]): Promise<RepairReport> {
  const { task } = await repair.handlers['repair.run'](order, { signal: AbortSignal.timeout(600_000) });
  const left = new AbortController();
  for await (const { reports } of repair.handlers['repair.changes']({}, { signal: left.signal, upload: emptyUpload() })) {
    const report = reports.find((each) => each.task === task);
    if (report !== undefined && report.result !== 'running') {
      left.abort();
      return report;
    }
  }
  throw new Error('the repair has no end');
}

const factsOf = (report: RepairReport): string[] => report.facts.map(({ key }) => key);

/** Unpacked, and listed as the guest lists it. */
async function listed(folder: string): Promise<string> {
  const to = join(folder, 'unpacked', 'dir');
  await mkdir(join(to, '..'), { recursive: true });
  await run('tar', ['-C', join(to, '..'), '-xpf', join(folder, 'volumes', 'precious.tar'), '--numeric-owner', '--same-owner']);
  const script = 'find . -type f -exec sha256sum {} + | sort; stat -c "%n %u:%g %a" dir/owned';
  return (await run('sh', ['-c', script], { cwd: join(to, '..') })).stdout;
}

async function newestExport(): Promise<string> {
  return join(exported, (await readdir(exported)).toSorted().at(-1) ?? '');
}

test('a superblock that is gone: what is on the disk is exported without a byte of it changed', async () => {
  const file = await openFile(disk, 'r+');
  await file.write(Buffer.alloc(4096), 0, 4096, 0);
  await file.close();
  const head = await sumOfHead();
  const report = await climb({ rung: 'rescue', folder: exported, images: true });
  expect(report).toMatchObject({ result: 'done' });
  expect(factsOf(report)).toEqual(['openedMended', 'volumes', 'images', 'exportedTo']);
  const folder = await newestExport();
  expect(await listed(folder)).toBe(before);
  expect((await run('sha256sum', ['-c', 'SHA256SUMS'], { cwd: folder })).stdout).toContain('volumes/precious.tar: OK');
  const [image = ''] = await readdir(join(folder, 'images'));
  expect((await run('tar', ['-xOf', join(folder, 'images', image), 'manifest.json'])).stdout).toContain('kept:1');
  expect(await sumOfHead()).toBe(head);
});

/** Superblock, descriptors, bitmaps, inode tables and the first data. */
async function sumOfHead(path = disk): Promise<string> {
  const file = await openFile(path, 'r');
  const { buffer } = await file.read(Buffer.alloc(64 * 2 ** 20), 0, 64 * 2 ** 20, 0);
  await file.close();
  return createHash('sha256').update(buffer).digest('hex');
}

test('the check mends it by a copy of the superblock, with a copy of the disk first; the volume is as it was', async () => {
  await expect(climb({ rung: 'checkDisk', fsck: 'noCopy', confirm: 'yes' })).rejects.toMatchObject({ code: 'repair.notConfirmed' });
  const damaged = await sumOfHead();
  const report = await climb({ rung: 'checkDisk', fsck: 'copy', confirm: '' });
  expect(report).toMatchObject({ result: 'done' });
  expect(factsOf(report).slice(0, 3)).toEqual(['superblockDamaged', 'copied', 'mended']);
  expect(report.words.join('\n')).toMatch(/trying backup blocks/);
  const [copy] = (await state()).kept;
  expect(await sumOfHead(copy?.path)).toBe(damaged);
  await open.vm.start();
  expect((await open.vm.exec(LIST)).stdout).toBe(before);
});

test('an engine that cannot start: the volume is exported, and what could not be had is said', async () => {
  await open.vm.exec('head -c 4096 /dev/urandom >/data/docker/volumes/metadata.db; sync');
  await open.vm.stop({ shutdown: true });
  const report = await climb({ rung: 'rescue', folder: exported, images: true });
  expect(report).toMatchObject({ result: 'partly' });
  expect(factsOf(report)).toEqual(['opened', 'volumes', 'imagesNot', 'exportedTo']);
  expect(await listed(await newestExport())).toBe(before);
});

test('a reset sets the disk aside and makes a new one; only the typed name deletes', async () => {
  const old = await stat(disk);
  await expect(climb({ rung: 'reset', confirm: 'yes' })).rejects.toMatchObject({ code: 'repair.notConfirmed' });
  const report = await climb({ rung: 'reset', confirm: 'reset' });
  expect(report).toMatchObject({ result: 'done' });
  expect((await open.vm.exec('ls /data/docker/volumes')).stdout).not.toContain('precious');
  const aside = String(report.facts.find(({ key }) => key === 'aside')?.params['path']);
  expect((await stat(aside)).ino).toBe(old.ino);
  expect(JSON.parse(await readFile(aside.replace(/raw$/, 'json'), 'utf8'))).toMatchObject({ state: 'formatted' });
  const name = aside.slice(aside.lastIndexOf('/') + 1);
  const discard = repair.handlers['repair.discard'];
  const context = { signal: AbortSignal.timeout(10_000) };
  await expect(discard({ name, confirm: 'yes' }, context)).rejects.toMatchObject({ code: 'repair.notConfirmed' });
  await access(aside);
  await discard({ name, confirm: name }, context);
  await expect(access(aside)).rejects.toThrow();
});
