// SFTP version 3 as bytes: packet types, a reader that refuses what is short, writers. Names are strings of bytes (latin1), because a file's name
// need not be text; ssh2's own SFTP half decodes them as UTF-8 and loses the others. Knows no files.

export const Packet = {
  init: 1,
  version: 2,
  open: 3,
  close: 4,
  read: 5,
  write: 6,
  lstat: 7,
  fstat: 8,
  setstat: 9,
  fsetstat: 10,
  opendir: 11,
  readdir: 12,
  remove: 13,
  mkdir: 14,
  rmdir: 15,
  realpath: 16,
  stat: 17,
  rename: 18,
  readlink: 19,
  symlink: 20,
  status: 101,
  handle: 102,
  data: 103,
  name: 104,
  attrs: 105,
  extended: 200,
  extendedReply: 201,
} as const;

export const Status = {
  ok: 0,
  eof: 1,
  noSuchFile: 2,
  permissionDenied: 3,
  failure: 4,
  badMessage: 5,
  unsupported: 8,
  /** Of later versions: sshfs makes "input/output error" of every code that it does not know, which is nearer to a full disk than "not permitted". */
  noSpace: 14,
} as const;
export type StatusCode = (typeof Status)[keyof typeof Status];

export const OpenFlag = { read: 1, write: 2, append: 4, create: 8, truncate: 16, exclusive: 32 } as const;

const AttrFlag = { size: 1, owner: 2, mode: 4, times: 8, extended: 0x80000000 } as const;

/** What a client wants to have set, or what an entry is. Times in seconds, as the protocol has them. */
export interface Attrs {
  readonly size?: bigint;
  readonly owner?: Owner;
  readonly mode?: number;
  readonly times?: { readonly access: number; readonly modify: number };
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** The packet does not hold what its type promises. */
export class BadMessage extends Error {}

export interface Reader {
  byte(): number;
  u32(): number;
  u64(): bigint;
  /** A view, good until the packet is forgotten. */
  bytes(): Buffer;
  name(): string;
  attrs(): Attrs;
}

export function createReader(packet: Buffer): Reader {
  let at = 0;
  const take = (length: number): number => {
    if (length > packet.length - at) {
      throw new BadMessage('the packet is too short');
    }
    at += length;
    return at - length;
  };
  const u32 = (): number => packet.readUInt32BE(take(4));
  const u64 = (): bigint => packet.readBigUInt64BE(take(8));
  const bytes = (): Buffer => {
    const start = take(u32());
    return packet.subarray(start, at);
  };
  return {
    byte: () => packet.readUInt8(take(1)),
    u32,
    u64,
    bytes,
    name: () => bytes().toString('latin1'),
    attrs() {
      const flags = u32();
      const has = (flag: number): boolean => (flags & flag) !== 0;
      const attrs = {
        ...(has(AttrFlag.size) ? { size: u64() } : {}),
        ...(has(AttrFlag.owner) ? { owner: { uid: u32(), gid: u32() } } : {}),
        ...(has(AttrFlag.mode) ? { mode: u32() } : {}),
        ...(has(AttrFlag.times) ? { times: { access: u32(), modify: u32() } } : {}),
      };
      if (has(AttrFlag.extended)) {
        for (let left = u32(); left > 0; left -= 1) {
          bytes();
          bytes();
        }
      }
      return attrs;
    },
  };
}

export function u32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

export function u64(value: bigint): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64BE(BigInt.asUintN(64, value));
  return bytes;
}

export function string(value: string | Buffer): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'latin1') : value;
  return Buffer.concat([u32(bytes.length), bytes]);
}

export function attrs({ size = 0n, owner = { uid: 0, gid: 0 }, mode = 0, times = { access: 0, modify: 0 } }: Attrs): Buffer {
  const bytes = Buffer.allocUnsafe(32);
  bytes.writeUInt32BE(AttrFlag.size | AttrFlag.owner | AttrFlag.mode | AttrFlag.times, 0);
  bytes.writeBigUInt64BE(size, 4);
  [owner.uid, owner.gid, mode, times.access, times.modify].forEach((value, index) => bytes.writeUInt32BE(value >>> 0, 12 + 4 * index));
  return bytes;
}

export function packet(type: number, id: number, ...rest: readonly Buffer[]): Buffer {
  const head = Buffer.allocUnsafe(9);
  head.writeUInt32BE(5 + rest.reduce((sum, piece) => sum + piece.length, 0), 0);
  head.writeUInt8(type, 4);
  head.writeUInt32BE(id, 5);
  return Buffer.concat([head, ...rest]);
}

/** Before the bytes of a data packet. */
export const DATA_HEAD = 13;

/** Read data are put behind `DATA_HEAD` bytes, so that they are not copied again. */
export function dataPacket(id: number, buffer: Buffer, length: number): Buffer {
  buffer.writeUInt32BE(9 + length, 0);
  buffer.writeUInt8(Packet.data, 4);
  buffer.writeUInt32BE(id, 5);
  buffer.writeUInt32BE(length, 9);
  return buffer.subarray(0, DATA_HEAD + length);
}
