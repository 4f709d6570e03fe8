// When the VM has been without use for long enough, as a pure step: what is remembered and what is so now in, what is remembered and the moment
// at which it may be suspended out. Knows no timers; idle.ts runs it.
import type { VmStateName } from '../../preload/contract';

export interface Facts {
  readonly now: number;
  /** 0 = never. */
  readonly minutes: number;
  readonly despiteContainers: boolean;
  readonly canSuspend: boolean;
  readonly state: VmStateName;
  readonly runningContainers: number;
  /** Requests, connections, tasks: what is under way. */
  readonly open: number;
  /** When something was last used; undefined = nothing was yet. */
  readonly lastUse: number | undefined;
}

export interface Idleness {
  /** Since when nothing was under way. */
  readonly since?: number;
  /** A suspend failed while this was the last use: not again before the next one. */
  readonly failedAfter?: number;
}

export interface Judged {
  readonly idleness: Idleness;
  /** When the VM may be suspended, in the past too; undefined = not while things are as they are. */
  readonly due?: number;
}

const MINUTE_MS = 60_000;

export function judge(before: Idleness, facts: Facts): Judged {
  const { now, minutes, lastUse = -Infinity } = facts;
  const failedAfter = before.failedAfter === undefined || lastUse > before.failedAfter ? {} : { failedAfter: before.failedAfter };
  const isBusy = facts.open > 0 || (facts.runningContainers > 0 && !facts.despiteContainers);
  if (facts.state !== 'running' || isBusy) {
    return { idleness: facts.state === 'running' ? failedAfter : {} };
  }
  const since = Math.max(before.since ?? now, lastUse);
  const idleness = { since, ...failedAfter };
  const never = minutes === 0 || !facts.canSuspend || failedAfter.failedAfter !== undefined;
  return never ? { idleness } : { idleness, due: since + minutes * MINUTE_MS };
}

export function failed(idleness: Idleness, facts: Facts): Idleness {
  return { ...idleness, failedAfter: Math.max(facts.now, facts.lastUse ?? -Infinity) };
}
