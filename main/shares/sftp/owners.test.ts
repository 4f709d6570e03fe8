import { appendFile, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openOwners } from './owners';
import type { FileIdentity } from './owners';

let folder = '';
let path = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-owners-'));
  path = join(folder, 'table');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const file = (ino: number, birth = 1_700_000_000_000_000_000n): FileIdentity => ({ dev: 7n, ino: BigInt(ino), birthtimeNs: birth });
const owner = (uid: number): { uid: number; gid: number } => ({ uid, gid: uid });

test('a table is what it was, after a journal that was torn in its last line as well', async () => {
  const first = await openOwners(path);
  await Promise.all([first.set(file(1), owner(10)), first.set(file(2), owner(20)), first.set(file(1), owner(11))]);
  first.forget(file(2));
  await first.dispose();
  await appendFile(path, '3.17979cfe362a0000 99 9'); // of `99 999`: the machine died while it was written
  const second = await openOwners(path);
  expect([1, 2, 3].map((ino) => second.of(file(ino)))).toEqual([owner(11), undefined, undefined]);
  await second.dispose();
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await truncate(path, 0);
  await expect(openOwners(path)).rejects.toThrow('cannot be read');
});

test('another file with the number of one that is gone has its own owner; without a time of birth the device counts', async () => {
  const owners = await openOwners(path);
  await owners.set(file(1), owner(10));
  expect(owners.of(file(1, 5n))).toBeUndefined();
  expect(owners.of({ ...file(1), dev: 8n })).toEqual(owner(10));
  await owners.set(file(1, 0n), owner(30));
  expect(owners.of({ ...file(1, 0n), dev: 8n })).toBeUndefined();
  await owners.dispose();
});

test('it is bounded: what was seen longest ago goes, and the journal is written anew', async () => {
  const owners = await openOwners(path, { limit: 100, slack: 50 });
  for (let ino = 0; ino < 100; ino += 1) {
    await owners.set(file(ino), owner(ino));
  }
  owners.of(file(0));
  await owners.set(file(100), owner(100));
  expect([owners.size, owners.of(file(0)), owners.of(file(1))]).toEqual([100, owner(0), undefined]);
  for (let round = 0; round < 500; round += 1) {
    await owners.set(file(5), owner(round));
  }
  await owners.dispose();
  expect((await readFile(path, 'utf8')).split('\n').length).toBeLessThan(160);
  const again = await openOwners(path, { limit: 100 });
  expect([again.size, again.of(file(5))]).toEqual([100, owner(499)]);
  await again.dispose();
});

test('what is no table is left as it is', async () => {
  await writeFile(path, 'something else\n');
  await expect(openOwners(path)).rejects.toThrow('cannot be read');
  expect(await readFile(path, 'utf8')).toBe('something else\n');
});
