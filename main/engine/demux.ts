// Docker's multiplexed stream taken apart: 8-byte heads (type, three zeros, length), payloads handed on in the pieces in which they come.
// Holds at most a head; knows neither lines nor where the bytes come from.

export type LogStream = 'o' | 'e';

/** `start`: the first piece of a frame; dockerd puts a time stamp there, even in the midst of a long line. */
export type PieceSink = (stream: LogStream, bytes: Buffer, start: boolean) => void;

export interface Demux {
  push(chunk: Buffer, sink: PieceSink): void;
  /** True between frames: an end anywhere else is a cut. */
  atBoundary(): boolean;
}

/** Of a terminal: no frames, one stream. */
export function createRawDemux(): Demux {
  let first = true;
  return {
    push(chunk, sink) {
      sink('o', chunk, first);
      first = false;
    },
    atBoundary: () => true,
  };
}

export function createDemux(): Demux {
  const head = Buffer.alloc(8);
  let headBytes = 0;
  let left = 0;
  let start = false;
  let stream: LogStream = 'o';
  return {
    push(chunk, sink) {
      let at = 0;
      while (at < chunk.length) {
        if (left === 0) {
          const taken = chunk.copy(head, headBytes, at, at + 8 - headBytes);
          headBytes += taken;
          at += taken;
          if (headBytes < 8) {
            return;
          }
          headBytes = 0;
          // 2 is stderr; 3 carries dockerd's own errors, which belong there too.
          stream = (head[0] ?? 0) >= 2 ? 'e' : 'o';
          left = head.readUInt32BE(4);
          start = true;
          continue;
        }
        const end = Math.min(chunk.length, at + left);
        sink(stream, chunk.subarray(at, end), start);
        start = false;
        left -= end - at;
        at = end;
      }
    },
    atBoundary: () => left === 0 && headBytes === 0,
  };
}
