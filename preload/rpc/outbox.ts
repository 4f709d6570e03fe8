// The sending end of a stream: advances a producer only while there is credit (`queue`), or lets it run and keeps its newest item (`latest`).
import type { StreamPolicy } from '../contract';
import { nextPiece } from './credit';
import type { Credit } from './credit';

export interface PumpOptions {
  readonly source: AsyncIterable<unknown>;
  readonly policy: StreamPolicy;
  readonly credit: Credit;
  readonly signal: AbortSignal;
  /** Sends one item and returns the size of its frame. */
  readonly send: (value: unknown) => number;
}

/** Resolves when the source has ended and all was sent, or the signal aborted; rejects with the source's error. */
export async function pump(options: PumpOptions): Promise<void> {
  const iterator = options.source[Symbol.asyncIterator]();
  try {
    await (options.policy === 'queue' ? pumpQueue(iterator, options) : pumpLatest(iterator, options));
  } finally {
    // Not awaited: a generator in the middle of a wait that the signal does not end must not hold us.
    iterator.return?.().then(undefined, () => undefined);
  }
}

async function pumpQueue(iterator: AsyncIterator<unknown>, { credit, signal, send }: PumpOptions): Promise<void> {
  const positive = (): boolean => credit.available > 0;
  for (;;) {
    await credit.until(positive, signal);
    const result = await nextUnlessAborted(iterator, signal);
    if (result === undefined || result.done === true) {
      return;
    }
    if (!(result.value instanceof Uint8Array)) {
      credit.take(send(result.value));
      continue;
    }
    let rest = result.value;
    for (;;) {
      const piece = nextPiece(rest, credit.available);
      credit.take(send(piece));
      rest = rest.subarray(piece.length);
      if (rest.length === 0) {
        break;
      }
      await credit.until(positive, signal);
      if (signal.aborted) {
        return;
      }
    }
  }
}

async function pumpLatest(iterator: AsyncIterator<unknown>, { credit, signal, send }: PumpOptions): Promise<void> {
  let pending: { readonly value: unknown } | undefined;
  let failure: { readonly error: unknown } | undefined;
  let ended = false;

  const produce = async (): Promise<void> => {
    try {
      for (;;) {
        const result = await nextUnlessAborted(iterator, signal);
        if (result === undefined || result.done === true) {
          return;
        }
        pending = { value: result.value };
        credit.wake();
      }
    } catch (error) {
      failure = { error };
    } finally {
      ended = true;
      credit.wake();
    }
  };
  void produce();

  for (;;) {
    await credit.until(() => (pending === undefined ? ended : credit.full), signal);
    const item = take();
    if (signal.aborted || item === undefined) {
      break;
    }
    credit.take(send(item.value));
  }
  const failed = failure as { readonly error: unknown } | undefined;
  if (failed !== undefined) {
    throw failed.error;
  }

  function take(): { readonly value: unknown } | undefined {
    const item = pending;
    pending = undefined;
    return item;
  }
}

/** Not a race with one long-lived promise: each race would leave a reaction on it for the stream's whole life. */
function nextUnlessAborted(iterator: AsyncIterator<unknown>, signal: AbortSignal): Promise<IteratorResult<unknown> | undefined> {
  if (signal.aborted) {
    return Promise.resolve(undefined);
  }
  return new Promise((resolve, reject) => {
    const onAbort = (): void => resolve(undefined);
    signal.addEventListener('abort', onAbort, { once: true });
    iterator
      .next()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', onAbort));
  });
}
