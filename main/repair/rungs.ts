// The rungs that mend by starting something anew: the connections, the engine, the VM, the VM with the last good configuration or a checked image.
// Each does one thing to a VM that may be starting, running, failed or off.
import { BerthError, isBerthError } from '../../preload/contract';
import { asError, untilAborted } from '../lib/async';
import type { Vm } from '../vm/vm';
import type { Progress } from './progress';
import type { SystemChecked } from './system';

export interface RungDeps {
  readonly vm: Pick<Vm, 'status' | 'agent' | 'engine' | 'start' | 'stop' | 'restart' | 'reconnect' | 'whileOff'>;
  /** Closes our own event stream until the returned function is called: it would delay dockerd's end. */
  readonly pauseEvents: () => () => void;
  /** The changed keys; none where it is in force already. */
  toLastGood(): Promise<readonly string[]>;
  /** Every file's sum, whatever is remembered of it; what can be replaced is. */
  makeSystemWhole(): Promise<SystemChecked>;
}

const ANSWER_MS = 60_000;
/** A guest's agent answers within milliseconds, on an overloaded computer within seconds. */
const AGENT_MS = 20_000;

export async function reconnect({ vm }: RungDeps, progress: Progress): Promise<void> {
  await progress.step('redial', () => within(vm.reconnect(), progress.signal, ANSWER_MS));
  progress.fact('reconnected');
  await progress.step('ask', async () => {
    await answered(vm.agent.call('status', {}, { timeoutMs: AGENT_MS }));
    if (vm.status.get().state === 'running') {
      await vm.engine.answers(AbortSignal.any([progress.signal, AbortSignal.timeout(ANSWER_MS)]));
      progress.fact('engineAnswers');
    }
  });
}

export async function restartEngine({ vm, pauseEvents }: RungDeps, progress: Progress): Promise<void> {
  progress.cancellable(false);
  const resume = pauseEvents();
  try {
    await progress.step('restart', async () => {
      if (vm.status.get().state === 'running') {
        await vm.restart({ engineOnly: true });
      } else {
        // Stuck on its way up: the boot that is under way sees it answer and ends by itself.
        await answered(vm.agent.call('restart', { service: 'dockerd' }, { timeoutMs: ANSWER_MS }));
        await vm.start();
      }
    });
  } finally {
    resume();
  }
  progress.fact('engineRestarted');
}

/** Off in order, whatever it was doing, and on again. */
export async function reboot({ vm }: Pick<RungDeps, 'vm'>, progress: Progress): Promise<void> {
  progress.cancellable(false);
  await progress.step('off', () => vm.whileOff(() => Promise.resolve()));
  await start({ vm }, progress);
}

export async function start({ vm }: { readonly vm: Pick<Vm, 'status' | 'start'> }, progress: Progress): Promise<void> {
  await progress.step('start', () => vm.start());
  progress.fact('started', { version: vm.status.get().engine?.version ?? '-' });
}

export async function checkSystem(deps: RungDeps, progress: Progress): Promise<void> {
  const { files, mended } = await progress.step('hash', () => deps.makeSystemWhole());
  if (mended.length > 0) {
    progress.fact('systemMended', { files: mended.join(', ') });
  }
  progress.fact('systemWhole', { count: files });
  await reboot(deps, progress);
}

export async function lastGood(deps: RungDeps, progress: Progress): Promise<void> {
  progress.cancellable(false);
  const keys = await progress.step('config', () => deps.toLastGood());
  if (keys.length === 0) {
    progress.fact('sameConfig');
  } else {
    progress.fact('lastGood', { keys: keys.join(', ') });
  }
  await reboot(deps, progress);
}

async function within<T>(work: Promise<T>, signal: AbortSignal, milliseconds: number): Promise<T> {
  const late = AbortSignal.timeout(milliseconds);
  return untilAborted(work, AbortSignal.any([signal, late])).catch((error: unknown) => {
    throw late.aborted ? new BerthError('ssh.unreachable', { detail: `${milliseconds / 1000} s` }) : error;
  });
}

/** The agent's refusals and its silence are words, not codes. */
async function answered<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw isBerthError(error) ? error : new BerthError('repair.guestSilent', { detail: asError(error).message }, { cause: error });
  });
}
