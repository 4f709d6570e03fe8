import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createFakeRepairGuest } from '../../test/fakes/repair-guest';
import type { FakeDisk, FakeRepairGuest } from '../../test/fakes/repair-guest';
import { writeJson } from '../lib/atomic-file';
import { homeFiles } from '../lib/home';
import type { HomeFiles } from '../lib/home';
import type { OffVm } from '../vm/vm';
import { checkDisk } from './check-disk';
import { createProgress } from './progress';
import type { Progress } from './progress';
import { exportFolder, rescue } from './rescue';
import { fileName } from './rescue-images';
import { verdictOf } from './fsck';

const UUID = '7d9e1c52-5a77-4d1f-9f0e-2f6b8c1d3e4a';

let home: string;
let files: HomeFiles;
let facts: string[];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'berth-repair-'));
  files = homeFiles(home, join(home, 'run'));
  await writeJson(files.disks.record, { format: 1, uuid: UUID, createdAt: 0, state: 'formatted' });
  facts = [];
});
afterEach(() => rm(home, { recursive: true, force: true }));

function progress(): Progress {
  return createProgress({ signal: new AbortController().signal, update: () => undefined }, (patch) => {
    facts = patch.facts?.map(({ key }) => key) ?? facts;
  });
}

const offWith = (fake: FakeRepairGuest): OffVm => ({ claim: () => Promise.resolve(), guest: (options) => fake.guest(options) });
const disk = (change: Partial<FakeDisk> = {}): FakeDisk => ({ uuid: UUID, state: 'whole', ...change });

function check(fake: FakeRepairGuest, fsck?: 'copy' | 'noCopy', copy = vi.fn(() => Promise.resolve())) {
  return { copy, done: checkDisk({ files, path: files.disks.data, copy }, offWith(fake), fsck, progress()) };
}

test('a whole disk is only read, however the check was asked for', async () => {
  const fake = createFakeRepairGuest(disk());
  const { copy, done } = check(fake, 'noCopy');
  expect(await done).toEqual({ result: 'done', sound: true });
  expect(fake.boots).toEqual(['throwaway']);
  expect(copy).not.toHaveBeenCalled();
  expect(facts).toEqual(['clean']);
});

test('a journal that waits to be replayed is no damage', async () => {
  const fake = createFakeRepairGuest(disk({ journal: true }));
  expect(await check(fake).done).toEqual({ result: 'done', sound: true });
});

test('damage is said and left, until somebody asks for the mending', async () => {
  const fake = createFakeRepairGuest(disk({ state: 'damaged' }));
  expect(await check(fake).done).toEqual({ result: 'damaged', sound: false });
  expect(fake.boots).toEqual(['throwaway']);
  expect(facts).toEqual(['damaged', 'notMended']);
});

test('the copy is made between looking and mending, and a copy that fails ends it there', async () => {
  const fake = createFakeRepairGuest(disk({ state: 'superblock' }));
  const boots = vi.fn(() => {
    expect(fake.boots).toEqual(['throwaway']);
    return Promise.resolve();
  });
  expect(await check(fake, 'copy', boots).done).toEqual({ result: 'done', sound: true });
  expect(boots).toHaveBeenCalledOnce();
  expect(fake.boots).toEqual(['throwaway', 'writable']);
  expect(facts).toEqual(['superblockDamaged', 'mended']);

  const full = createFakeRepairGuest(disk({ state: 'damaged' }));
  await expect(
    check(
      full,
      'copy',
      vi.fn(() => Promise.reject(new Error('no space'))),
    ).done,
  ).rejects.toThrow('no space');
  expect(full.boots).toEqual(['throwaway']);
});

test('a disk of another UUID, and one that says nothing, are never opened for writing', async () => {
  const other = createFakeRepairGuest(disk({ state: 'damaged', uuid: '11111111-2222-4333-8444-555555555555' }));
  await expect(check(other, 'noCopy').done).rejects.toMatchObject({ code: 'disk.wrongUuid' });
  const nothing = createFakeRepairGuest(disk({ state: 'nothing' }));
  await expect(check(nothing, 'noCopy').done).rejects.toMatchObject({ code: 'disk.damaged' });
  expect([...other.boots, ...nothing.boots]).toEqual(['throwaway', 'throwaway']);
});

test('what e2fsck cannot mend is an error, and no other try follows on a disk whose superblock is there', async () => {
  const fake = createFakeRepairGuest(disk({ state: 'damaged', hopeless: true }));
  await expect(check(fake, 'copy').done).rejects.toMatchObject({ code: 'repair.fsckFailed', params: { status: 4 } });
  expect(fake.commands.filter((command) => command.includes("'-y'"))).toHaveLength(1);
  const gone = createFakeRepairGuest(disk({ state: 'superblock', hopeless: true }));
  await expect(check(gone, 'copy').done).rejects.toMatchObject({ code: 'repair.fsckFailed' });
  expect(gone.commands.filter((command) => command.includes("'-b'")).map((command) => /'-b' '(\d+)'/.exec(command)?.[1])).toEqual([
    '32768',
    '98304',
    '163840',
  ]);
});

test.each([
  [0, 'clean'],
  [4, 'damaged'],
  [8, 'unreadable'],
  [12, 'unreadable'],
  [-1, 'unreadable'],
])('e2fsck’s %i means %s', (status, verdict) => {
  expect(verdictOf(status)).toBe(verdict);
});

test('an export takes what it can, says what it could not, and believes no name on the disk', async () => {
  const fake = createFakeRepairGuest(disk({ state: 'superblock', volumes: ['good', '../../etc', 'bad', 'sp ace'], unreadable: ['bad'] }));
  const result = await rescue(
    { path: files.disks.data, document: {} },
    offWith(fake),
    { folder: await exportFolder(home), images: true },
    progress(),
  );
  expect(result).toBe('partly');
  expect(fake.boots).toEqual(['throwaway']);
  expect(facts).toEqual(['openedMended', 'volumePartly', 'volumes', 'imagesNot', 'exportedTo']);
  const folder = join(home, (await readdir(home)).find((name) => name.startsWith('berth-export-')) ?? '');
  expect((await readdir(join(folder, 'volumes'))).toSorted()).toEqual(['bad.tar.incomplete', 'good.tar']);
  expect(await readFile(join(folder, 'SHA256SUMS'), 'utf8')).toMatch(/^[0-9a-f]{64} {2}volumes\/good\.tar\n$/);
});

test('a folder that cannot be used is an error of its own', async () => {
  for (const folder of ['relative', '/proc/nowhere']) {
    await expect(exportFolder(folder)).rejects.toMatchObject({ code: 'repair.folder' });
  }
});

test.each([
  ['docker.io/library/postgres:18', 'sha256:0123456789abcdef', 'docker.io_library_postgres_18-0123456789ab'],
  ['../../x', 'sha256:../..', 'x-'],
  ['', '', 'image-'],
])('the image %j is the file %j', (reference, id, name) => {
  expect(fileName(reference, id)).toBe(name);
});
