// One shared folder as SFTP asks for it: entries by name, each operation on the host's files, owners from the table. Everything is done as the
// user who runs Berth; what a container may not do is for the guest to say. Knows no packets.
import { constants } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { link, lstat, lutimes, mkdir, open, readlink, rename, rmdir, statfs, symlink, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { exists } from '../../lib/exists';
import { attrsOf } from './attrs';
import type { Beneath } from './beneath';
import { bytesOf } from './beneath';
import { despiteMode } from './despite-mode';
import { openListing } from './listing';
import type { Listing } from './listing';
import type { Owners } from './owners';
import { Refused } from './status';
import { OpenFlag, Status } from './wire';
import type { Attrs } from './wire';

/** What the guest sets a file's time to when it only wants its watchers woken (vm/AGREEMENT.md, Events): -7770777, as SFTP's 32 bits have it. */
export const NOTIFY_MTIME = 0xff896d67;

const UNCHANGED = 0xffffffff;

export interface Space {
  readonly blockSize: bigint;
  readonly blocks: bigint;
  readonly free: bigint;
  readonly available: bigint;
  readonly files: bigint;
  readonly filesFree: bigint;
}

export interface OpenFile {
  /** Bytes that were read into the buffer behind `at`; 0 = the end. */
  read(buffer: Buffer, at: number, length: number, position: bigint): Promise<number>;
  write(data: Buffer, position: bigint): Promise<void>;
  attrs(): Promise<Attrs>;
  setAttrs(attrs: Attrs): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface Tree {
  attrs(name: string): Promise<Attrs>;
  setAttrs(name: string, attrs: Attrs): Promise<void>;
  open(name: string, flags: number, mode: number): Promise<OpenFile>;
  list(name: string): Promise<Listing>;
  remove(name: string): Promise<void>;
  mkdir(name: string, mode: number): Promise<void>;
  rmdir(name: string): Promise<void>;
  /** `replace`: as rename(2); else refused where the new name exists. */
  rename(from: string, to: string, replace: boolean): Promise<void>;
  link(from: string, to: string): Promise<void>;
  symlink(target: string, name: string): Promise<void>;
  readlink(name: string): Promise<string>;
  space(name: string): Promise<Space>;
}

export interface TreeDeps {
  readonly beneath: Beneath;
  readonly owners: Owners;
  readonly readOnly: boolean;
}

export function createTree({ beneath, owners, readOnly }: TreeDeps): Tree {
  const writable = (): void => {
    if (readOnly) {
      throw new Refused(Status.permissionDenied, 'the share is read-only');
    }
  };
  const stat = (path: Buffer): Promise<BigIntStats> => lstat(path, { bigint: true });

  /** SFTP does not say who makes a file: in a folder that was given to somebody it is most likely theirs. */
  const inherit = async (path: Buffer, stats?: BigIntStats): Promise<void> => {
    if (owners.size === 0) {
      return;
    }
    const owner = owners.of(await stat(bytesOf(`${folderOf(path)}/.`)));
    if (owner !== undefined) {
      await owners.set(stats ?? (await stat(path)), owner);
    }
  };

  /** Whoever was the owner of what goes: another file may get its number. */
  const ending = async (path: Buffer, end: () => Promise<void>): Promise<void> => {
    const stats = owners.size === 0 ? undefined : await stat(path).catch(() => undefined);
    await end();
    if (stats !== undefined && (stats.nlink === 1n || stats.isDirectory())) {
      owners.forget(stats);
    }
  };

  const setOwner = async (stats: BigIntStats, { uid, gid }: NonNullable<Attrs['owner']>): Promise<void> => {
    const { owner = { uid: 0, gid: 0 } } = attrsOf(stats, owners);
    const wanted = { uid: uid === UNCHANGED ? owner.uid : uid, gid: gid === UNCHANGED ? owner.gid : gid };
    if (wanted.uid === Number(stats.uid) && wanted.gid === Number(stats.gid)) {
      owners.forget(stats);
    } else {
      await owners.set(stats, wanted);
    }
  };

  const opened = (path: Buffer, flags: number): Promise<FileHandle> =>
    despiteMode({ path, beneath, readOnly, kind: 'file' }, () => open(path, flags));

  const file = (handle: FileHandle, writes: boolean): OpenFile => ({
    async read(buffer, at, length, position) {
      return (await handle.read(buffer, at, length, position)).bytesRead;
    },
    async write(data, position) {
      let at = Number(position);
      if (!Number.isSafeInteger(at + data.length)) {
        throw new Refused(Status.failure, 'EFBIG');
      }
      for (let done = 0; done < data.length;) {
        const { bytesWritten } = await handle.write(data, done, data.length - done, at);
        done += bytesWritten;
        at += bytesWritten;
      }
    },
    attrs: async () => attrsOf(await handle.stat({ bigint: true }), owners),
    async setAttrs({ size, owner, mode, times }) {
      if (times?.modify === NOTIFY_MTIME) {
        return;
      }
      writable();
      if (size !== undefined) {
        if (!writes) {
          throw new Refused(Status.permissionDenied, 'opened for reading');
        }
        await handle.truncate(Number(size));
      }
      if (mode !== undefined) {
        await handle.chmod(mode & 0o7777);
      }
      if (times !== undefined) {
        await handle.utimes(times.access, times.modify);
      }
      if (owner !== undefined) {
        await setOwner(await handle.stat({ bigint: true }), owner);
      }
    },
    sync: () => handle.sync(),
    close: () => handle.close(),
  });

  return {
    attrs: (name) => beneath.entry(name, async (path) => attrsOf(await stat(path), owners)),

    setAttrs: (name, { size, owner, mode, times }) =>
      beneath.entry(name, async (path) => {
        if (times?.modify === NOTIFY_MTIME) {
          await stat(path);
          return;
        }
        writable();
        if (size !== undefined) {
          const handle = await opened(path, constants.O_WRONLY | constants.O_NONBLOCK | beneath.noFollow);
          await handle.truncate(Number(size)).finally(() => handle.close());
        }
        if (mode !== undefined) {
          await beneath.chmod(path, mode & 0o7777);
        }
        if (times !== undefined) {
          await lutimes(path, times.access, times.modify);
        }
        if (owner !== undefined) {
          await setOwner(await stat(path), owner);
        }
      }),

    open: (name, flags, mode) =>
      beneath.entry(name, async (path) => {
        const has = (flag: number): boolean => (flags & flag) !== 0;
        const writes = has(OpenFlag.write | OpenFlag.append | OpenFlag.create | OpenFlag.truncate);
        if (writes) {
          writable();
        }
        // Not O_APPEND: the guest says where each write goes, and its kernel writes pages of a mapped file through any handle that it has.
        const access = has(OpenFlag.write | OpenFlag.append)
          ? has(OpenFlag.read)
            ? constants.O_RDWR
            : constants.O_WRONLY
          : constants.O_RDONLY;
        // O_NONBLOCK: a FIFO that nobody writes must not hold a thread.
        const how = access | (has(OpenFlag.truncate) ? constants.O_TRUNC : 0) | constants.O_NONBLOCK | beneath.noFollow;
        const { handle, created } = await openOrCreate(path, how, mode & 0o7777, has(OpenFlag.create), has(OpenFlag.exclusive));
        try {
          const stats = await handle.stat({ bigint: true });
          if (!stats.isFile()) {
            throw new Refused(Status.failure, 'not a file');
          }
          if (created) {
            // What was asked for is the guest's wish and its umask's; this process's is not asked.
            if (differs(stats, mode)) {
              await handle.chmod(mode & 0o7777);
            }
            await inherit(path, stats);
          }
        } catch (error) {
          await handle.close();
          throw error;
        }
        return file(handle, access !== constants.O_RDONLY);
      }),

    list: (name) => beneath.entry(name, (path) => openListing({ path, beneath, owners, readOnly })),

    remove: (name) =>
      beneath.entry(name, (path) => {
        writable();
        return ending(path, () => unlink(path));
      }),

    mkdir: (name, mode) =>
      beneath.entry(name, async (path) => {
        writable();
        await mkdir(path, mode & 0o7777);
        const stats = await stat(path);
        if (differs(stats, mode)) {
          await beneath.chmod(path, mode & 0o7777);
        }
        await inherit(path, stats);
      }),

    rmdir: (name) =>
      beneath.entry(name, (path) => {
        writable();
        return ending(path, () => rmdir(path));
      }),

    rename: (from, to, replace) =>
      beneath.entry(from, (old) =>
        beneath.entry(to, async (path) => {
          writable();
          if (beneath.pinned(from) || beneath.pinned(to)) {
            throw new Refused(Status.permissionDenied, 'Berth keeps its own files in it');
          }
          if (!replace && (await exists(path))) {
            throw new Refused(Status.failure, 'EEXIST');
          }
          // Two names of one file: rename(2) does nothing, and the file stays.
          const [source, target] = owners.size === 0 ? [] : await Promise.all([old, path].map((each) => stat(each).catch(() => undefined)));
          await rename(old, path);
          if (target?.nlink === 1n && target.ino !== source?.ino) {
            owners.forget(target);
          }
        }),
      ),

    link: (from, to) =>
      beneath.entry(from, (old) =>
        beneath.entry(to, async (path) => {
          writable();
          // Some systems' link(2) follows a symlink.
          if (process.platform !== 'linux' && (await lstat(old)).isSymbolicLink()) {
            throw new Refused(Status.unsupported, 'a hard link of a symlink');
          }
          await link(old, path);
        }),
      ),

    symlink: (target, name) =>
      beneath.entry(name, async (path) => {
        writable();
        await symlink(bytesOf(target), path);
        await inherit(path);
      }),

    readlink: (name) => beneath.entry(name, (path) => readlink(path, 'latin1')),

    space: (name) =>
      beneath.entry(name, async (path) => {
        const { bsize, blocks, bfree, bavail, files, ffree } = await statfs(bytesOf(folderOf(path)), { bigint: true });
        return { blockSize: bsize, blocks, free: bfree, available: bavail, files, filesFree: ffree };
      }),
  };

  async function openOrCreate(
    path: Buffer,
    how: number,
    mode: number,
    create: boolean,
    exclusive: boolean,
  ): Promise<{ readonly handle: FileHandle; readonly created: boolean }> {
    for (let tries = 3; create; tries -= 1) {
      try {
        return { handle: await open(path, how | constants.O_CREAT | constants.O_EXCL, mode), created: true };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || exclusive) {
          throw error;
        }
      }
      try {
        return { handle: await opened(path, how), created: false };
      } catch (error) {
        // Removed in between.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || tries === 1) {
          throw error;
        }
      }
    }
    return { handle: await opened(path, how), created: false };
  }
}

function folderOf(path: Buffer): string {
  const text = path.toString('latin1');
  return text.slice(0, text.lastIndexOf('/'));
}

function differs(stats: BigIntStats, mode: number): boolean {
  return (Number(stats.mode) & 0o7777) !== (mode & 0o7777);
}
