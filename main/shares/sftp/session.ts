// One client's session: packets off a stream, requests in an order that a client may rely on, answers back. Memory is bounded by a budget that a
// request takes before it is begun and gives back when its answer has left, so a client that does not read is not read either.
// Knows no files; tree.ts does what is asked.
import type { Duplex } from 'node:stream';
import { asError } from '../../lib/async';
import { components } from './beneath';
import { createBudget } from './budget';
import type { Entry, Listing } from './listing';
import { packets } from './packets';
import { Refused, statusOf } from './status';
import type { OpenFile, Space, Tree } from './tree';
import { createReader, DATA_HEAD, dataPacket, packet, Packet, Status, attrs as attrBytes, string, u32, u64 } from './wire';
import type { Attrs, Reader } from './wire';

/** Open files and folders of one client; beyond it opening fails. */
const HANDLES = 8192;
/** What sshfs takes at once is 64 KiB; OpenSSH's sftp asks `limits@openssh.com`. */
const DATA_LIMIT = 256 * 1024;
const BUDGET = 4 * 1024 * 1024;
/** What a request costs besides the data that it carries or asks for. */
const OVERHEAD = 1024;
const LISTING = 64 * 1024;

const extensions = {
  'posix-rename@openssh.com': '1',
  'statvfs@openssh.com': '2',
  'fstatvfs@openssh.com': '2',
  'hardlink@openssh.com': '1',
  'fsync@openssh.com': '1',
  'lsetstat@openssh.com': '1',
  'limits@openssh.com': '1',
} as const;
type Extension = keyof typeof extensions;

interface Handle {
  readonly name: string;
  readonly file?: OpenFile;
  readonly listing?: Listing;
  /** Its last request: those of one handle are done one after the other. */
  tail: Promise<unknown>;
}

type Answer = (id: number) => Buffer;

export interface SessionOptions {
  readonly handles?: number;
  readonly budget?: number;
}

/** Resolves when the stream is over and everything that it had open is closed; never rejects. */
export async function serveSftp(stream: Duplex, tree: Tree, options: SessionOptions = {}): Promise<{ readonly error?: Error }> {
  const handles = new Map<number, Handle>();
  const budget = createBudget(options.budget ?? BUDGET);
  const limit = options.handles ?? HANDLES;
  let lastHandle = 0;
  /** sshfs sends OPEN and LSTAT of the same new file without waiting: what is not about data goes one after the other, behind all writes before it. */
  let order: Promise<unknown> = Promise.resolve();
  let written: Promise<unknown> = Promise.resolve();

  const handleOf = (bytes: Buffer): Handle => {
    const found = bytes.length === 4 ? handles.get(bytes.readUInt32BE()) : undefined;
    if (found === undefined) {
      throw new Refused(Status.failure, 'no such handle');
    }
    return found;
  };
  const fileOf = (handle: Handle): OpenFile => {
    if (handle.file === undefined) {
      throw new Refused(Status.failure, 'not a file');
    }
    return handle.file;
  };
  const newHandle = async (make: () => Promise<Omit<Handle, 'tail'>>): Promise<Answer> => {
    if (handles.size >= limit) {
      throw new Refused(Status.failure, 'EMFILE');
    }
    const made = await make();
    do {
      lastHandle = (lastHandle + 1) % 0x100000000;
    } while (handles.has(lastHandle));
    handles.set(lastHandle, { ...made, tail: Promise.resolve() });
    const bytes = u32(lastHandle);
    return (id) => packet(Packet.handle, id, string(bytes));
  };

  const run = (action: () => Promise<Answer>, after: readonly Promise<unknown>[]): Promise<Answer> =>
    Promise.all(after)
      .then(action)
      .catch((error: unknown) => {
        const { status, message } = statusOf(error);
        return answerStatus(status, message);
      });
  /** About names, or about a handle as a whole. */
  const ordered = (action: () => Promise<Answer | void>, handle?: Handle): Promise<Answer> => {
    const done = run(async () => (await action()) ?? ok, [order, written, ...(handle === undefined ? [] : [handle.tail])]);
    order = done;
    if (handle !== undefined) {
      handle.tail = done;
    }
    return done;
  };
  /** About a handle's data: those of several handles go side by side. */
  const data = (handle: Handle, action: () => Promise<Answer | void>, afterWrites = true): Promise<Answer> => {
    const done = run(async () => (await action()) ?? ok, afterWrites ? [handle.tail, written] : [handle.tail]);
    handle.tail = done;
    return done;
  };

  const read = (handle: Handle, position: bigint, asked: number): Promise<Answer> =>
    data(handle, async () => {
      const file = fileOf(handle);
      const length = Math.min(asked, DATA_LIMIT);
      const buffer = Buffer.allocUnsafe(DATA_HEAD + length);
      const got = await file.read(buffer, DATA_HEAD, length, position);
      return got === 0 && length > 0 ? answerStatus(Status.eof, 'end of file') : (id) => dataPacket(id, buffer, got);
    });
  const write = (handle: Handle, position: bigint, bytes: Buffer): Promise<Answer> => {
    const done = data(handle, () => fileOf(handle).write(bytes, position), false);
    // Without its values, which would hold one another for ever.
    written = Promise.all([written, done]).then(() => undefined);
    return done;
  };
  const list = (handle: Handle): Promise<Answer> =>
    data(handle, async () => {
      if (handle.listing === undefined) {
        throw new Refused(Status.failure, 'not a folder');
      }
      let entries: readonly Entry[] | undefined = [];
      while (entries?.length === 0) {
        entries = await handle.listing.next();
      }
      return entries === undefined ? answerStatus(Status.eof, 'end of folder') : answerNames(entries);
    });

  const extended = (reader: Reader): Promise<Answer> => {
    const name = reader.name();
    switch (name as Extension) {
      case 'posix-rename@openssh.com': {
        const [from, to] = [reader.name(), reader.name()];
        return ordered(() => tree.rename(from, to, true));
      }
      case 'hardlink@openssh.com': {
        const [from, to] = [reader.name(), reader.name()];
        return ordered(() => tree.link(from, to));
      }
      case 'statvfs@openssh.com': {
        const path = reader.name();
        return ordered(async () => answerSpace(await tree.space(path)));
      }
      case 'fstatvfs@openssh.com': {
        const handle = handleOf(reader.bytes());
        return ordered(async () => answerSpace(await tree.space(handle.name)), handle);
      }
      case 'fsync@openssh.com': {
        const handle = handleOf(reader.bytes());
        return data(handle, () => fileOf(handle).sync());
      }
      case 'lsetstat@openssh.com': {
        const [path, wanted] = [reader.name(), reader.attrs()];
        return ordered(() => tree.setAttrs(path, wanted));
      }
      case 'limits@openssh.com':
        return Promise.resolve((id) =>
          packet(Packet.extendedReply, id, ...[DATA_LIMIT + OVERHEAD, DATA_LIMIT, DATA_LIMIT, limit].map((value) => u64(BigInt(value)))),
        );
      default:
        throw new Refused(Status.unsupported, 'not known here');
    }
  };

  /** Reads the whole request before the first wait, because its bytes are a view of the stream's. */
  const begin = (type: number, reader: Reader): Promise<Answer> => {
    switch (type) {
      case Packet.open: {
        const [path, flags, wanted] = [reader.name(), reader.u32(), reader.attrs()];
        return ordered(() => newHandle(async () => ({ name: path, file: await tree.open(path, flags, wanted.mode ?? 0o666) })));
      }
      case Packet.opendir: {
        const path = reader.name();
        return ordered(() => newHandle(async () => ({ name: path, listing: await tree.list(path) })));
      }
      case Packet.close: {
        const bytes = reader.bytes();
        const handle = handleOf(bytes);
        handles.delete(bytes.readUInt32BE());
        return ordered(() => closed(handle), handle);
      }
      case Packet.read:
        return read(handleOf(reader.bytes()), reader.u64(), reader.u32());
      case Packet.write:
        return write(handleOf(reader.bytes()), reader.u64(), reader.bytes());
      case Packet.readdir:
        return list(handleOf(reader.bytes()));
      case Packet.stat:
      case Packet.lstat: {
        const path = reader.name();
        return ordered(async () => answerAttrs(await tree.attrs(path)));
      }
      case Packet.fstat: {
        const handle = handleOf(reader.bytes());
        return ordered(async () => answerAttrs(await (handle.file?.attrs() ?? tree.attrs(handle.name))), handle);
      }
      case Packet.setstat: {
        const [path, wanted] = [reader.name(), reader.attrs()];
        return ordered(() => tree.setAttrs(path, wanted));
      }
      case Packet.fsetstat: {
        const [handle, wanted] = [handleOf(reader.bytes()), reader.attrs()];
        return ordered(() => handle.file?.setAttrs(wanted) ?? tree.setAttrs(handle.name, wanted), handle);
      }
      case Packet.remove: {
        const path = reader.name();
        return ordered(() => tree.remove(path));
      }
      case Packet.mkdir: {
        const [path, wanted] = [reader.name(), reader.attrs()];
        return ordered(() => tree.mkdir(path, wanted.mode ?? 0o777));
      }
      case Packet.rmdir: {
        const path = reader.name();
        return ordered(() => tree.rmdir(path));
      }
      case Packet.rename: {
        const [from, to] = [reader.name(), reader.name()];
        return ordered(() => tree.rename(from, to, false));
      }
      case Packet.symlink: {
        // OpenSSH has the two the other way round than the draft, and so has everyone.
        const [target, path] = [reader.name(), reader.name()];
        return ordered(() => tree.symlink(target, path));
      }
      case Packet.readlink: {
        const path = reader.name();
        return ordered(async () => answerNames([{ name: await tree.readlink(path), attrs: {} }]));
      }
      case Packet.realpath: {
        const path = absolute(reader.name());
        return Promise.resolve(answerNames([{ name: path, attrs: {} }]));
      }
      case Packet.extended:
        return extended(reader);
      default:
        throw new Refused(Status.unsupported, 'not known here');
    }
  };

  const send = (bytes: Buffer): Promise<void> =>
    new Promise((resolve) => (stream.destroyed ? resolve() : stream.write(bytes, () => resolve())));

  let error: Error | undefined;
  try {
    for await (const bytes of packets(stream, DATA_LIMIT + OVERHEAD)) {
      const reader = createReader(bytes);
      const type = reader.byte();
      if (type === Packet.init) {
        void send(versionPacket());
        continue;
      }
      const id = reader.u32();
      const cost = OVERHEAD + bytes.length + answerSize(type, bytes);
      await budget.take(cost);
      void answered(type, reader)
        .then((answer) => send(answer(id)))
        .finally(() => budget.give(cost));
    }
  } catch (caught) {
    error = asError(caught);
  }
  stream.destroy();
  await Promise.all([order, written, ...[...handles.values()].map(({ tail }) => tail)]);
  await Promise.all([...handles.values()].map((handle) => closed(handle).catch(() => undefined)));
  return error === undefined ? {} : { error };

  async function answered(type: number, reader: Reader): Promise<Answer> {
    try {
      return await begin(type, reader);
    } catch (caught) {
      const { status, message } = statusOf(caught);
      return answerStatus(status, message);
    }
  }
}

async function closed({ file, listing }: Handle): Promise<void> {
  await file?.close();
  await listing?.close();
}

/** What the answer will hold besides a few words. */
function answerSize(type: number, bytes: Buffer): number {
  if (type === Packet.read && bytes.length >= 4) {
    return Math.min(bytes.readUInt32BE(bytes.length - 4), DATA_LIMIT);
  }
  return type === Packet.readdir ? LISTING : 0;
}

function absolute(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') {
      parts.pop();
    } else {
      parts.push(part);
    }
  }
  return `/${components(parts.join('/')).join('/')}`;
}

function versionPacket(): Buffer {
  const rest = Object.entries(extensions).flatMap(([name, version]) => [string(name), string(version)]);
  // Where others have their id it has its number: 3.
  return packet(Packet.version, 3, ...rest);
}

function answerStatus(status: number, message: string): Answer {
  return (id) => packet(Packet.status, id, u32(status), string(message), string(''));
}

const ok = answerStatus(Status.ok, '');

function answerAttrs(found: Attrs): Answer {
  return (id) => packet(Packet.attrs, id, attrBytes(found));
}

function answerNames(entries: readonly Entry[]): Answer {
  // The second is for people: clients that mount look at the attributes.
  return (id) =>
    packet(Packet.name, id, u32(entries.length), ...entries.flatMap(({ name, attrs }) => [string(name), string(name), attrBytes(attrs)]));
}

function answerSpace({ blockSize, blocks, free, available, files, filesFree }: Space): Answer {
  const NAME_MAX = 255n;
  const numbers = [blockSize, blockSize, blocks, free, available, files, filesFree, filesFree, 0n, 0n, NAME_MAX];
  return (id) => packet(Packet.extendedReply, id, ...numbers.map(u64));
}
