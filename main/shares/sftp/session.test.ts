import { execFileSync } from 'node:child_process';
import { lstat, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { duplexPair } from 'node:stream';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { mode, NO_ATTRS, openSftp, type SftpClient, type SftpClientOptions } from '../../../test/fakes/sftp-client';
import { serveSftp } from './session';
import { NOTIFY_MTIME } from './tree';
import type { OpenFile, Tree } from './tree';
import { OpenFlag, packet, Packet, Status, string, u32, u64 } from './wire';

let folder = '';
let base = '';
let clients: SftpClient[] = [];

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'berth-sftp-'));
  folder = join(base, 'shared');
  await mkdir(folder);
  clients = [];
});
afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await rm(base, { recursive: true, force: true });
});

async function served(options: Partial<SftpClientOptions> = {}): Promise<SftpClient> {
  const client = await openSftp({ folder, owners: join(base, 'owners'), ...options });
  clients.push(client);
  return client;
}

async function ownerOf(client: SftpClient, name: string): Promise<readonly number[]> {
  const { reader } = await client.ask(Packet.lstat, string(name));
  const { owner } = reader.attrs();
  return [owner?.uid ?? -1, owner?.gid ?? -1];
}

async function names(client: SftpClient, name: string): Promise<string[]> {
  const handle = Buffer.from((await client.ask(Packet.opendir, string(name))).reader.bytes());
  const found: string[] = [];
  for (;;) {
    const answer = await client.ask(Packet.readdir, string(handle));
    if (answer.status !== undefined) {
      expect(answer.status).toBe(Status.eof);
      await client.ask(Packet.close, string(handle));
      return found.sort();
    }
    for (let left = answer.reader.u32(); left > 0; left -= 1) {
      found.push(answer.reader.name());
      answer.reader.name();
      answer.reader.attrs();
    }
  }
}

const chown = (uid: number, gid: number): Buffer => Buffer.concat([u32(2), u32(uid), u32(gid)]);
const createFlags = OpenFlag.read | OpenFlag.write | OpenFlag.create;

describe('files', () => {
  test('are made with the mode that was asked for, written anywhere, read to their end, cut and grown', async () => {
    const client = await served();
    const handle = await client.open('/new', createFlags, 0o666);
    // The host's umask is not the guest's.
    expect((await lstat(join(folder, 'new'))).mode & 0o7777).toBe(0o666);
    expect(await client.status(Packet.write, string(handle), u64(5n), string('world'))).toBe(Status.ok);
    expect(await client.status(Packet.write, string(handle), u64(0n), string('hello'))).toBe(Status.ok);
    expect((await client.ask(Packet.read, string(handle), u64(3n), u32(100))).reader.bytes().toString()).toBe('loworld');
    expect(await client.status(Packet.read, string(handle), u64(10n), u32(100))).toBe(Status.eof);
    expect(await client.status(Packet.write, string(handle), u64(2n ** 40n), string('end'))).toBe(Status.ok);
    const { size, blocks } = await lstat(join(folder, 'new'));
    expect(size).toBe(2 ** 40 + 3);
    expect(blocks).toBeLessThan(100);
    expect(await client.status(Packet.setstat, string('/new'), Buffer.concat([u32(1), u64(4n)]))).toBe(Status.ok);
    expect(await readFile(join(folder, 'new'), 'utf8')).toBe('hell');
    expect(await client.status(Packet.extended, string('fsync@openssh.com'), string(handle))).toBe(Status.ok);
    expect(await client.status(Packet.close, string(handle))).toBe(Status.ok);
    expect(await client.status(Packet.read, string(handle), u64(0n), u32(1))).toBe(Status.failure);
  });

  test('what is asked for without waiting is done in order: a stat after an open sees the new file, after writes their length', async () => {
    const client = await served();
    const opening = client.ask(Packet.open, string('/n'), u32(createFlags), mode(0o644));
    const looking = client.ask(Packet.lstat, string('/n'));
    expect((await looking).type).toBe(Packet.attrs);
    const handle = (await opening).reader.bytes();
    const writes = Array.from({ length: 20 }, (_, index) =>
      client.ask(Packet.write, string(handle), u64(BigInt(index * 1000)), string('x'.repeat(1000))),
    );
    expect((await client.ask(Packet.lstat, string('/n'))).reader.attrs().size).toBe(20_000n);
    await Promise.all(writes);
  });

  test('exclusive creation, rename with and without replacing, hard links, space', async () => {
    const client = await served();
    await client.open('/a', createFlags | OpenFlag.exclusive);
    await expect(client.open('/a', createFlags | OpenFlag.exclusive)).rejects.toThrow('status 4');
    await client.open('/b', createFlags);
    expect(await client.status(Packet.rename, string('/a'), string('/b'))).toBe(Status.failure);
    expect(await client.status(Packet.extended, string('posix-rename@openssh.com'), string('/a'), string('/b'))).toBe(Status.ok);
    expect(await client.status(Packet.extended, string('hardlink@openssh.com'), string('/b'), string('/c'))).toBe(Status.ok);
    expect((await lstat(join(folder, 'c'))).nlink).toBe(2);
    expect((await client.ask(Packet.extended, string('statvfs@openssh.com'), string('/'))).reader.u64()).toBeGreaterThan(0n);
    expect(await client.status(Packet.extended, string('other@example.org'))).toBe(Status.unsupported);
  });

  test('names are bytes, and a folder of 1,000 is read in portions', async () => {
    const client = await served();
    const odd = '\xff\xfe no text \x80\n';
    await client.open(`/${odd}`, createFlags);
    expect((await readdir(folder, 'buffer'))[0]).toEqual(Buffer.from(odd, 'latin1'));
    expect(await names(client, '/')).toEqual(['.', '..', odd].sort());
    await mkdir(join(folder, 'many'));
    await Promise.all(Array.from({ length: 1000 }, (_, index) => writeFile(join(folder, 'many', `f${index}`), '')));
    expect(await names(client, '/many')).toHaveLength(1002);
    await client.open(`/${'é'.repeat(127)}`.normalize(), createFlags);
    await expect(client.open(`/${'x'.repeat(256)}`, createFlags)).rejects.toThrow('status 4');
  });

  test('the time that only wakes watchers changes nothing, of a path and of a handle', async () => {
    const client = await served();
    const handle = await client.open('/a', createFlags);
    await utimes(join(folder, 'a'), 1000, 2000);
    const before = await lstat(join(folder, 'a'), { bigint: true });
    const magic = Buffer.concat([u32(8), u32(1_700_000_000), u32(NOTIFY_MTIME)]);
    expect(await client.status(Packet.setstat, string('/a'), magic)).toBe(Status.ok);
    expect(await client.status(Packet.fsetstat, string(handle), magic)).toBe(Status.ok);
    expect(await client.status(Packet.setstat, string('/none'), magic)).toBe(Status.noSuchFile);
    expect(await lstat(join(folder, 'a'), { bigint: true })).toEqual(before);
    expect(await client.status(Packet.setstat, string('/a'), Buffer.concat([u32(8), u32(5), u32(6)]))).toBe(Status.ok);
    expect((await lstat(join(folder, 'a'))).mtimeMs).toBe(6000);
  });

  test('a FIFO that nobody writes is refused and holds nobody', async () => {
    const client = await served();
    execFileSync('mkfifo', [join(folder, 'fifo')]);
    await expect(client.open('/fifo', OpenFlag.read)).rejects.toThrow('status 4');
  });

  test('a read-only share reads and changes nothing, the watchers’ time included', async () => {
    await writeFile(join(folder, 'a'), 'text');
    const client = await served({ readOnly: true });
    const handle = await client.open('/a', OpenFlag.read);
    expect((await client.ask(Packet.read, string(handle), u64(0n), u32(9))).reader.bytes().toString()).toBe('text');
    await expect(client.open('/a', OpenFlag.read | OpenFlag.write)).rejects.toThrow('status 3');
    await expect(client.open('/b', createFlags)).rejects.toThrow('status 3');
    const refused = [
      client.status(Packet.remove, string('/a')),
      client.status(Packet.mkdir, string('/d'), NO_ATTRS),
      client.status(Packet.rename, string('/a'), string('/b')),
      client.status(Packet.symlink, string('x'), string('/l')),
      client.status(Packet.setstat, string('/a'), mode(0o600)),
      client.status(Packet.setstat, string('/a'), chown(1, 1)),
      client.status(Packet.fsetstat, string(handle), mode(0o600)),
      client.status(Packet.extended, string('hardlink@openssh.com'), string('/a'), string('/b')),
    ];
    expect(new Set(await Promise.all(refused))).toEqual(new Set([Status.permissionDenied]));
    expect(await readdir(folder)).toEqual(['a']);
    expect(await client.status(Packet.setstat, string('/a'), Buffer.concat([u32(8), u32(1), u32(NOTIFY_MTIME)]))).toBe(Status.ok);
  });
});

describe('owners', () => {
  test('are what a chown made them, in listings, through a handle, after a rename and in the next session; new files in a folder follow it', async () => {
    const client = await served();
    await client.ask(Packet.mkdir, string('/data'), mode(0o700));
    const mine = await ownerOf(client, '/data');
    expect(mine).toEqual([process.getuid?.(), process.getgid?.()]);
    expect(await client.status(Packet.setstat, string('/data'), chown(999, 998))).toBe(Status.ok);
    const handle = await client.open('/data/new', createFlags);
    expect(await ownerOf(client, '/data/new')).toEqual([999, 998]);
    expect(await client.status(Packet.fsetstat, string(handle), chown(70, 0xffffffff))).toBe(Status.ok);
    expect((await client.ask(Packet.fstat, string(handle))).reader.attrs().owner).toEqual({ uid: 70, gid: 998 });
    await client.ask(Packet.extended, string('posix-rename@openssh.com'), string('/data'), string('/moved'));
    expect(await ownerOf(client, '/moved/new')).toEqual([70, 998]);
    await client.close();
    const next = await served();
    expect(await ownerOf(next, '/moved')).toEqual([999, 998]);
    expect(await ownerOf(next, '/moved/new')).toEqual([70, 998]);
    // On this computer everything is the user's.
    expect((await lstat(join(folder, 'moved', 'new'))).uid).toBe(process.getuid?.());
  });

  test('are of the file and not of its name or its number', async () => {
    const client = await served();
    await client.open('/a', createFlags);
    await client.open('/b', createFlags);
    await client.ask(Packet.setstat, string('/a'), chown(999, 999));
    await client.ask(Packet.extended, string('posix-rename@openssh.com'), string('/b'), string('/a'));
    expect(await ownerOf(client, '/a')).toEqual([process.getuid?.(), process.getgid?.()]);
    expect(client.owners.size).toBe(0);
    await client.ask(Packet.setstat, string('/a'), chown(999, 999));
    await rm(join(folder, 'a'));
    await writeFile(join(folder, 'a'), '');
    expect(await ownerOf(client, '/a')).toEqual([process.getuid?.(), process.getgid?.()]);
  });
});

// Both ways to the entry: held descriptors (Linux) and looks at each component (the others).
describe.each(['linux', 'win32'] as const)('nothing outside the folder is reached (%s)', (platform) => {
  beforeEach(async () => {
    await mkdir(join(base, 'outside'));
    await writeFile(join(base, 'outside', 'secret'), 'secret');
    await mkdir(join(folder, 'in', 'deep'), { recursive: true });
    await symlink(join(base, 'outside'), join(folder, 'out'));
    await symlink('../outside/secret', join(folder, 'file-out'));
    await symlink('../../../outside', join(folder, 'in', 'deep', 'out'));
  });

  test('neither by a symlink on the way or at the end, nor by dots', async () => {
    const client = await served({ platform });
    const reached: string[] = [];
    for (const name of [
      '/out/secret',
      '/file-out',
      '/in/deep/out/secret',
      '/../outside/secret',
      '/in/../../outside/secret',
      'out/./secret',
      '/out/',
    ]) {
      const tries = [
        client.ask(Packet.open, string(name), u32(OpenFlag.read), NO_ATTRS),
        client.ask(Packet.open, string(name), u32(createFlags | OpenFlag.truncate), NO_ATTRS),
        client.ask(Packet.opendir, string(name)),
        client.ask(Packet.setstat, string(name), Buffer.concat([u32(1), u64(0n)])),
        ...(name.includes('secret')
          ? [client.ask(Packet.lstat, string(name)), client.ask(Packet.stat, string(name)), client.ask(Packet.remove, string(name))]
          : []),
      ];
      for (const { type, status } of await Promise.all(tries)) {
        if (type !== Packet.status || status === Status.ok) {
          reached.push(name);
        }
      }
    }
    expect(reached).toEqual([]);
    expect(await client.status(Packet.setstat, string('/file-out'), mode(0o777))).not.toBe(Status.ok);
    await client.ask(Packet.setstat, string('/file-out'), Buffer.concat([u32(8), u32(1), u32(1)]));
    await client.ask(Packet.setstat, string('/file-out'), chown(5, 5));
    const secret = await lstat(join(base, 'outside', 'secret'));
    expect([secret.mode & 0o777, secret.mtimeMs > 1000]).toEqual([0o644, true]);
    expect(await readFile(join(base, 'outside', 'secret'), 'utf8')).toBe('secret');
    expect((await client.ask(Packet.readlink, string('/file-out'))).reader.u32()).toBe(1);
  });

  test('nor by a folder that was moved away while it was in use', async () => {
    const client = await served({ platform });
    await client.open('/in/deep/a', createFlags);
    await rename(join(folder, 'in'), join(base, 'moved'));
    await expect(client.open('/in/deep/b', createFlags)).rejects.toThrow('status 2');
    expect(await readdir(join(base, 'moved', 'deep'))).toEqual(['a', 'out']);
    await mkdir(join(folder, 'in', 'deep'), { recursive: true });
    await client.open('/in/deep/b', createFlags);
    expect(await readdir(join(folder, 'in', 'deep'))).toEqual(['b']);
  });

  test('nor what is hidden', async () => {
    const client = await served({ platform, hidden: [join(folder, 'in', 'deep')] });
    expect(await client.status(Packet.lstat, string('/in/deep'))).toBe(Status.permissionDenied);
    expect(await client.status(Packet.lstat, string('/IN/Deep'))).toBe(platform === 'linux' ? Status.noSuchFile : Status.permissionDenied);
    expect(await client.status(Packet.extended, string('posix-rename@openssh.com'), string('/in'), string('/elsewhere'))).toBe(
      Status.permissionDenied,
    );
    await expect(client.open('/in/deep/x', createFlags)).rejects.toThrow('status 3');
  });
});

test('on Linux not even by a symlink that comes and goes while it is asked for', async () => {
  await mkdir(join(folder, 'real'));
  await writeFile(join(folder, 'real', 'file'), 'inside');
  await mkdir(join(base, 'outside'));
  await writeFile(join(base, 'outside', 'file'), 'secret');
  const client = await served();
  let swapping = true;
  const swapper = (async () => {
    while (swapping) {
      await rename(join(folder, 'real'), join(base, 'aside'));
      await symlink(join(base, 'outside'), join(folder, 'real'));
      await rm(join(folder, 'real'));
      await rename(join(base, 'aside'), join(folder, 'real'));
    }
  })();
  const seen = new Set<string>();
  for (let round = 0; round < 400; round += 1) {
    const { type, reader } = await client.ask(Packet.open, string('/real/file'), u32(OpenFlag.read), NO_ATTRS);
    if (type === Packet.handle) {
      const handle = Buffer.from(reader.bytes());
      seen.add((await client.ask(Packet.read, string(handle), u64(0n), u32(10))).reader.bytes().toString());
      await client.ask(Packet.close, string(handle));
    }
  }
  swapping = false;
  await swapper;
  expect([...seen]).toEqual(['inside']);
});

describe('a bad client', () => {
  test('gets no more than its handles, and they end with its session', async () => {
    const client = await served({ handles: 3 });
    for (const name of ['/a', '/b', '/c']) {
      await client.open(name, createFlags);
    }
    await expect(client.open('/d', createFlags)).rejects.toThrow('status 4');
    expect(await readdir(folder)).toEqual(['a', 'b', 'c']);
    const before = (await readdir('/proc/self/fd')).length;
    await client.close();
    expect((await readdir('/proc/self/fd')).length).toBeLessThanOrEqual(before - 3);
  });

  test('that does not read is not read: what it asks for is not made', async () => {
    const [stream, server] = duplexPair();
    let made = 0;
    const file: OpenFile = {
      read: (_, __, length) => Promise.resolve((made += length) && length),
      write: () => Promise.resolve(),
      attrs: () => Promise.resolve({}),
      setAttrs: () => Promise.resolve(),
      sync: () => Promise.resolve(),
      close: () => Promise.resolve(),
    };
    const ended = serveSftp(server, { open: () => Promise.resolve(file) } as unknown as Tree, { budget: 2 ** 20 });
    stream.write(packet(Packet.open, 1, string('/big'), u32(OpenFlag.read), NO_ATTRS));
    for (let index = 0; index < 2000; index += 1) {
      stream.write(packet(Packet.read, 2 + index, string(u32(1)), u64(0n), u32(65536)));
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(made).toBeGreaterThan(0);
    expect(made).toBeLessThan(3 * 2 ** 20);
    let got = 0;
    stream.on('data', (bytes: Buffer) => (got += bytes.length));
    await vi.waitFor(() => expect(got).toBeGreaterThan(1999 * 65536), 10_000);
    stream.destroy();
    server.destroy();
    await ended;
  });

  test('whose packets are no SFTP loses its session, one whose requests are nonsense gets a status', async () => {
    const client = await served();
    expect(await client.status(Packet.open, Buffer.from([0, 0, 1, 0, 1]))).toBe(Status.badMessage);
    expect(await client.status(99)).toBe(Status.unsupported);
    expect(await client.status(Packet.lstat, string('/a\0b'))).toBe(Status.permissionDenied);
    client.stream.write(u32(0x7fffffff));
    expect((await client.ended).error?.message).toMatch(/a packet of/);
  });

  test('cannot harm by any packet', async () => {
    await writeFile(join(base, 'witness'), 'as it was');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 80 })), { maxLength: 30 }),
        async (requests) => {
          const client = await served({ handles: 16 });
          for (const [type, bytes] of requests) {
            const body = Buffer.concat([Buffer.from([type]), u32(0xffffffff), bytes]);
            client.stream.write(Buffer.concat([u32(body.length), body]));
          }
          expect(await client.status(Packet.lstat, string('/none'))).toBe(Status.noSuchFile);
          await client.close();
        },
      ),
      { numRuns: 150 },
    );
    expect(await readFile(join(base, 'witness'), 'utf8')).toBe('as it was');
    expect((await readdir(base)).filter((name) => !['owners', 'shared', 'witness'].includes(name))).toEqual([]);
  });
});
