// One Client for the whole window, whatever becomes of the transport under it: dials, hands over, waits with backoff, dials again.
// Knows nothing of the store or of React; the two ways in are in dial.ts.
import { BerthError, toWireError } from '../preload/contract';
import type { Client, WireError } from '../preload/contract';
import type { RpcClient } from '../preload/rpc/client';

export type ConnectionState =
  | { readonly name: 'connecting' }
  | { readonly name: 'open' }
  /** `since` and `retryAt`: milliseconds since the epoch. */
  | { readonly name: 'lost'; readonly since: number; readonly attempt: number; readonly retryAt: number }
  /** Trying again would not help: no session, another version. */
  | { readonly name: 'refused'; readonly error: WireError };

export interface Connection {
  readonly client: Client;
  get(): ConnectionState;
  subscribe(listener: (state: ConnectionState) => void): () => void;
  readonly retryNow: () => void;
  dispose(): void;
}

/** Resolves to a client whose backend has said hello. */
export type Dial = () => Promise<RpcClient>;

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 8000;
const FINAL: readonly string[] = ['rpc.unauthorized', 'rpc.versionMismatch'];

export function createConnection(dial: Dial): Connection {
  const listeners = new Set<(state: ConnectionState) => void>();
  let state: ConnectionState = { name: 'connecting' };
  let current: RpcClient | undefined;
  let disposed = false;
  const over = (): boolean => disposed;
  let wake: () => void = () => undefined;

  function set(next: ConnectionState): void {
    state = next;
    listeners.forEach((listener) => listener(next));
  }

  async function run(): Promise<void> {
    let attempt = 0;
    let since = 0;
    while (!over()) {
      let ended: Error;
      try {
        const client = await dial();
        current = client;
        attempt = 0;
        set({ name: 'open' });
        ended = await client.closed;
      } catch (error) {
        ended = error as Error;
      }
      if (over()) {
        return;
      }
      const wire = toWireError(ended);
      current = undefined;
      if (FINAL.includes(wire.code)) {
        set({ name: 'refused', error: wire });
        await sleep(Number.POSITIVE_INFINITY);
        set({ name: 'connecting' });
        continue;
      }
      attempt += 1;
      since = state.name === 'open' || since === 0 ? Date.now() : since;
      // A quarter of jitter, so that several windows do not knock at once.
      const wait = Math.min(FIRST_WAIT_MS * 2 ** (attempt - 1), LONGEST_WAIT_MS) * (0.875 + Math.random() * 0.25);
      set({ name: 'lost', since, attempt, retryAt: Date.now() + wait });
      await sleep(wait);
    }
  }

  function sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = Number.isFinite(ms) ? setTimeout(resolve, ms) : undefined;
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  void run();
  return {
    client: standIn(() => current),
    get: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    retryNow: () => {
      wake();
    },
    dispose() {
      disposed = true;
      wake();
      current?.close();
    },
  };
}

/** Pages hold this one for ever; while there is no transport every call and stream fails with `rpc.disconnected`. */
function standIn(current: () => Client | undefined): Client {
  const client = (): Client => {
    const found = current();
    if (found === undefined) {
      throw new BerthError('rpc.disconnected', {});
    }
    return found;
  };
  return {
    call: async (name, input, options) => client().call(name, input, options),
    stream: (name, input, options) => ({
      [Symbol.asyncIterator]: () => client().stream(name, input, options)[Symbol.asyncIterator](),
    }),
    closed: new Promise(() => undefined),
    close: () => current()?.close(),
  };
}
