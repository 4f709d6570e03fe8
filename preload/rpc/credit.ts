// Flow control in bytes: a window that the sender spends and the receiver refills.
// One message may overdraw it, so that a message larger than the window passes at all; then nothing goes until it is positive again.

/** 256 KiB keeps a local transport busy and bounds what a slow reader can make us hold. */
export const WINDOW_BYTES = 256 * 1024;
/** Largest piece that may overdraw the window: a producer of bytes is at most 272 KiB ahead of its reader. */
export const OVERDRAW_BYTES = 16 * 1024;
/** Larger pieces gain nothing; they only make other streams of the same transport wait. */
export const PIECE_BYTES = 64 * 1024;
/** The receiver refills in batches: a credit frame for each small item would double the traffic. */
export const REFILL_BYTES = WINDOW_BYTES / 4;

export interface Credit {
  readonly available: number;
  /** Nothing sent is unread. */
  readonly full: boolean;
  add(bytes: number): void;
  take(bytes: number): void;
  /** Resolves when `test` holds or the signal aborts; looks again after every change. */
  until(test: () => boolean, signal: AbortSignal): Promise<void>;
  /** Lets waiters look again after a change elsewhere. */
  wake(): void;
}

export function createCredit(window: number): Credit {
  let available = window;
  const waiters = new Set<() => void>();
  const wake = (): void => {
    for (const waiter of [...waiters]) {
      waiter();
    }
  };
  return {
    get available() {
      return available;
    },
    get full() {
      return available >= window;
    },
    add(bytes) {
      available += bytes;
      wake();
    },
    take(bytes) {
      available -= bytes;
    },
    wake,
    until(test, signal) {
      if (signal.aborted || test()) {
        return Promise.resolve();
      }
      return new Promise<void>((resolve) => {
        const look = (): void => {
          if (signal.aborted || test()) {
            waiters.delete(look);
            signal.removeEventListener('abort', look);
            resolve();
          }
        };
        waiters.add(look);
        signal.addEventListener('abort', look);
      });
    },
  };
}

/** Cuts bytes so that no piece overdraws the credit left by more than OVERDRAW_BYTES. */
export function nextPiece(bytes: Uint8Array, available: number): Uint8Array {
  return bytes.subarray(0, Math.max(OVERDRAW_BYTES, Math.min(PIECE_BYTES, available)));
}
