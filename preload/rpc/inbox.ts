// The receiving end of a flow: messages wait here until the reader takes them, and reading gives credit back.
// Used for a stream's items in the client and for an upload's bytes in the server.
import { REFILL_BYTES } from './credit';

export interface Inbox<T> extends AsyncIterator<T, undefined> {
  push(value: T, bytes: number): void;
  /** What was pushed is still read; then the iteration ends, or throws the error. */
  finish(error?: Error): void;
  /** Drops what waits and ends at once, or throws the error. */
  drop(error?: Error): void;
  /** Received, credit not yet given back. */
  readonly heldBytes: number;
}

export interface InboxOptions {
  /** Gives credit back. */
  readonly refill: (bytes: number) => void;
  /** Refill after each message (policy `latest`: the next one is sent when the last is read). */
  readonly eager: boolean;
  /** The reader left before the end. */
  readonly onReturn: () => void;
}

export function createInbox<T>({ refill, eager, onReturn }: InboxOptions): Inbox<T> {
  let queue: { value: T; bytes: number }[] = [];
  let held = 0;
  let owed = 0;
  let handedOut = 0;
  let finished = false;
  let failure: Error | undefined;
  let waiting: (() => void) | undefined;

  const wake = (): void => {
    waiting?.();
    waiting = undefined;
  };
  /** A message counts as read when the reader asks for the one after it. */
  const acknowledge = (): void => {
    owed += handedOut;
    handedOut = 0;
    if (!finished && owed > 0 && (eager || owed >= REFILL_BYTES)) {
      const bytes = owed;
      owed = 0;
      held -= bytes;
      refill(bytes);
    }
  };

  const next = async (): Promise<IteratorResult<T, undefined>> => {
    acknowledge();
    for (;;) {
      const head = queue.shift();
      if (head !== undefined) {
        handedOut = head.bytes;
        return { done: false, value: head.value };
      }
      if (finished) {
        if (failure !== undefined) {
          const error = failure;
          failure = undefined;
          throw error;
        }
        return { done: true, value: undefined };
      }
      await new Promise<void>((resolve) => {
        waiting = resolve;
      });
    }
  };

  const drop = (error?: Error): void => {
    queue = [];
    failure = error;
    finished = true;
    wake();
  };

  return {
    next,
    push(value, bytes) {
      if (!finished) {
        queue.push({ value, bytes });
        held += bytes;
        wake();
      }
    },
    finish(error) {
      if (!finished) {
        finished = true;
        failure = error;
        wake();
      }
    },
    drop,
    return() {
      if (!finished || queue.length > 0) {
        drop();
        onReturn();
      }
      return Promise.resolve({ done: true, value: undefined });
    },
    get heldBytes() {
      return held;
    },
  };
}
