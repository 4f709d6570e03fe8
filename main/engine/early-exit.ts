// Tells when a container that the window has just started ends at once: in the call, when it ends while that still waits,
// by a notice, when it ends within seconds. A container that ended well, or that somebody stopped, is no failure.
import { BerthError, failedByItself, toWireError } from '../../preload/contract';
import type { WireError } from '../../preload/contract';
import type { Connection } from './connection';
import { number, record, text } from '../lib/json';
import { lastLines } from './logs';

/** What a click may wait longer for a certain answer. */
const CALL_MS = 400;
const NOTICE_MS = 15_000;
const LOG_MS = 5000;
const LOG_LINES = 10;

export interface EarlyExit {
  /** After a start went through; rejects with `engine.exitedAtOnce`. */
  readonly check: (id: string) => Promise<void>;
  /** Somebody stops it on purpose. */
  readonly forget: (id: string) => void;
  readonly dispose: () => void;
}

export function createEarlyExit(connection: Connection, notify: (error: WireError) => void): EarlyExit {
  const watched = new Map<string, AbortController>();

  async function exitOf(id: string, signal: AbortSignal): Promise<BerthError | undefined> {
    const request = {
      method: 'POST',
      path: `/containers/${id}/wait`,
      query: { condition: 'not-running' },
      deadlineSeconds: 0,
      signal,
    } as const;
    const exitCode = number(record(await connection.json(request))['StatusCode']) ?? 0;
    if (!failedByItself(exitCode) || signal.aborted) {
      return undefined;
    }
    const reading = AbortSignal.timeout(LOG_MS);
    const [lines, inspected] = await Promise.all([
      lastLines(connection, id, LOG_LINES, reading),
      connection.json({ method: 'GET', path: `/containers/${id}/json`, signal: reading }).catch(() => ({})),
    ]);
    const name = text(record(inspected)['Name']).replace(/^\//, '') || id;
    return new BerthError('engine.exitedAtOnce', { name, exitCode, detail: lines.join('\n') });
  }

  function forget(id: string): void {
    watched.get(id)?.abort();
    watched.delete(id);
  }

  return {
    forget,
    async check(id) {
      forget(id);
      const abort = new AbortController();
      watched.set(id, abort);
      let inCall = true;
      let timer: NodeJS.Timeout | undefined;
      const exited = exitOf(id, AbortSignal.any([abort.signal, AbortSignal.timeout(NOTICE_MS)])).catch(() => undefined);
      void exited.then((error) => {
        if (watched.get(id) === abort) {
          watched.delete(id);
        }
        if (error !== undefined && !inCall) {
          notify(toWireError(error));
        }
      });
      const late = new Promise<undefined>((resolve) => {
        timer = setTimeout(() => resolve(undefined), CALL_MS);
      });
      const error = await Promise.race([exited, late]);
      clearTimeout(timer);
      inCall = false;
      if (error !== undefined) {
        throw error;
      }
    },
    dispose: () => [...watched.keys()].forEach(forget),
  };
}
