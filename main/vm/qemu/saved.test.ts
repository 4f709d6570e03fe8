import { appendFile, mkdtemp, readdir, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ensureFolder, readJson, writeJson } from '../../lib/atomic-file';
import { homeFiles } from '../../lib/home';
import type { HomeFiles } from '../../lib/home';
import type { NotResumed } from '../driver';
import { createSaved } from './saved';
import type { Saved, SavedMachine } from './saved';

const MEMORY = 'the guest’s memory';
const machine: SavedMachine = {
  cpus: 2,
  memoryBytes: 2 ** 30,
  startedAt: 1,
  sharing: true,
  network: { backend: 'user' },
  accelerator: { name: 'tcg', works: true, reason: { key: 'software', params: {} }, seconds: 0, remembered: false },
  made: { bundle: 'b', guest: 'g', fwCfg: ['config', 'host-key'] },
  shares: [{ tag: 'a', folder: '/home/u', readOnly: false, slot: 3 }],
};

let files: HomeFiles;
let saved: Saved;
beforeEach(async () => {
  const root = await mkdtemp(join(tmpdir(), 'berth-saved-'));
  files = homeFiles(root, join(root, 'run'));
  saved = createSaved(files, () => Promise.resolve(files.disks.data));
  await Promise.all([ensureFolder(files.disks.folder), ensureFolder(files.keys.folder)]);
  await Promise.all([
    writeFile(files.disks.data, 'disk'),
    writeFile(files.keys.clientPublic, 'client'),
    writeFile(files.keys.hostPublic, 'host'),
  ]);
});
afterEach(() => rm(files.root, { recursive: true, force: true }));

async function save(): Promise<void> {
  const to = await saved.begin();
  await Promise.all([writeFile(to.memory, MEMORY), writeFile(to.devices, 'devices')]);
  await saved.commit(machine, 'apart', 'idle');
}

async function keyOf(): Promise<string | undefined> {
  const record = await saved.read();
  if (record === undefined) {
    return 'nothing';
  }
  return saved.check(record).then(
    () => undefined,
    (error: unknown) => (error as NotResumed).key,
  );
}

test('what was saved is found again as it was, once', async () => {
  await save();
  expect(await saved.describe()).toMatchObject({ by: 'idle', memoryBytes: 2 ** 30 });
  expect((await saved.read())?.machine).toEqual(machine);
  expect(await keyOf()).toBeUndefined();
  expect(await saved.take()).toEqual({ memory: files.suspend.using, devices: files.suspend.devices });
  expect(await saved.read()).toBeUndefined();
  expect(await saved.describe()).toBeUndefined();
  await expect(saved.take()).rejects.toThrow('ENOENT');
  await saved.drop();
  expect(await readdir(files.suspend.folder)).toEqual([]);
});

test('a save that is not ended is nothing, and the next one begins anew', async () => {
  await writeFile((await saved.begin()).memory, MEMORY);
  expect(await saved.describe()).toBeUndefined();
  await save();
  expect(await keyOf()).toBeUndefined();
  await saved.begin();
  expect(await readdir(files.suspend.folder)).toEqual([]);
});

test.each([
  ['after the record and before the rename', () => rename(files.suspend.memory, files.suspend.saving)],
  ['in the middle of a record', () => writeFile(files.suspend.record, '{"format":1,')],
  ['before the record', () => rm(files.suspend.record)],
])('a crash %s leaves nothing that can be used', async (_, crash) => {
  await save();
  await crash();
  expect(await saved.describe()).toBeUndefined();
});

describe('is refused', () => {
  const later = new Date(Date.now() + 5000);
  test.each([
    ['incomplete', 'truncated', () => truncate(files.suspend.memory, 4)],
    ['incomplete', 'longer', () => appendFile(files.suspend.memory, 'x')],
    ['keysChanged', 'with another client key', () => writeFile(files.keys.clientPublic, 'other')],
    ['keysChanged', 'without its host key', () => rm(files.keys.hostPublic)],
    ['diskChanged', 'over a disk that was written since', () => utimes(files.disks.data, later, later)],
    ['diskChanged', 'over a disk that grew', () => truncate(files.disks.data, 100)],
    ['diskChanged', 'without its disk', () => rm(files.disks.data)],
    [
      'diskChanged',
      'over a copy of the disk',
      async () => {
        await rename(files.disks.data, `${files.disks.data}.old`);
        await writeFile(files.disks.data, 'disk');
      },
    ],
    ['otherHost', 'on another processor', () => asOf({ accelerator: { ...machine.accelerator, name: 'kvm' } })],
  ])('%s: %s', async (key, _, change) => {
    await save();
    await change();
    expect(await keyOf()).toBe(key);
  });
});

async function asOf(change: Partial<SavedMachine>): Promise<void> {
  const record = (await readJson(files.suspend.record)) as { machine: object };
  await writeJson(files.suspend.record, { ...record, machine: { ...record.machine, ...change } });
}
