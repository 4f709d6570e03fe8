// A file of fixed size with a place for each minute of an hour and each ten minutes of a day. A place is written alone, in one small write, and says
// itself what time it is of and whether it is whole: what a crash tore is a gap, and there is no end of the ring to lose.
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { asError } from '../lib/async';
import { ensureFolder, hasCode } from '../lib/atomic-file';
import type { Logger } from '../lib/logger';

export interface RingShape {
  /** Of one place. */
  readonly seconds: number;
  readonly places: number;
}

export interface RingRecord {
  /** Its time since the epoch over `seconds`. */
  readonly number: number;
  readonly values: Float64Array;
}

export interface RingFile {
  /** What is whole, for each ring; a file that is none of this kind begins anew. */
  load(): Promise<readonly (readonly RingRecord[])[]>;
  /** Not synced: the next minute is worth no wait for the disk. */
  write(ring: number, record: RingRecord): Promise<void>;
}

const MAGIC = Buffer.from('BERTHCOST');
const HEADER = 16;
/** The number, and a sum over it and the values. */
const HEAD = 8;

export function createRingFile(path: string, shapes: readonly RingShape[], width: number, log: Logger): RingFile {
  const place = HEAD + width * 8;
  const starts = shapes.map((_, ring) => HEADER + place * shapes.slice(0, ring).reduce((sum, { places }) => sum + places, 0));
  const size = HEADER + place * shapes.reduce((sum, { places }) => sum + places, 0);
  const header = Buffer.alloc(HEADER);
  MAGIC.copy(header);
  header.writeUInt8(1, MAGIC.length);
  header.writeUInt16LE(width, MAGIC.length + 1);

  async function opened<T>(work: (file: FileHandle) => Promise<T>): Promise<T> {
    await ensureFolder(dirname(path));
    const file = await open(path, 'r+', 0o600).catch((error: unknown) => {
      if (hasCode(error, 'ENOENT')) {
        return open(path, 'wx+', 0o600);
      }
      throw error;
    });
    try {
      return await work(file);
    } finally {
      await file.close();
    }
  }

  async function begin(file: FileHandle): Promise<void> {
    await file.truncate(0);
    await file.truncate(size);
    await file.write(header, 0, HEADER, 0);
  }

  return {
    load: () =>
      opened(async (file) => {
        const content = await file.readFile();
        if (content.length !== size || !content.subarray(0, HEADER).equals(header)) {
          if (content.length > 0) {
            log.warn('the history of what Berth costs is damaged, or of another version, and begins anew', { path, bytes: content.length });
          }
          await begin(file);
          return shapes.map(() => []);
        }
        return shapes.map(({ places }, ring) =>
          Array.from({ length: places }, (_, index) => {
            const at = (starts[ring] ?? 0) + index * place;
            return parse(content.subarray(at, at + place));
          }).filter((record) => record !== undefined),
        );
      }).catch((error: unknown) => {
        log.warn('the history of what Berth costs cannot be read', { path, error: asError(error).message });
        return shapes.map(() => []);
      }),
    write: (ring, record) =>
      opened(async (file) => {
        if ((await file.stat()).size !== size) {
          await begin(file);
        }
        const { places } = shapes[ring] ?? { places: 1 };
        await file.write(serialise(record), 0, place, (starts[ring] ?? 0) + (record.number % places) * place);
      }),
  };
}

function serialise({ number, values }: RingRecord): Buffer {
  const bytes = Buffer.alloc(HEAD + values.length * 8);
  bytes.writeUInt32LE(number, 0);
  values.forEach((value, index) => bytes.writeDoubleLE(value, HEAD + index * 8));
  bytes.writeUInt32LE(checksum(bytes), 4);
  return bytes;
}

function parse(bytes: Buffer): RingRecord | undefined {
  const number = bytes.readUInt32LE(0);
  if (number === 0 || bytes.readUInt32LE(4) !== checksum(bytes)) {
    return undefined;
  }
  return { number, values: Float64Array.from({ length: (bytes.length - HEAD) / 8 }, (_, index) => bytes.readDoubleLE(HEAD + index * 8)) };
}

/** FNV-1a over everything but its own place. */
function checksum(bytes: Buffer): number {
  let sum = 0x811c9dc5;
  for (const [index, byte] of bytes.entries()) {
    if (index < 4 || index >= HEAD) {
      sum = Math.imul(sum ^ byte, 0x01000193);
    }
  }
  return sum >>> 0;
}
