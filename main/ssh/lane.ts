// One connection that is kept: dialled, watched, dialled again with backoff until it is closed. Knows no channels' meaning.
import { BerthError } from '../../preload/contract/errors';
import { sleep } from '../lib/async';
import type { Logger } from '../lib/logger';
import type { SshConnection } from './connection';

export interface Lane {
  /** Undefined while it is being dialled. */
  current(): SshConnection | undefined;
  /** Resolves when it is up; rejects where it never can be (host key) or is closed. */
  up(): Promise<SshConnection>;
  close(): void;
}

export interface LaneDeps {
  readonly name: string;
  readonly log: Logger;
  connect(signal: AbortSignal): Promise<SshConnection>;
  onUp(): void;
  onDown(reason: string): void;
  /** The guest answered with another host key: nothing is tried again. */
  onRefused(error: BerthError): void;
}

/** First redial at once: most drops are sshd's own restarts. */
const BACKOFF_MS = [0, 100, 250, 500, 1000, 2000, 5000] as const;
/** A connection that stood this long was a good one: its loss begins the backoff anew. */
const STEADY_MS = 1000;

export function createLane(deps: LaneDeps): Lane {
  const ending = new AbortController();
  let connection: SshConnection | undefined;
  let final: Error | undefined;
  let waiters: { resolve(connection: SshConnection): void; reject(error: Error): void }[] = [];

  const settle = (act: (waiter: (typeof waiters)[number]) => void): void => {
    const all = waiters;
    waiters = [];
    all.forEach(act);
  };
  const finish = (error: Error): void => {
    final = error;
    settle((waiter) => waiter.reject(error));
  };

  const closed = (): boolean => ending.signal.aborted;

  const run = async (): Promise<void> => {
    for (let failures = 0; !closed(); failures += 1) {
      try {
        await sleep(BACKOFF_MS[Math.min(failures, BACKOFF_MS.length - 1)] ?? 0, ending.signal);
        const dialled = await deps.connect(ending.signal);
        connection = dialled;
        const since = performance.now();
        settle((waiter) => waiter.resolve(dialled));
        deps.onUp();
        const reason = await dialled.closed;
        connection = undefined;
        if (performance.now() - since > STEADY_MS) {
          failures = -1;
        }
        if (!closed()) {
          deps.log.warn('SSH connection lost', { lane: deps.name, reason });
          deps.onDown(reason);
        }
      } catch (error) {
        if (error instanceof BerthError && error.code === 'ssh.hostKeyChanged') {
          finish(error);
          deps.onRefused(error as BerthError);
          return;
        }
        if (!closed()) {
          deps.log.debug('SSH dial failed', { lane: deps.name, error });
        }
      }
    }
  };
  void run();

  return {
    current: () => connection,
    up: () =>
      connection !== undefined
        ? Promise.resolve(connection)
        : final !== undefined
          ? Promise.reject(final)
          : new Promise((resolve, reject) => waiters.push({ resolve, reject })),
    close() {
      ending.abort(new Error('closed'));
      finish(new Error('the transport was closed'));
      connection?.end();
      connection = undefined;
    },
  };
}
