// The one place that judges whether the way into a running guest is whole: after a jump of the host's clock (a sleep, a step), and when somebody asks
// for it. It sets the guest's clock and has every connection asked; what does not answer is dialled again, and what hangs on it is read anew. Restarts
// nothing, and knows neither SSH's words nor the engine's.
import { BerthError } from '../../preload/contract/errors';
import { untilAborted } from '../lib/async';
import type { Logger } from '../lib/logger';
import type { Transport } from '../ssh/transport';
import type { Agent } from './agent';
import { watchHostClock } from './host-clock';

/** Check and redial have ten seconds: a guest that slept answers within one, an emulated handshake takes two. */
const PATIENCE_MS = 3000;
const WHOLE_MS = 30_000;
/** An order that was under way longer set a time that is over. */
const PROMPT_MS = 300;
const AGAIN_MS = 5000;
/** A guest's clock runs by itself, and is wrong by a few seconds a day. */
const CLOCK_MS = 3_600_000;

export interface Reconnected {
  /** Names of connections that were made anew; none = all answered. */
  readonly replaced: readonly string[];
  /** What the guest's clock was ahead before it was set; undefined where its agent did not answer. */
  readonly driftMs: number | undefined;
}

export interface WatchdogDeps {
  readonly log: Logger;
  readonly wall: () => number;
  /** Undefined while no guest runs. */
  readonly guest: () => { readonly transport: Transport; readonly agent: Agent } | undefined;
  /** Published ports, the engine's state: what must be right again after connections were lost. */
  readonly settle: (signal: AbortSignal) => Promise<void>;
}

export interface Watchdog {
  /** Joins a check under way. Rejects with `engine.away` where there is no guest, `ssh.unreachable` where it cannot be reached. */
  check(why: string): Promise<Reconnected>;
  dispose(): void;
}

export function createWatchdog({ log, wall, guest, settle }: WatchdogDeps): Watchdog {
  let under: Promise<Reconnected> | undefined;
  let again: NodeJS.Timeout | undefined;

  const setClock = async (agent: Agent): Promise<number | undefined> => {
    const began = performance.now();
    try {
      const { driftMs } = await agent.call('clock', { epochMs: wall() }, { timeoutMs: PATIENCE_MS });
      if (performance.now() - began > PROMPT_MS) {
        clockAgain();
      }
      return driftMs;
    } catch (error) {
      log.warn('the guest’s clock was not set', { error });
      clockAgain();
      return undefined;
    }
  };
  const clockAgain = (): void => {
    clearTimeout(again);
    again = setTimeout(setClockNow, AGAIN_MS).unref();
  };
  const setClockNow = (): void => {
    const found = guest();
    if (found !== undefined) {
      void setClock(found.agent);
    }
  };

  const run = async (why: string): Promise<Reconnected> => {
    const found = guest();
    if (found === undefined) {
      throw new BerthError('engine.away', { reason: 'stopped' });
    }
    const late = AbortSignal.timeout(WHOLE_MS);
    const asked = untilAborted(found.transport.check(PATIENCE_MS), late).catch((error: unknown) => {
      throw new BerthError('ssh.unreachable', { detail: error instanceof Error ? error.message : String(error) }, { cause: error });
    });
    const [driftMs, replaced] = await Promise.all([setClock(found.agent), asked]);
    log.info('the guest was checked', { why, driftMs, replaced: replaced.join() });
    if (replaced.length > 0) {
      await settle(late);
    }
    return { replaced, driftMs };
  };

  const check = (why: string): Promise<Reconnected> => {
    under ??= run(why).finally(() => {
      under = undefined;
    });
    return under;
  };
  /** After one under way: what that one set is of before. */
  const checkQuietly = async (why: string): Promise<void> => {
    await under?.catch(() => undefined);
    if (guest() !== undefined) {
      await check(why).catch((error: unknown) => log.warn('the guest cannot be reached', { why, error }));
    }
  };

  const clock = watchHostClock({
    wall,
    onJump(milliseconds) {
      log.info('the host’s clock jumped', { milliseconds });
      void checkQuietly('jump');
    },
  });
  const timer = setInterval(setClockNow, CLOCK_MS);
  timer.unref();

  return {
    check,
    dispose() {
      clock.dispose();
      clearInterval(timer);
      clearTimeout(again);
    },
  };
}
