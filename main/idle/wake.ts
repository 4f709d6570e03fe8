// What a VM that does not run means to whoever wants to use it: only what idleness suspended comes back by use; what somebody stopped says so.
// The engine's socket and the published ports ask it before they dial. Knows neither HTTP nor ports.
import { BerthError, fromWireError } from '../../preload/contract';
import type { VmStateName, VmStatus } from '../../preload/contract';
import type { Observable } from '../lib/observable';

export interface Wake {
  /** Nothing can be dialled now, but a use brings it back: it sleeps, or is on its way. `deep` = and nobody has asked for it yet. */
  asleep(): { readonly deep: boolean } | undefined;
  /** Why nothing can be dialled; undefined = it can, or it sleeps. During a start it can: the ping that ends the start takes the same way. */
  away(): BerthError | undefined;
  /** Resolves when the engine can be dialled, at once or after a resume. Rejects with why it cannot; `left` = whoever asked has gone. */
  up(left?: AbortSignal): Promise<void>;
}

export interface WakeDeps {
  readonly vm: { readonly status: Observable<VmStatus>; start(): Promise<void> };
  /** Idleness is suspending it right now. */
  readonly suspendingByIdle: () => boolean;
  readonly deadlineMs?: number;
}

/** A resume takes a second; where it fails, the cold boot that follows may take a minute under emulation. */
const DEADLINE_MS = 120_000;

const CAN_BE_DIALLED: readonly VmStateName[] = ['running', 'starting'];

export function createWake({ vm, suspendingByIdle, deadlineMs = DEADLINE_MS }: WakeDeps): Wake {
  let waking: Promise<void> | undefined;

  const asleep: Wake['asleep'] = () => {
    const { state, suspended } = vm.status.get();
    if (state === 'running') {
      return undefined;
    }
    if (waking !== undefined || state === 'resuming') {
      return { deep: false };
    }
    const byIdle = state === 'suspended' ? suspended?.by === 'idle' : state === 'suspending' && suspendingByIdle();
    return byIdle ? { deep: true } : undefined;
  };

  const away: Wake['away'] = () => {
    const status = vm.status.get();
    return CAN_BE_DIALLED.includes(status.state) || asleep() !== undefined ? undefined : whyAway(status);
  };

  return {
    asleep,
    away,
    async up(left) {
      const why = away();
      if (why !== undefined) {
        throw why;
      }
      if (asleep() === undefined) {
        return;
      }
      waking ??= vm.start().finally(() => {
        waking = undefined;
      });
      const given = AbortSignal.timeout(deadlineMs);
      await unlessAborted(waking, left === undefined ? given : AbortSignal.any([given, left]), () => vm.status.get().state);
    },
  };
}

function whyAway({ state, error }: VmStatus): BerthError {
  if (error !== undefined) {
    return fromWireError(error);
  }
  return state === 'suspended' || state === 'suspending' ? new BerthError('vm.suspended', {}) : new BerthError('vm.notRunning', { state });
}

function unlessAborted(work: Promise<void>, signal: AbortSignal, state: () => string): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(new BerthError('vm.notRunning', { state: state() }));
    signal.addEventListener('abort', stop, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
    if (signal.aborted) {
      stop();
    }
  });
}
