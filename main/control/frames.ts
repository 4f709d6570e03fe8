// Frames over a stream socket: four bytes of length, then the frame. A length over the limit is refused before anything is kept for it.
import type { Duplex } from 'node:stream';
import { BerthError } from '../../preload/contract';
import { MAX_FRAME_BYTES } from '../../preload/rpc/frames';
import type { Transport } from '../../preload/rpc/transport';

export interface FrameSplitter {
  /** The whole frames that are there now. Throws `rpc.tooLarge`. */
  push(chunk: Uint8Array): Uint8Array[];
}

export function createFrameSplitter(): FrameSplitter {
  let parts: Uint8Array[] = [];
  let size = 0;

  function take(length: number): Buffer {
    const all =
      parts.length === 1 && parts[0] !== undefined
        ? Buffer.from(parts[0].buffer, parts[0].byteOffset, parts[0].byteLength)
        : Buffer.concat(parts, size);
    parts = all.length > length ? [all.subarray(length)] : [];
    size -= length;
    return all.subarray(0, length);
  }

  let expected: number | undefined;
  return {
    push(chunk) {
      const frames: Uint8Array[] = [];
      parts.push(chunk);
      size += chunk.length;
      for (;;) {
        if (expected === undefined) {
          if (size < 4) {
            return frames;
          }
          expected = take(4).readUInt32BE(0);
          if (expected > MAX_FRAME_BYTES) {
            throw new BerthError('rpc.tooLarge', { bytes: expected, limit: MAX_FRAME_BYTES });
          }
        }
        if (size < expected) {
          return frames;
        }
        frames.push(take(expected));
        expected = undefined;
      }
    },
  };
}

export function withLength(frame: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(4 + frame.length);
  bytes.writeUInt32BE(frame.length, 0);
  bytes.set(frame, 4);
  return bytes;
}

export function socketTransport(socket: Duplex): Transport {
  const splitter = createFrameSplitter();
  let reason: Error | undefined;
  socket.on('error', (error) => {
    reason = error;
  });
  return {
    start(listener) {
      let faulty = false;
      socket.on('data', (chunk: Buffer) => {
        if (faulty) {
          return; // What follows a bad length has no meaning.
        }
        try {
          splitter.push(chunk).forEach((frame) => listener.message(frame));
        } catch (error) {
          faulty = true;
          listener.fault(error as BerthError);
        }
      });
      socket.on('close', () => listener.close(reason));
      // The peer's half-close is its goodbye: there is no protocol after it.
      socket.on('end', () => socket.end());
    },
    send(bytes) {
      if (socket.writable) {
        socket.write(withLength(bytes));
      }
    },
    close() {
      socket.end();
      // A peer that never reads must not keep it open.
      setTimeout(() => socket.destroy(), 2000).unref();
    },
    get bufferedAmount() {
      return socket.writableLength;
    },
  };
}
