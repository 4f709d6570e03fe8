// Bytes of a stream, pulled: whoever reads slowly holds the sender back, and nothing is read ahead beyond the stream's own buffer.
// Knows no protocol. Takes over the stream's reading side: nobody else may listen for its data.
import { Socket } from 'node:net';
import type { Duplex, Readable, Writable } from 'node:stream';

export interface ByteSource {
  /** The next bytes; undefined at the end. Rejects when the stream broke before its end. */
  next(): Promise<Buffer | undefined>;
  /** Waits without taking: true = bytes are there, false = the stream has ended. Rejects as `next` does. */
  peek(): Promise<boolean>;
  /** Whether `next` would answer at once with bytes. */
  ready(): boolean;
  /** Gives back the rest of what `next` returned. */
  unread(bytes: Buffer): void;
}

export interface ByteStream {
  readonly stream: Duplex;
  readonly source: ByteSource;
}

export function createByteSource(stream: Readable): ByteSource {
  let held: Buffer | undefined;
  let ended = stream.readableEnded;
  let failure: Error | undefined;
  let wake: () => void = () => undefined;
  let waiting: Promise<void> | undefined;
  let peeking: Promise<boolean> | undefined;

  stream.on('readable', () => wake());
  stream.on('end', () => {
    ended = true;
    wake();
  });
  stream.on('error', (error: Error) => {
    failure ??= error;
    wake();
  });
  stream.on('close', () => {
    if (!ended) {
      failure ??= new Error('closed before its end');
    }
    wake();
  });
  if (stream.destroyed && !ended) {
    failure = new Error('closed before its end');
  }

  const change = (): Promise<void> =>
    (waiting ??= new Promise((resolve) => {
      wake = () => {
        waiting = undefined;
        wake = () => undefined;
        resolve();
      };
    }));

  /** Whether there is something to take; what the stream has moves to `held` within one turn, so that two waiting readers keep the order. */
  const fill = async (): Promise<boolean> => {
    for (;;) {
      held ??= (stream.read() as Buffer | null) ?? undefined;
      if (held !== undefined) {
        return true;
      }
      if (ended) {
        return false;
      }
      if (failure) {
        throw failure;
      }
      await change();
    }
  };

  return {
    async next() {
      while (await fill()) {
        // Another reader may have been quicker.
        if (held !== undefined) {
          const bytes = held;
          held = undefined;
          return bytes;
        }
      }
      return undefined;
    },
    peek: () => (peeking ??= fill().finally(() => (peeking = undefined))),
    ready: () => held !== undefined || stream.readableLength > 0,
    unread(bytes) {
      if (bytes.length > 0) {
        held = held === undefined ? bytes : Buffer.concat([bytes, held]);
      }
    },
  };
}

/** Resolves when there is room for more: false = the stream takes nothing any more. */
export function write(stream: Writable, bytes: Buffer): Promise<boolean> {
  if (!stream.writable) {
    return Promise.resolve(false);
  }
  if (stream.write(bytes)) {
    return Promise.resolve(true);
  }
  return new Promise((resolve) => {
    const settle = (): void => {
      stream.off('drain', settle);
      stream.off('close', settle);
      resolve(stream.writable);
    };
    stream.on('drain', settle);
    stream.on('close', settle);
  });
}

/** Resolves when everything written has left this process, or cannot any more. */
export function flushed(stream: Writable): Promise<void> {
  if (stream.writableFinished || stream.destroyed) {
    return Promise.resolve();
  }
  return new Promise((resolve) => {
    stream.once('finish', resolve);
    stream.once('close', resolve);
  });
}

/** Relays both ways until both ended; an end on one side ends the other's writing only. What breaks one side breaks both, TCP by a reset. */
export async function join(a: ByteStream, b: ByteStream): Promise<void> {
  try {
    await Promise.all([pump(a.source, b.stream), pump(b.source, a.stream)]);
    await Promise.all([flushed(a.stream), flushed(b.stream)]);
    a.stream.destroy();
    b.stream.destroy();
  } catch {
    // One side is gone without an end: the other must not mistake that for one.
    breakOff(a.stream);
    breakOff(b.stream);
  }
}

function breakOff(stream: Duplex): void {
  if (stream instanceof Socket && stream.remotePort !== undefined) {
    stream.resetAndDestroy();
  } else {
    stream.destroy();
  }
}

/** A sink that takes no more stops this direction only: what comes the other way may still be on its way. */
async function pump(source: ByteSource, sink: Writable): Promise<void> {
  for (;;) {
    const bytes = await source.next();
    if (bytes === undefined) {
      sink.end();
      return;
    }
    if (!(await write(sink, bytes))) {
      return;
    }
  }
}
