// Moves of real files. qemu-img is stood in for by a script that copies and compares with the system's tools and can be told to fail; the real one is
// used in test/vm/disk.test.ts.
import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { BerthError } from '../../preload/contract';
import type { VmStatus } from '../../preload/contract';
import { homeFiles } from '../lib/home';
import type { HomeFiles } from '../lib/home';
import { silentLogger } from '../lib/logger';
import { createObservable } from '../lib/observable';
import type { TaskProgress } from '../lib/task-runner';
import { markFormatted, prepareDisk } from '../vm/disk';
import type { OffVm } from '../vm/vm';
import { dropCopy, forgetOldDisk, moveDisk, planMove } from './move';
import type { MoveDeps } from './move';

const SIZE = 8 * 2 ** 20;
const SCRIPT = `#!/bin/sh
for last in "$@"; do from=$to; to=$last; done
case $1 in
  convert) [ -e "$0.fail" ] && { echo "no space left" >&2; exit 1; }
    [ -e "$0.hang" ] && { exec sleep 60; }
    printf '    (50.00/100%%)\\r'; cp --sparse=always "$from" "$to"; [ -e "$0.spoil" ] && printf X | dd of="$to" bs=1 seek=3000 conv=notrunc 2>/dev/null
    [ -e "$0.write" ] && printf Y | dd of="$from" bs=1 seek=4000 conv=notrunc 2>/dev/null; exit 0 ;;
  compare) cmp -s "$from" "$to" || { echo "Content mismatch at offset 3000!"; exit 1; } ;;
esac
`;

let files: HomeFiles;
let target: string;
let qemuImg: string;
let calls: string[];
let progress: TaskProgress;
let claimFails: boolean;

beforeEach(async () => {
  const home = await mkdtemp(join(tmpdir(), 'berth-move-'));
  files = homeFiles(join(home, 'home'), join(home, 'run'));
  target = join(home, 'target, with comma:colon');
  qemuImg = join(home, 'qemu-img');
  calls = [];
  progress = {};
  claimFails = false;
  await mkdir(files.root);
  await mkdir(target);
  await writeFile(qemuImg, SCRIPT);
  await chmod(qemuImg, 0o700);
  await prepareDisk(files, SIZE);
  await markFormatted(files);
  await fill(files.disks.data, 'precious');
});
afterEach(() => rm(dirname(files.root), { recursive: true }));

const fill = (path: string, text: string): Promise<void> => writeFile(path, text.padEnd(5000, '.'), { flag: 'r+' });
const make = (name: string): Promise<void> => writeFile(`${qemuImg}.${name}`, '');

function deps(state: VmStatus['state'] = 'running'): MoveDeps {
  const off: OffVm = {
    claim: () => (claimFails ? Promise.reject(new Error('memory')) : Promise.resolve(void calls.push('claim'))),
    guest: () => Promise.reject(new Error('no guest')),
  };
  return {
    files,
    qemuImg,
    log: silentLogger,
    vm: {
      status: createObservable({ state } as VmStatus),
      start: () => Promise.resolve(void calls.push('start')),
      async whileOff(work) {
        calls.push('off');
        const result = await work(off);
        calls.push('on');
        return result;
      },
    },
  };
}

const run = (signal = new AbortController().signal) => ({
  signal,
  update: (next: TaskProgress) => void (progress = { ...progress, ...next }),
});
const steps = (): string[] => (progress.steps ?? []).map(({ name, state }) => `${name} ${state}`);

test('copied, compared, switched; the old file stays and the VM is started again', async () => {
  const plan = await planMove({ files }, target);
  await moveDisk(deps(), plan, run());
  expect(calls).toEqual(['off', 'claim', 'on', 'start']);
  expect((await readFile(plan.to)).equals(await readFile(files.disks.data))).toBe(true);
  expect((await stat(plan.to)).mode & 0o777).toBe(0o600);
  expect(await prepareDisk(files, SIZE)).toMatchObject({ formatOrder: false });
  await rm(plan.to);
  await expect(prepareDisk(files, SIZE)).rejects.toMatchObject({ code: 'disk.missing', params: { path: plan.to } });
  await expect(stat(plan.to)).rejects.toThrow('ENOENT');
});

test('a VM that was off stays off', async () => {
  await moveDisk(deps('stopped'), await planMove({ files }, target), run());
  expect(calls).toEqual(['off', 'claim', 'on']);
});

/** Where the file system shares blocks there is nothing that a copy could get wrong. */
const whereCopied = async (): Promise<boolean> => {
  const { cloneDisk } = await import('./copy');
  const probe = { from: files.disks.data, to: join(target, 'probe') };
  const cloned = await cloneDisk(probe);
  await rm(probe.to, { force: true });
  return !cloned;
};

test.each([
  ['fail', 'disk.moveFailed', 'copy failed'],
  ['spoil', 'disk.moveDiffers', 'compare failed'],
  ['write', 'disk.moveDiffers', 'compare failed'],
])('%s: the old disk is in force, the copy is gone, the VM is started again', async (how, code, step) => {
  if (!(await whereCopied())) {
    return;
  }
  await make(how);
  const plan = await planMove({ files }, target);
  await expect(moveDisk(deps(), plan, run())).rejects.toMatchObject({ code });
  expect(steps()).toContain(step);
  expect(calls).toEqual(['off', 'claim', 'start']);
  await expect(stat(plan.to)).rejects.toThrow('ENOENT');
  expect(JSON.parse(await readFile(files.disks.record, 'utf8'))).not.toHaveProperty('copyingTo');
  await prepareDisk(files, SIZE);
});

test('cancelled in the copy: ended within moments, and as if it had not been', async () => {
  if (!(await whereCopied())) {
    return;
  }
  await make('hang');
  const plan = await planMove({ files }, target);
  const cancel = new AbortController();
  const moving = moveDisk(deps(), plan, run(cancel.signal));
  await vi.waitFor(() => expect(steps()).toContain('copy running'));
  await expect(prepareDisk(files, SIZE)).rejects.toMatchObject({ code: 'disk.busy' });
  cancel.abort(new Error('cancelled by the user'));
  await expect(moving).rejects.toThrow('cancelled by the user');
  await expect(stat(plan.to)).rejects.toThrow('ENOENT');
  await prepareDisk(files, SIZE);
});

test('where somebody else came first with a file of that name, it stays', async () => {
  const plan = await planMove({ files }, target);
  await writeFile(plan.to, 'somebody’s');
  await expect(moveDisk(deps(), plan, run())).rejects.toMatchObject({ code: 'disk.moveFailed' });
  expect(await readFile(plan.to, 'utf8')).toBe('somebody’s');
  await prepareDisk(files, SIZE);
});

test('saved memory that counts on the disk stops the move', async () => {
  claimFails = true;
  await expect(moveDisk(deps(), await planMove({ files }, target), run())).rejects.toMatchObject({ code: 'disk.moveFailed' });
  await prepareDisk(files, SIZE);
});

test('a crash in the copy: the next backend deletes what is unfinished and nothing else', async () => {
  const plan = await planMove({ files }, target);
  const record = JSON.parse(await readFile(files.disks.record, 'utf8')) as object;
  await writeFile(files.disks.record, JSON.stringify({ ...record, copyingTo: plan.to }));
  await writeFile(plan.to, 'half');
  await dropCopy(files, silentLogger);
  await expect(stat(plan.to)).rejects.toThrow('ENOENT');
  await prepareDisk(files, SIZE);
  // A record that would name the disk itself is damaged; the disk is not.
  await writeFile(files.disks.record, JSON.stringify({ ...record, copyingTo: files.disks.data }));
  await dropCopy(files, silentLogger);
  expect((await readFile(files.disks.data, 'utf8')).startsWith('precious')).toBe(true);
});

test('there and back; a second move waits until the old file was let go', async () => {
  const there = await planMove({ files }, target);
  await moveDisk(deps(), there, run());
  await expect(planMove({ files }, dirname(files.root))).rejects.toMatchObject({
    code: 'disk.oldKept',
    params: { path: files.disks.data },
  });
  await expect(forgetOldDisk(files, there.to)).rejects.toMatchObject({ code: 'disk.noOld' });
  await forgetOldDisk(files, files.disks.data);
  const back = await planMove({ files }, files.disks.folder);
  expect(back.to).toBe(files.disks.data);
  await moveDisk(deps(), back, run());
  expect((await readFile(files.disks.data, 'utf8')).startsWith('precious')).toBe(true);
});

test('the old disk stays while the one in force is not there', async () => {
  const plan = await planMove({ files }, target);
  await moveDisk(deps(), plan, run());
  await rm(plan.to);
  await expect(forgetOldDisk(files, files.disks.data)).rejects.toMatchObject({ code: 'disk.missing' });
  expect((await readFile(files.disks.data, 'utf8')).startsWith('precious')).toBe(true);
});

test('folders that cannot be: refused before anything is stopped', async () => {
  const file = join(target, 'file');
  await writeFile(file, '');
  await symlink(files.disks.folder, join(target, 'link'));
  const refusal = async (folder: string): Promise<unknown> =>
    planMove({ files }, folder).then(
      () => 'planned',
      (error: unknown) => (error instanceof BerthError ? error.params['reason'] : error),
    );
  expect(await refusal('relative')).toBe('relative');
  expect(await refusal(join(target, 'nothing'))).toBe('missing');
  expect(await refusal(file)).toBe('notFolder');
  expect(await refusal(files.disks.folder)).toBe('same');
  expect(await refusal(join(target, 'link'))).toBe('same');
});
