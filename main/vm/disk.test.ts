import { access, chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { homeFiles } from '../lib/home';
import type { HomeFiles } from '../lib/home';
import { diskError, inspectDisk, markFormatted, prepareDisk } from './disk';

let files: HomeFiles;

beforeEach(async () => {
  const home = await mkdtemp(join(tmpdir(), 'berth-disk-'));
  files = homeFiles(home, join(home, 'run'));
});
afterEach(() => rm(files.root, { recursive: true }));

const SIZE = 2 ** 30;

test('made once: sparse, private, with a UUID and the order to format it', async () => {
  const made = await prepareDisk(files, SIZE);
  const { size, blocks, mode } = await stat(files.disks.data);
  expect([size, blocks, mode & 0o777]).toEqual([SIZE, 0, 0o600]);
  expect(made).toMatchObject({ uuid: expect.stringMatching(/^[0-9a-f-]{36}$/) as string, formatOrder: true });
  expect(JSON.parse(await readFile(files.disks.record, 'utf8'))).toMatchObject({ format: 1, uuid: made.uuid, state: 'new' });
  expect(await prepareDisk(files, SIZE)).toEqual(made);
});

test('once it is formatted there is no order any more', async () => {
  const { uuid } = await prepareDisk(files, SIZE);
  await markFormatted(files);
  expect(await prepareDisk(files, SIZE)).toEqual({ uuid, formatOrder: false });
});

test('a crash between record and file is finished by the next start', async () => {
  await mkdir(files.disks.folder);
  const record = { format: 1, uuid: '11111111-2222-4333-8444-555555555555', createdAt: 1, state: 'making' };
  await writeFile(files.disks.record, JSON.stringify(record));
  const made = await prepareDisk(files, SIZE);
  expect(made.formatOrder).toBe(true);
  await writeFile(files.disks.record, JSON.stringify({ ...record, uuid: made.uuid }));
  expect(await prepareDisk(files, SIZE)).toEqual(made);
  expect(JSON.parse(await readFile(files.disks.record, 'utf8'))).toMatchObject({ state: 'new' });
});

test('a crash before the file had its size is finished by the next start; nothing else ever gets another size', async () => {
  await mkdir(files.disks.folder);
  const record = { format: 1, uuid: '11111111-2222-4333-8444-555555555555', createdAt: 1, state: 'making' };
  await writeFile(files.disks.record, JSON.stringify(record));
  await writeFile(files.disks.data, '');
  expect(await prepareDisk(files, SIZE)).toEqual({ uuid: record.uuid, formatOrder: true });
  expect((await stat(files.disks.data)).size).toBe(SIZE);
  await prepareDisk(files, 2 * SIZE);
  expect((await stat(files.disks.data)).size).toBe(SIZE);
});

test.each(['new', 'formatted'])('missing while the record says %s: an error, and nothing is made', async (state) => {
  await mkdir(files.disks.folder);
  await writeFile(files.disks.record, JSON.stringify({ format: 1, uuid: '11111111-2222-4333-8444-555555555555', createdAt: 1, state }));
  await expect(prepareDisk(files, SIZE)).rejects.toMatchObject({ code: 'disk.missing', params: { path: files.disks.data } });
  await expect(access(files.disks.data)).rejects.toThrow();
  await expect(inspectDisk(files)).rejects.toMatchObject({ code: 'disk.missing' });
});

test('a disk without a record is not touched', async () => {
  await mkdir(files.disks.folder);
  await writeFile(files.disks.data, 'precious');
  await expect(prepareDisk(files, SIZE)).rejects.toMatchObject({ code: 'disk.wrongUuid' });
  expect(await readFile(files.disks.data, 'utf8')).toBe('precious');
  await expect(access(files.disks.record)).rejects.toThrow();
});

test.each([
  ['', 'disk.damaged'],
  ['{"format":1', 'disk.damaged'],
  ['{"format":1,"uuid":"../../etc","createdAt":1,"state":"new"}', 'disk.damaged'],
  ['{"format":2,"uuid":"11111111-2222-4333-8444-555555555555","createdAt":1,"state":"new"}', 'disk.newer'],
])('the record %j is refused and kept', async (text, code) => {
  await mkdir(files.disks.folder);
  await writeFile(files.disks.record, text);
  await expect(prepareDisk(files, SIZE)).rejects.toMatchObject({ code });
  expect(await readFile(files.disks.record, 'utf8')).toBe(text);
  await chmod(files.disks.record, 0o600);
});

test.each([
  ['missing', 'disk.missing'],
  ['wrongUuid', 'disk.wrongUuid'],
  ['damaged', 'disk.damaged'],
  ['notEmpty', 'disk.notEmpty'],
  ['format', 'disk.formatFailed'],
  ['newer', 'disk.newer'],
  ['something new', 'disk.damaged'],
])('the guest’s %s is %s', (code, expected) => {
  expect(diskError('/d', 'ours', { phase: 'data', code, detail: 'words' })).toMatchObject({ code: expected, params: { path: '/d' } });
});
