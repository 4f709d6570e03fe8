// Suspends a VM that nobody uses: gathers what counts as use, asks idleness.ts, and keeps one timer for the moment that it names. Decides nothing
// by itself, and never wakes anything (wake.ts).
import type { ContainerSummary, Settings, VmStatus } from '../../preload/contract';
import type { Logger } from '../lib/logger';
import type { Observable } from '../lib/observable';
import type { Use } from '../lib/use';
import { failed, judge } from './idleness';
import type { Facts, Idleness } from './idleness';

export interface IdleDeps {
  readonly vm: {
    readonly status: Observable<VmStatus>;
    stop(options: { readonly by: 'idle' }): Promise<void>;
  };
  readonly settings: Observable<Settings>;
  readonly runningContainers: Observable<number>;
  /** Everything by which the VM is used. */
  readonly uses: readonly Observable<Use>[];
  readonly log: Logger;
  readonly now?: () => number;
}

export interface Idle {
  /** A suspend of its own is under way. */
  suspending(): boolean;
  dispose(): void;
}

export function createIdle(deps: IdleDeps): Idle {
  const { vm, settings, runningContainers, uses, log, now = () => performance.now() } = deps;
  let idleness: Idleness = {};
  let timer: { readonly handle: NodeJS.Timeout; readonly at: number } | undefined;
  let suspending = false;

  const facts = (): Facts => {
    const { state, features } = vm.status.get();
    const { idleMinutes, idleDespiteContainers } = settings.get().vm;
    const used = uses.map((use) => use.get());
    const lastUse = Math.max(...used.map(({ lastAt }) => lastAt ?? -Infinity));
    return {
      now: now(),
      minutes: idleMinutes,
      despiteContainers: idleDespiteContainers,
      canSuspend: features.suspend,
      state,
      runningContainers: runningContainers.get(),
      open: used.reduce((sum, { open }) => sum + open, 0),
      lastUse: lastUse === -Infinity ? undefined : lastUse,
    };
  };

  const look = (): void => {
    const judged = judge(idleness, facts());
    idleness = judged.idleness;
    if (judged.due !== undefined) {
      wakeUpAt(judged.due);
    }
  };

  /** A timer that is early looks again; one that is set for every request would cost more than that. */
  const wakeUpAt = (at: number): void => {
    if (timer !== undefined && timer.at <= at) {
      return;
    }
    clearTimeout(timer?.handle);
    const handle = setTimeout(
      () => {
        timer = undefined;
        const { due } = judge(idleness, facts());
        if (due !== undefined && due <= now()) {
          void suspend();
        } else {
          look();
        }
      },
      // Node's timers may be a millisecond early.
      Math.max(0, at - now()) + 1,
    );
    handle.unref();
    timer = { handle, at };
  };

  const suspend = async (): Promise<void> => {
    log.info('suspending: nobody uses it', { minutes: settings.get().vm.idleMinutes, containers: runningContainers.get() });
    suspending = true;
    try {
      await vm.stop({ by: 'idle' });
    } catch (error) {
      log.warn('the suspend of an idle VM failed', { error: String(error) });
    } finally {
      suspending = false;
      if (vm.status.get().state === 'running') {
        // It runs on, and the VM has told why.
        idleness = failed(idleness, facts());
      }
    }
  };

  const unsubscribe = [vm.status, settings, runningContainers, ...uses].map((source: Observable<unknown>) => source.subscribe(look));
  look();

  return {
    suspending: () => suspending,
    dispose() {
      clearTimeout(timer?.handle);
      unsubscribe.forEach((end) => end());
    },
  };
}

/** One that restarts again and again is about to run; a paused one waits as well in saved memory. */
export function countRunning(containers: readonly ContainerSummary[]): number {
  return containers.filter(({ state }) => state === 'running' || state === 'restarting').length;
}
