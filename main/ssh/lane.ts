// One connection that is kept: dialled, watched, dialled again with backoff until it is closed. Knows no channels' meaning.
// Two clocks: silence is said after seconds, and ends a connection only after 45 s (connection.ts), or as soon as another one to the same guest
// comes about: then it is the connection that is dead, not the guest that is slow.
import { BerthError } from '../../preload/contract/errors';
import { sleep } from '../lib/async';
import type { Logger } from '../lib/logger';
import type { SshConnection } from './connection';

export interface Lane {
  /** Undefined while it is being dialled. */
  current(): SshConnection | undefined;
  /** Resolves when it is up; rejects where it never can be (host key) or is closed. */
  up(): Promise<SshConnection>;
  /** False where the guest did not answer on it in time, or it was being dialled: then it is dialled at once. */
  check(patienceMs: number): Promise<boolean>;
  close(): void;
}

export interface LaneDeps {
  readonly name: string;
  readonly log: Logger;
  connect(signal: AbortSignal): Promise<SshConnection>;
  onUp(): void;
  onDown(reason: string): void;
  onSilent(silent: boolean): void;
  /** The guest answered with another host key: nothing is tried again. */
  onRefused(error: BerthError): void;
}

/** First redial at once: most drops are sshd's own restarts. */
const BACKOFF_MS = [0, 100, 250, 500, 1000, 2000, 5000] as const;
/** Between two tries to find out whether it is the connection or the guest that is silent. */
const CHALLENGE_MS = 2000;
/** How long a connection is silent before another one takes its place: one that is busy has our question behind megabytes that the guest has not read yet. */
const DOOMED_MS = 6000;
/** A connection that stood this long was a good one: its loss begins the backoff anew. */
const STEADY_MS = 1000;

export function createLane(deps: LaneDeps): Lane {
  const ending = new AbortController();
  let connection: SshConnection | undefined;
  let final: Error | undefined;
  /** Dialled beside one that is silent. */
  let successor: SshConnection | undefined;
  let hurry = new AbortController();
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

  const dial = async (failures: number): Promise<SshConnection> => {
    if (successor !== undefined) {
      const ready = successor;
      successor = undefined;
      return ready;
    }
    hurry = new AbortController();
    const pause = BACKOFF_MS[Math.min(failures, BACKOFF_MS.length - 1)] ?? 0;
    await sleep(pause, AbortSignal.any([ending.signal, hurry.signal])).catch(() => ending.signal.throwIfAborted());
    return deps.connect(ending.signal);
  };

  const challenge = async (silent: SshConnection): Promise<void> => {
    const heard = new AbortController();
    const stop = silent.silent.subscribe(() => heard.abort(new Error('it is heard again')));
    const signal = AbortSignal.any([ending.signal, heard.signal]);
    const patience = sleep(DOOMED_MS, signal);
    patience.catch(() => undefined);
    let fresh: SshConnection | undefined;
    try {
      while (connection === silent) {
        fresh = (await deps.connect(signal).catch(() => sleep(CHALLENGE_MS, signal))) ?? undefined;
        if (fresh !== undefined) {
          await patience;
          successor = fresh;
          fresh = undefined;
          silent.drop(new Error('it was silent while another connection was not'));
        }
      }
    } catch {
      // Heard again, or closed.
    } finally {
      stop();
      fresh?.end();
    }
  };

  const run = async (): Promise<void> => {
    for (let failures = 0; !closed(); failures += 1) {
      try {
        const dialled = await dial(failures);
        connection = dialled;
        const since = performance.now();
        dialled.silent.subscribe((silent) => {
          if (connection === dialled) {
            deps.onSilent(silent);
            if (silent) {
              deps.log.warn('SSH connection silent', { lane: deps.name });
              void challenge(dialled);
            }
          }
        });
        settle((waiter) => waiter.resolve(dialled));
        deps.onUp();
        const reason = await dialled.closed;
        connection = undefined;
        if (performance.now() - since > STEADY_MS) {
          failures = -1;
        }
        deps.onSilent(false);
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
    async check(patienceMs) {
      const asked = connection;
      if (asked === undefined) {
        hurry.abort();
        return false;
      }
      const answered = await asked.answers(patienceMs);
      if (!answered && connection === asked) {
        asked.drop(new Error('it did not answer a check'));
      }
      return answered;
    },
    close() {
      ending.abort(new Error('closed'));
      finish(new Error('the transport was closed'));
      connection?.end();
      connection = undefined;
    },
  };
}
