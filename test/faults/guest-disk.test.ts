// The guest and its data disk: formatted on the one-time order only, refused with its code where anything is doubtful, and then not a byte changed.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, open, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { everything } from '../vm/harness';
import { createBareHome } from './bare-guest';
import type { BareGuest, BareHome } from './bare-guest';

const run = promisify(execFile);
const PATH = `${process.env['PATH']}:/usr/sbin:/sbin`;
const UUID = '7d9e1c52-5a77-4d1f-9f0e-2f6b8c1d3e4a';
const OTHER = '00000000-1111-4222-8333-444444444444';
const SIZE = 256 * 2 ** 20;

let home: BareHome;
let guest: BareGuest | undefined;
let disk: string;
let formatted: string;

const tool = async (program: string, ...args: string[]): Promise<string> =>
  (await run(program, args, { env: { ...process.env, PATH } })).stdout;
/** Forced and read-only: exit status 0 means not one thing to mend. */
const clean = (path: string): Promise<string> => tool('e2fsck', '-f', '-n', path);
const boot = async (...settings: string[]): Promise<BareGuest> => (guest = await home.boot(settings));

async function sum(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) {
    hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}

async function writeAt(path: string, position: number, bytes: Buffer): Promise<void> {
  const file = await open(path, 'r+');
  await file.write(bytes, 0, bytes.length, position);
  await file.close();
}

async function emptyDisk(): Promise<void> {
  await rm(disk, { force: true });
  await writeFile(disk, '');
  await truncate(disk, SIZE);
}

beforeAll(async () => {
  home = await createBareHome();
  disk = home.files.disks.data;
  formatted = `${disk}.formatted`;
  await emptyDisk();
  const first = await boot(`data-uuid ${UUID}`, `data-format ${UUID}`);
  await first.phase('ready');
  await first.exec('echo precious > /data/docker/precious');
  await first.shutDown();
  await copyFile(disk, formatted);
});

afterEach(async () => {
  await guest?.kill();
  guest = undefined;
});

afterAll(() => home.dispose());

describe('the one-time order', () => {
  test('makes an ext4 of that UUID and label, with its format number, and leaves it clean', async () => {
    const about = await tool('dumpe2fs', '-h', formatted);
    expect(about).toContain(UUID);
    expect(about).toMatch(/Filesystem volume name: +berth-data/);
    expect(about).toMatch(/Filesystem state: +clean/);
    expect(await tool('debugfs', '-R', 'cat berth-format', formatted)).toBe('1\n');
    await clean(formatted);
  });

  test('formats nothing a second time: a host that died before it noted the end gives it again', async () => {
    await copyFile(formatted, disk);
    const again = await boot(`data-uuid ${UUID}`, `data-format ${UUID}`);
    expect(await again.data()).toMatchObject({ event: 'phase' });
    expect((await again.exec('cat /data/docker/precious')).stdout).toBe('precious\n');
  });
});

describe('a disk in doubt', () => {
  const normal = [`data-uuid ${UUID}`];
  const order = [...normal, `data-format ${UUID}`];
  const cases: readonly {
    /** data-disk.test.ts has it too, with the whole host around it. */
    readonly twice?: true;
    readonly name: string;
    readonly code: string;
    readonly detail: RegExp;
    readonly settings: readonly string[];
    prepare(): Promise<unknown>;
  }[] = [
    {
      name: 'another UUID',
      code: 'wrongUuid',
      detail: new RegExp(`^${UUID}$`),
      settings: [`data-uuid ${OTHER}`],
      prepare: () => copyFile(formatted, disk),
    },
    {
      twice: true,
      name: 'an erased superblock',
      code: 'damaged',
      detail: /superblock/,
      settings: normal,
      prepare: async () => copyFile(formatted, disk).then(() => writeAt(disk, 1024, Buffer.alloc(1024))),
    },
    {
      name: 'a superblock whose checksum is wrong',
      code: 'damaged',
      detail: /checksum/,
      settings: normal,
      prepare: async () => copyFile(formatted, disk).then(() => writeAt(disk, 1024 + 0x178, Buffer.from([0x5a, 0xa5]))),
    },
    { name: 'no file system, and no order', code: 'damaged', detail: /zero/, settings: normal, prepare: emptyDisk },
    {
      name: 'an order, and something in the first MiB',
      code: 'notEmpty',
      detail: /first MiB/,
      settings: order,
      prepare: async () => emptyDisk().then(() => writeAt(disk, 2 ** 20 - 1, Buffer.from('x'))),
    },
    {
      twice: true,
      name: 'an order, and another file system',
      code: 'notEmpty',
      detail: new RegExp(UUID),
      settings: [`data-uuid ${OTHER}`, `data-format ${OTHER}`],
      prepare: () => copyFile(formatted, disk),
    },
    {
      name: 'a newer format',
      code: 'newer',
      detail: /format 2/,
      settings: normal,
      async prepare() {
        await copyFile(formatted, disk);
        await writeFile(`${disk}.number`, '2\n');
        await tool('debugfs', '-w', '-R', 'rm berth-format', disk);
        await tool('debugfs', '-w', '-R', `write ${disk}.number berth-format`, disk);
      },
    },
    {
      name: 'none named by the host',
      code: 'missing',
      detail: /named no/,
      settings: ['hostname berth'],
      prepare: () => copyFile(formatted, disk),
    },
  ];

  test.each(cases.filter(({ twice }) => everything || twice !== true))(
    '$name: $code, the engine not started, not a byte changed',
    async ({ code, detail, settings, prepare }) => {
      await prepare();
      const before = await sum(disk);
      const refused = await boot(...settings);
      const failed = await refused.data();
      expect(failed).toMatchObject({ event: 'failed', phase: 'data', code });
      expect(failed.event === 'failed' && failed.detail).toMatch(detail);
      // The way in stays open, for repair; the engine must not write to a place that is not the data disk.
      expect((await refused.exec('pidof dockerd containerd; ls /var/lib/docker')).stdout).toBe('');
      await expect(refused.agent.call('restart', { service: 'dockerd' })).rejects.toThrow('data disk');
      await expect(refused.agent.call('trim', {})).rejects.toThrow('not mounted');
      expect((await refused.agent.call('status', {})).failed).toMatchObject({ code });
      await refused.kill();
      expect(await sum(disk)).toBe(before);
    },
  );
});

describe('a disk that needs care', () => {
  test('a power cut: the journal is replayed, what was synced is there, and the file system is whole', async () => {
    await copyFile(formatted, disk);
    const first = await boot(`data-uuid ${UUID}`);
    await first.phase('data');
    await first.exec('cd /data/docker && for i in $(seq 200); do echo $i > file$i; done; sync; rm precious; echo half > unsynced');
    await first.kill();
    expect(await tool('dumpe2fs', '-h', disk)).toContain('needs_recovery');
    const second = await boot(`data-uuid ${UUID}`);
    expect(await second.data()).toMatchObject({ event: 'phase' });
    expect((await second.exec('cat /data/docker/file200')).stdout).toBe('200\n');
    await second.shutDown();
    await clean(disk);
  });

  test('marked as faulty: checked and mended before it is used', async () => {
    await copyFile(formatted, disk);
    await tool('debugfs', '-w', '-R', 'set_super_value state 2', disk);
    const mended = await boot(`data-uuid ${UUID}`);
    expect(await mended.data()).toMatchObject({ event: 'phase' });
    expect((await mended.agent.call('tail', { service: 'init', lines: 50 })).lines.join('\n')).toMatch(/e2fsck ended with [01]/);
    expect((await mended.exec('cat /data/docker/precious')).stdout).toBe('precious\n');
    await mended.shutDown();
    await clean(disk);
  });

  test('grown on the host: resize gives the engine the room', async () => {
    await copyFile(formatted, disk);
    await truncate(disk, 2 * SIZE);
    const grown = await boot(`data-uuid ${UUID}`);
    await grown.phase('data');
    const before = await grown.agent.call('disk', {});
    expect(await grown.agent.call('resize', {})).toEqual({ bytes: 2 * SIZE });
    const after = await grown.agent.call('disk', {});
    expect(after.totalBytes - before.totalBytes).toBeGreaterThan(0.9 * SIZE);
    await grown.phase('ready');
    await grown.shutDown();
    await clean(disk);
  });

  test('the guest’s log on the host names each step', async () => {
    const log = await readFile(home.files.logs.guest, 'utf8');
    expect(log).toMatch(/^init data \d/m);
    expect(log).toMatch(/^init shutting down$/m);
    expect(log).toMatch(/^dockerd time=/m);
  });
});
