import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { homeFiles } from '../lib/home';
import type { HomeFiles } from '../lib/home';
import { guestConfig } from './guest-config';
import { loadKeys } from './keys';

let files: HomeFiles;
beforeEach(async () => {
  const home = await mkdtemp(join(tmpdir(), 'berth-keys-'));
  files = homeFiles(home, join(home, 'run'));
});
afterEach(() => rm(files.root, { recursive: true }));

test('made once, private, and the same ever after', async () => {
  const made = await loadKeys(files);
  expect(await loadKeys(files)).toEqual(made);
  expect(made.client.publicBlob.equals(made.host.publicBlob)).toBe(false);
  for (const path of [files.keys.client, files.keys.host]) {
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  }
  await chmod(files.keys.folder, 0o755);
  await loadKeys(files);
  expect((await stat(files.keys.folder)).mode & 0o777).toBe(0o700);
  expect(await readFile(files.keys.clientPublic, 'utf8')).toBe(`${made.client.publicKey}\n`);
});

test('one that cannot be read is made anew; the other stays', async () => {
  const before = await loadKeys(files);
  await writeFile(files.keys.client, 'cut sh');
  const after = await loadKeys(files);
  expect(after.client).not.toEqual(before.client);
  expect(after.host).toEqual(before.host);
});

test('the guest is told its disk, the time and its keys; a format is ordered only for a disk just made', async () => {
  const keys = await loadKeys(files);
  const uuid = '11111111-2222-4333-8444-555555555555';
  const first = guestConfig(keys, { uuid, formatOrder: true }, 1700000000000.7);
  expect(first.config.split('\n')).toEqual([
    'mode normal',
    `data-uuid ${uuid}`,
    'epoch-ms 1700000000001',
    'hostname berth',
    `data-format ${uuid}`,
    '',
  ]);
  expect(guestConfig(keys, { uuid, formatOrder: false }, 1).config).not.toContain('data-format');
  expect(first.authorizedKey).toBe(`${keys.client.publicKey}\n`);
  expect(first.hostKey).toContain('OPENSSH PRIVATE KEY');
  expect(JSON.parse(first.daemonJson)).toMatchObject({ 'live-restore': true });
});
