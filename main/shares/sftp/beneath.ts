// Where a request's path leads: to an entry beneath the shared folder, and nowhere else. No symlink is ever followed here; the guest's kernel
// follows them itself and asks for what it found, so that one that leads out of the share ends in the guest, as on plain Linux.
//
// On Linux the entry's folder is held as an O_PATH descriptor: opened by its whole path, then asked where it is (/proc/self/fd); only the very
// place that was meant is taken, and the entry is reached through the descriptor. Whoever renames folders or puts symlinks in between changes
// nothing about that. Elsewhere Node has nothing like openat(2): each component is looked at first, and what is put there between the look and
// the call is followed. macOS refuses symlinks on the whole way at least for opens (O_NOFOLLOW_ANY); renames and removals stay such a race.
import { constants } from 'node:fs';
import { chmod, lstat, open, readlink, realpath } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { isWithin } from '../../lib/within';
import { Refused } from './status';
import { Status } from './wire';

export interface Beneath {
  /** Runs `use` with a path that reaches the entry itself, which need not exist. */
  entry<T>(name: string, use: (path: Buffer) => Promise<T>): Promise<T>;
  /** Something hidden lies in it: moved, it would lie where nobody hides it. */
  pinned(name: string): boolean;
  /** Added to the flags of every open of such a path. */
  readonly noFollow: number;
  /** Of such a path; a symlink is refused. */
  chmod(path: Buffer, mode: number): Promise<void>;
  /** Such a path as a folder that stays the same one, whatever is put in its place. */
  folder(path: Buffer): Promise<FixedFolder>;
  dispose(): Promise<void>;
}

export interface FixedFolder {
  readonly at: string;
  close(): Promise<void>;
}

export interface BeneathOptions {
  /** Absolute; a symlink at its end is followed. */
  readonly folder: string;
  /** Entries beneath it, as absolute paths, that do not exist for the guest to use: Berth's own home. */
  readonly hidden?: readonly string[];
  readonly platform?: NodeJS.Platform;
}

const O_PATH = 0o10000000;
const O_NOFOLLOW_ANY = 0x20000000;
/** Held folders pin the file system that they are on: a disk must be free to go soon after its last use. */
const IDLE_MS = 2000;
const HELD = 64;

/** Windows' flag set lacks some. */
const flag = (name: 'O_NOFOLLOW' | 'O_DIRECTORY'): number => (constants as Partial<typeof constants>)[name] ?? 0;

export const bytesOf = (path: string): Buffer => Buffer.from(path, 'latin1');
export const nameOf = (path: string): string => Buffer.from(path).toString('latin1');

/** The components of a client's absolute path. */
export function components(name: string): readonly string[] {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (name.includes('\0') || parts.includes('..')) {
    throw new Refused(Status.permissionDenied, 'not a plain path');
  }
  return parts;
}

export function createBeneath({ folder, hidden = [], platform = process.platform }: BeneathOptions): Beneath {
  const root = nameOf(folder).replace(/\/+$/, '');
  // macOS and Windows find a file by other letters too.
  const folded = (path: string): string =>
    platform === 'linux' ? path : Buffer.from(path, 'latin1').toString('utf8').normalize('NFC').toLowerCase();
  const own = hidden.map((path) => folded(nameOf(path))).filter((path) => isWithin(folded(root), path));
  const placeOf = (name: string): string => folded([root, ...components(name)].join('/'));
  const { finder, ...rest } =
    platform === 'linux' ? { finder: heldFolders(root), ...heldEntries } : { finder: walkedFolders(folder), ...walkedEntries };
  return {
    ...rest,
    noFollow: platform === 'darwin' ? O_NOFOLLOW_ANY : flag('O_NOFOLLOW'),
    async entry(name, use) {
      const parts = components(name);
      if (own.some((path) => isWithin(path, placeOf(name)))) {
        throw new Refused(Status.permissionDenied, 'Berth keeps its own files here');
      }
      const last = parts.at(-1) ?? '.';
      return finder.inFolder(parts.slice(0, -1), (at) => use(bytesOf(`${at}/${last}`)));
    },
    pinned: (name) => own.some((path) => isWithin(placeOf(name), path)),
    dispose: () => finder.dispose(),
  };
}

interface Finder {
  inFolder<T>(parts: readonly string[], use: (at: string) => Promise<T>): Promise<T>;
  dispose(): Promise<void>;
}

interface Held {
  readonly handle: FileHandle;
  readonly at: string;
  /** Where it was when it was opened; elsewhere or deleted, it is another folder than the one asked for. */
  readonly real: string;
  users: number;
  usedAt: number;
  dropped: boolean;
}

function heldFolders(root: string): Finder {
  const held = new Map<string, Held>();
  let timer: NodeJS.Timeout | undefined;
  const flags = O_PATH | flag('O_DIRECTORY');

  const place = (at: string): Promise<string> => readlink(at, 'latin1');
  const openAt = async (path: string, more = 0): Promise<Omit<Held, 'users' | 'usedAt' | 'dropped'>> => {
    const handle = await open(bytesOf(path), flags | more);
    const at = `/proc/self/fd/${handle.fd}`;
    try {
      return { handle, at, real: await place(at) };
    } catch (error) {
      await handle.close();
      throw error;
    }
  };

  /** Step by step, each beneath the descriptor of the one before. */
  const walk = async (parts: readonly string[]): Promise<Awaited<ReturnType<typeof openAt>>> => {
    let here = await openAt(root === '' ? '/' : root);
    for (const part of parts) {
      const above = here;
      try {
        here = await openAt(`${above.at}/${part}`, flag('O_NOFOLLOW'));
      } finally {
        await above.handle.close();
      }
    }
    return here;
  };

  const find = async (parts: readonly string[]): Promise<Awaited<ReturnType<typeof openAt>>> => {
    if (parts.length < 2) {
      return walk(parts);
    }
    const top = await openAt(root === '' ? '/' : root);
    await top.handle.close();
    const direct = await openAt([root, ...parts].join('/'), flag('O_NOFOLLOW'));
    if (direct.real === [top.real === '/' ? '' : top.real, ...parts].join('/')) {
      return direct;
    }
    // A symlink on the way, which the walk refuses; or a file system that names things otherwise (no difference of case).
    await direct.handle.close();
    return walk(parts);
  };

  const drop = (key: string, folder: Held): void => {
    if (held.get(key) === folder) {
      held.delete(key);
    }
    folder.dropped = true;
    if (folder.users === 0) {
      void folder.handle.close();
    }
  };
  const trim = (): void => {
    timer = undefined;
    const now = performance.now();
    for (const [key, folder] of held) {
      if (folder.users === 0 && now - folder.usedAt >= IDLE_MS) {
        drop(key, folder);
      }
    }
    if (held.size > 0) {
      timer = setTimeout(trim, IDLE_MS);
      timer.unref();
    }
  };

  const hold = async (key: string, parts: readonly string[]): Promise<Held> => {
    const known = held.get(key);
    if (known !== undefined) {
      known.users += 1;
      const real = await place(known.at).catch(() => undefined);
      if (real === known.real) {
        return known;
      }
      known.users -= 1;
      drop(key, known);
    }
    const folder: Held = { ...(await find(parts)), users: 1, usedAt: 0, dropped: false };
    const other = held.get(key);
    if (other !== undefined) {
      drop(key, other);
    }
    held.set(key, folder);
    const oldest = held.size > HELD ? [...held].find(([, { users }]) => users === 0) : undefined;
    if (oldest !== undefined) {
      drop(...oldest);
    }
    timer ??= setTimeout(trim, IDLE_MS).unref();
    return folder;
  };

  return {
    async inFolder(parts, use) {
      const folder = await hold(parts.join('/'), parts);
      try {
        return await use(folder.at);
      } finally {
        folder.users -= 1;
        folder.usedAt = performance.now();
        if (folder.dropped && folder.users === 0) {
          await folder.handle.close();
        }
      }
    },
    dispose() {
      clearTimeout(timer);
      [...held].forEach(([key, folder]) => drop(key, folder));
      return Promise.resolve();
    },
  };
}

function walkedFolders(folder: string): Finder {
  return {
    async inFolder(parts, use) {
      let at = nameOf(await realpath(folder));
      for (const part of parts) {
        at = `${at}/${part}`;
        if (!(await lstat(bytesOf(at))).isDirectory()) {
          throw new Refused(Status.noSuchFile, 'ENOTDIR');
        }
      }
      return use(at);
    },
    dispose: () => Promise.resolve(),
  };
}

const heldEntries: Pick<Beneath, 'chmod' | 'folder'> = {
  async chmod(path, mode) {
    const handle = await open(path, O_PATH | flag('O_NOFOLLOW'));
    try {
      await chmod(`/proc/self/fd/${handle.fd}`, mode);
    } finally {
      await handle.close();
    }
  },
  async folder(path) {
    const handle = await open(path, O_PATH | flag('O_NOFOLLOW') | flag('O_DIRECTORY'));
    return { at: `/proc/self/fd/${handle.fd}`, close: () => handle.close() };
  },
};

const walkedEntries: Pick<Beneath, 'chmod' | 'folder'> = {
  async chmod(path, mode) {
    if ((await lstat(path)).isSymbolicLink()) {
      throw new Refused(Status.unsupported, 'a symlink has no mode');
    }
    await chmod(path, mode);
  },
  async folder(path) {
    if (!(await lstat(path)).isDirectory()) {
      throw new Refused(Status.noSuchFile, 'ENOTDIR');
    }
    return { at: path.toString('latin1'), close: () => Promise.resolve() };
  },
};
