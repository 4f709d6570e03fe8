// What containers see as a file's owner, where it is not the user of this computer: a table in Berth's home, because an ordinary user may not
// chown and SFTP carries no extended attributes. One journal a share, a line a change; what is seen longest ago goes first when it is full.
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ensureFolder, readText, writeAtomic } from '../../lib/atomic-file';
import type { Owner } from './wire';

/** Of bigint stats. */
export interface FileIdentity {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly birthtimeNs: bigint;
}

export interface Owners {
  of(file: FileIdentity): Owner | undefined;
  /** Resolves when the journal has it. */
  set(file: FileIdentity, owner: Owner): Promise<void>;
  forget(file: FileIdentity): void;
  readonly size: number;
  /** The journal is whole and closed. */
  dispose(): Promise<void>;
}

/** About 25 MB of memory; a database's data folder has some thousand files, a `chown -R` of a big project 100,000. */
const LIMIT = 200_000;
/** Lines beyond those that still count, before the journal is written anew. */
const SLACK = 10_000;
const HEAD = 'berth-owners 1';
const LINE = /^([0-9a-f.]+) (?:(\d+) (\d+)|-)$/;

/** Of two files with one inode number, one after the other, the time of birth tells them apart. The device's number is left out where it can be: it changes when a disk is plugged in elsewhere. */
function keyOf({ dev, ino, birthtimeNs }: FileIdentity): string {
  return birthtimeNs > 0n ? `${ino.toString(16)}.${birthtimeNs.toString(16)}` : `${ino.toString(16)}..${dev.toString(16)}`;
}

export async function openOwners(path: string, { limit = LIMIT, slack = SLACK } = {}): Promise<Owners> {
  await ensureFolder(dirname(path));
  const table = new Map<string, Owner>();
  const put = (key: string, owner: Owner): void => {
    table.delete(key);
    table.set(key, owner);
    if (table.size > limit) {
      for (const oldest of table.keys()) {
        table.delete(oldest);
        break;
      }
    }
  };
  let lines = await read(path, (key, owner) => (owner === undefined ? table.delete(key) : put(key, owner)));
  let journal: FileHandle | undefined;
  let waiting: string[] = [];
  let writing: Promise<void> | undefined;

  const compact = async (): Promise<void> => {
    await journal?.close();
    journal = undefined;
    await writeAtomic(path, [HEAD, ...[...table].map(([key, owner]) => line(key, owner)), ''].join('\n'));
    lines = table.size;
  };
  const write = async (): Promise<void> => {
    // One write for what comes together: a chown of a tree is thousands of them.
    await new Promise(setImmediate);
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      lines += batch.length;
      if (lines > table.size + slack) {
        await compact();
      } else {
        journal ??= await open(path, 'a', 0o600);
        await journal.appendFile(`${batch.join('\n')}\n`);
      }
    }
  };
  const note = (text: string): Promise<void> => {
    waiting.push(text);
    writing ??= write().finally(() => (writing = undefined));
    return writing;
  };
  if (lines !== table.size) {
    await compact();
  }

  return {
    of(file) {
      if (table.size === 0) {
        return undefined;
      }
      const key = keyOf(file);
      const owner = table.get(key);
      if (owner !== undefined) {
        put(key, owner);
      }
      return owner;
    },
    set(file, owner) {
      const key = keyOf(file);
      const known = table.get(key);
      put(key, owner);
      return known?.uid === owner.uid && known.gid === owner.gid ? Promise.resolve() : note(line(key, owner));
    },
    forget(file) {
      const key = keyOf(file);
      if (table.delete(key)) {
        // Lost, it is a line that never matches again.
        note(`${key} -`).catch(() => undefined);
      }
    },
    get size() {
      return table.size;
    },
    async dispose() {
      await writing?.catch(() => undefined);
      await journal?.close();
      journal = undefined;
    },
  };
}

function line(key: string, { uid, gid }: Owner): string {
  return `${key} ${uid} ${gid}`;
}

/** Lines that were read, or -1 where the file has to be written anew: it is not there, or its end is torn. */
async function read(path: string, take: (key: string, owner: Owner | undefined) => void): Promise<number> {
  const text = await readText(path);
  if (text === undefined) {
    return -1;
  }
  const [head, ...lines] = text.split('\n');
  if (head !== HEAD) {
    throw new Error(`${path} cannot be read: not a table of owners of this version`);
  }
  const last = lines.pop();
  let torn = last !== '';
  for (const each of lines) {
    const match = LINE.exec(each);
    if (match === null) {
      torn = true;
      continue;
    }
    const [, key = '', uid, gid] = match;
    take(key, uid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) });
  }
  return torn ? -1 : lines.length;
}
