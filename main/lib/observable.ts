// A value with listeners: how the backend's modules tell each other of states without knowing each other.

export interface Observable<T> {
  get(): T;
  /** Calls back at every change, not at once; returns the way to stop. */
  subscribe(listener: (value: T) => void): () => void;
}

export interface MutableObservable<T> extends Observable<T> {
  set(value: T): void;
}

export function createObservable<T>(initial: T): MutableObservable<T> {
  let value = initial;
  const listeners = new Set<(value: T) => void>();
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) {
        return;
      }
      value = next;
      for (const listener of [...listeners]) {
        listener(next);
      }
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** One part of it: `part` must give the same value for the same part (a string, a number, the same object). */
export function select<T, U>(source: Observable<T>, part: (value: T) => U): Observable<U> {
  const get = (): U => part(source.get());
  return {
    get,
    subscribe(listener) {
      let last = get();
      return source.subscribe((value) => {
        const next = part(value);
        if (!Object.is(next, last)) {
          last = next;
          listener(next);
        }
      });
    },
  };
}

/** The present value, then every change; a slow reader gets the latest one only. Ends when the signal aborts. */
export async function* follow<T>(source: Observable<T>, signal: AbortSignal): AsyncGenerator<T> {
  let wake: () => void = () => undefined;
  let dirty = true;
  const notify = (): void => {
    dirty = true;
    wake();
  };
  const unsubscribe = source.subscribe(notify);
  signal.addEventListener('abort', notify);
  try {
    while (!signal.aborted) {
      if (dirty) {
        dirty = false;
        yield source.get();
        continue;
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (dirty || signal.aborted) {
          resolve();
        }
      });
    }
  } finally {
    unsubscribe();
    signal.removeEventListener('abort', notify);
  }
}
