// How a part of the backend tells that it is used: what is open now, and when something last began, ended or passed. What idleness is judged by;
// knows nothing of it. Times are monotonic (`performance.now`), so that neither a changed clock nor a night's sleep makes anything look old.
import { createObservable } from './observable';
import type { Observable } from './observable';

export interface Use {
  readonly open: number;
  /** Missing until there was something. */
  readonly lastAt?: number;
}

export interface UseMeter extends Observable<Use> {
  /** Something is open until the function returned is called. */
  begin(): () => void;
  /** Something passed that has no end of its own: a key, a datagram. */
  touch(): void;
}

/** Finer than this nobody needs to know of what passes by the thousand. */
const TOUCH_MS = 1000;

export function createUseMeter(now: () => number = () => performance.now()): UseMeter {
  const use = createObservable<Use>({ open: 0 });
  const step = (by: 1 | -1): void => use.set({ open: use.get().open + by, lastAt: now() });
  return {
    get: () => use.get(),
    subscribe: (listener) => use.subscribe(listener),
    begin() {
      step(1);
      let over = false;
      return () => {
        if (!over) {
          over = true;
          step(-1);
        }
      };
    },
    touch() {
      const { open, lastAt = -Infinity } = use.get();
      if (now() - lastAt >= TOUCH_MS) {
        use.set({ open, lastAt: now() });
      }
    },
  };
}
