// One process's output for any number of readers: each reads at its own pace, the slowest one holds the process back, nothing is lost.
// Without a reader the output still flows, into the bounded replay only, so that a hidden terminal's program goes on.
import type { TerminalProcess } from '../lib/terminal-process';
import { sleep } from '../lib/async';
import { createReplay } from './replay';

const REPLAY_BYTES = 256 * 1024;
/** Of one reader: above, the process waits; below half, it goes on. */
const HIGH_WATER_BYTES = 128 * 1024;
const ITEM_BYTES = 64 * 1024;
/** Output gathers this long, so that a prompt is one frame and not ten. */
const COALESCE_MS = 5;

interface Reader {
  queue: Uint8Array[];
  bytes: number;
  wake: () => void;
}

export interface FanOut {
  /** The replay first, then what comes; ends when the process's output ends. */
  read(signal: AbortSignal): AsyncGenerator<Uint8Array>;
}

export function createFanOut(process: Pick<TerminalProcess, 'listen' | 'pause' | 'resume'>, onEnd: () => void): FanOut {
  const replay = createReplay(REPLAY_BYTES);
  const readers = new Set<Reader>();
  const end = { reached: false };
  let paused = false;

  function steer(): void {
    const most = Math.max(0, ...[...readers].map((reader) => reader.bytes));
    if (!paused && most >= HIGH_WATER_BYTES) {
      paused = true;
      process.pause();
    } else if (paused && most <= HIGH_WATER_BYTES / 2) {
      paused = false;
      process.resume();
    }
  }

  process.listen({
    data(chunk) {
      replay.push(chunk);
      for (const reader of readers) {
        reader.queue.push(chunk);
        reader.bytes += chunk.length;
        reader.wake();
      }
      steer();
    },
    end() {
      end.reached = true;
      readers.forEach((reader) => reader.wake());
      onEnd();
    },
  });

  /** Whole chunks up to the item's size; a larger chunk is one item. */
  function take(reader: Reader): Uint8Array {
    let count = 1;
    let bytes = reader.queue[0]?.length ?? 0;
    while (count < reader.queue.length && bytes + (reader.queue[count]?.length ?? 0) <= ITEM_BYTES) {
      bytes += reader.queue[count]?.length ?? 0;
      count += 1;
    }
    const parts = reader.queue.splice(0, count);
    reader.bytes -= bytes;
    steer();
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  }

  async function* read(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const queue = [...replay.chunks()];
    const reader: Reader = { queue, bytes: queue.reduce((sum, chunk) => sum + chunk.length, 0), wake: () => undefined };
    const onAbort = (): void => reader.wake();
    readers.add(reader);
    signal.addEventListener('abort', onAbort);
    steer();
    try {
      while (!signal.aborted) {
        if (reader.queue.length > 0) {
          yield take(reader);
        } else if (end.reached) {
          return;
        } else {
          await new Promise<void>((resolve) => (reader.wake = resolve));
          if (reader.bytes < ITEM_BYTES) {
            await sleep(COALESCE_MS);
          }
        }
      }
    } finally {
      readers.delete(reader);
      signal.removeEventListener('abort', onAbort);
      steer();
    }
  }

  return { read };
}
