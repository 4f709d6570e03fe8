// A number of bytes that may be under way; who takes more waits. For one taker at a time.

export interface Budget {
  /** At once while anything is left, so that a request larger than the whole is not refused for ever. */
  take(bytes: number): Promise<void>;
  give(bytes: number): void;
}

export function createBudget(bytes: number): Budget {
  let left = bytes;
  let waiting: (() => void) | undefined;
  return {
    take(cost) {
      left -= cost;
      return left + cost > 0 ? Promise.resolve() : new Promise((resolve) => (waiting = resolve));
    },
    give(cost) {
      left += cost;
      if (left > 0) {
        waiting?.();
        waiting = undefined;
      }
    },
  };
}
