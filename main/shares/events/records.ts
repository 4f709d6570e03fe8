// Records of the watching program and of the guest's `notify`: length (4 bytes, big-endian), a letter, a path. Knows neither of them.
import type { BytePath } from './byte-path';

const HEAD = 4;
/** PATH_MAX and the letter. */
const MAX = 4097;

/** `c` changed, `n` new under this name, `d` gone. */
export type ChangeKind = 'c' | 'n' | 'd';

export interface Change {
  readonly kind: ChangeKind;
  readonly path: BytePath;
}

export function record(letter: string, path: BytePath): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD + 1 + path.length);
  bytes.writeUInt32BE(1 + path.length, 0);
  bytes.write(letter + path, HEAD, 'latin1');
  return bytes;
}

/** The end of a batch. */
export const END = Buffer.alloc(HEAD);

/** Cuts bytes into records; false = these are none, and the stream is of no use any more. */
export function recordReader(onRecord: (letter: string, path: BytePath) => void): (bytes: Buffer) => boolean {
  let rest: Buffer = Buffer.alloc(0);
  return (bytes) => {
    const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    let at = 0;
    while (all.length - at >= HEAD) {
      const length = all.readUInt32BE(at);
      if (length === 0 || length > MAX) {
        return false;
      }
      if (all.length - at < HEAD + length) {
        break;
      }
      onRecord(all.toString('latin1', at + HEAD, at + HEAD + 1), all.toString('latin1', at + HEAD + 1, at + HEAD + length));
      at += HEAD + length;
    }
    rest = all.subarray(at);
    return true;
  };
}
