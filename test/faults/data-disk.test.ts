// The data disk under faults: Berth stops with what is there, makes nothing new, changes no byte, and goes on when the disk is back.
import { createHash } from 'node:crypto';
import { access, open as openFile, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeHome, openVm } from '../vm/open-vm';
import type { OpenVm } from '../vm/open-vm';

let home: string;
let open: OpenVm;
let disk: string;
let record: string;

beforeAll(async () => {
  home = await makeHome('berth-d-');
  open = await openVm(home);
  disk = open.files.disks.data;
  record = open.files.disks.record;
  await open.vm.start();
  await open.vm.exec('echo kept > /data/docker/witness; sync');
  await open.vm.stop({ shutdown: true });
});

afterAll(async () => {
  await open.close({ keepVm: false });
  await rm(home, { recursive: true, force: true });
});

/** The first 8 MiB: superblock, group descriptors, bitmaps and the first inode tables. */
async function head(): Promise<string> {
  const file = await openFile(disk, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(8 * 2 ** 20), 0, 8 * 2 ** 20, 0);
    return createHash('sha256').update(buffer.subarray(0, bytesRead)).digest('hex');
  } finally {
    await file.close();
  }
}

async function overwrite(offset: number, bytes: Buffer): Promise<Buffer> {
  const file = await openFile(disk, 'r+');
  try {
    const before = Buffer.alloc(bytes.length);
    await file.read(before, 0, bytes.length, offset);
    await file.write(bytes, 0, bytes.length, offset);
    return before;
  } finally {
    await file.close();
  }
}

async function expectRefused(code: string): Promise<void> {
  await expect(open.vm.start()).rejects.toMatchObject({ code });
  expect(open.vm.status.get()).toMatchObject({ state: 'failed', error: { code } });
  expect(open.vm.status.get().pid).toBeUndefined();
  await expect(access(open.files.state.vm)).rejects.toThrow();
}

test('a disk that was formatted is never ordered to be formatted again', async () => {
  expect(JSON.parse(await readFile(record, 'utf8'))).toMatchObject({ format: 1, state: 'formatted' });
  await open.vm.start();
  expect((await open.vm.exec('cat /data/docker/witness')).stdout).toBe('kept\n');
  expect(await readFile(`${home}/state/guest/config`, 'utf8')).not.toContain('data-format');
  await open.vm.stop({ shutdown: true });
});

test('missing while the record knows it: said, and no new one is made', async () => {
  await rename(disk, `${disk}.away`);
  await expectRefused('disk.missing');
  await expect(access(disk)).rejects.toThrow();
  await rename(`${disk}.away`, disk);
});

test('a record without its number, cut short, or of a newer format: said, and untouched', async () => {
  const good = await readFile(record, 'utf8');
  for (const [text, code] of [
    [good.slice(0, 30), 'disk.damaged'],
    ['{}', 'disk.damaged'],
    [JSON.stringify({ ...(JSON.parse(good) as object), format: 99 }), 'disk.newer'],
  ] as const) {
    await writeFile(record, text);
    await expectRefused(code);
    expect(await readFile(record, 'utf8')).toBe(text);
  }
  await rm(record);
  await expectRefused('disk.wrongUuid');
  await expect(access(record)).rejects.toThrow();
  await writeFile(record, good);
});

test('another UUID than ours: the engine is not started, the disk says whose it is, no byte changes', async () => {
  const good = await readFile(record, 'utf8');
  const { uuid } = JSON.parse(good) as { uuid: string };
  const other = '11111111-2222-4333-8444-555555555555';
  const before = await head();
  await writeFile(record, good.replace(uuid, other));
  await expectRefused('disk.wrongUuid');
  expect(open.vm.status.get().error?.params).toMatchObject({ expected: other, found: uuid });
  expect(await head()).toBe(before);
  await writeFile(record, good);
});

test('a damaged superblock: said, not repaired and not formatted', async () => {
  const good = await overwrite(1024, Buffer.alloc(1024, 0xa5));
  const before = await head();
  const { size } = await stat(disk);
  await expect(open.vm.start()).rejects.toMatchObject({ code: expect.stringMatching(/^disk\.(damaged|wrongUuid)$/) as string });
  expect(await head()).toBe(before);
  expect((await stat(disk)).size).toBe(size);
  await overwrite(1024, good);
});

test('a format order for a disk that is not empty is refused by the guest', async () => {
  const good = await readFile(record, 'utf8');
  const before = await head();
  await writeFile(record, good.replace('"formatted"', '"new"').replace(/[0-9a-f]{8}-/, '99999999-'));
  await expectRefused('disk.notEmpty');
  expect(await head()).toBe(before);
  await writeFile(record, good);
});

test('with the disk back as it was, everything on it is there', async () => {
  await open.vm.start();
  expect((await open.vm.exec('cat /data/docker/witness')).stdout).toBe('kept\n');
});
