// Reading a stream for as long as somebody wants it: where it ends although the connection is up, it is begun again, and its first item is whole.

/** A lost connection has its own backoff. */
const AGAIN_MS = 1000;

export async function follow<T>(begin: () => AsyncIterable<T>, apply: (item: T) => void, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const item of begin()) {
        apply(item);
      }
    } catch {
      // Told by the connection's own state.
    }
    await pause(AGAIN_MS, signal);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
    if (signal.aborted) {
      done();
    }
  });
}
