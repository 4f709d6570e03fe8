// Changes for readers of any speed: what a reader has not taken yet is merged, never queued without bound.
import type { EngineChange } from '../../preload/contract';
import { merge, snapshotOf } from './state';
import type { EngineState } from './state';

export interface ChangeFeed {
  publish(change: EngineChange): void;
  /** First what is known now, then every change. */
  readonly changes: (signal: AbortSignal) => AsyncGenerator<EngineChange>;
  readers(): number;
}

interface Reader {
  pending: readonly EngineChange[];
  wake: () => void;
}

/** An engine that is away is shown as it was, if it ever was. */
function opening(state: EngineState): readonly EngineChange[] {
  const away: EngineChange = { kind: 'away', at: state.at };
  return state.connected ? [snapshotOf(state)] : state.at === 0 ? [away] : [snapshotOf(state), away];
}

export function createChangeFeed(current: () => EngineState): ChangeFeed {
  const readers = new Set<Reader>();

  async function* changes(signal: AbortSignal): AsyncGenerator<EngineChange> {
    const reader: Reader = { pending: opening(current()), wake: () => undefined };
    const onAbort = (): void => reader.wake();
    readers.add(reader);
    signal.addEventListener('abort', onAbort);
    try {
      while (!signal.aborted) {
        const [first, ...rest] = reader.pending;
        if (first !== undefined) {
          reader.pending = rest;
          yield first;
        } else {
          await new Promise<void>((resolve) => (reader.wake = resolve));
        }
      }
    } finally {
      readers.delete(reader);
      signal.removeEventListener('abort', onAbort);
    }
  }

  return {
    changes,
    readers: () => readers.size,
    publish(change) {
      for (const reader of readers) {
        reader.pending = merge(reader.pending, change);
        reader.wake();
      }
    },
  };
}
