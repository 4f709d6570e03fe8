// One boot, resume or adoption, from nothing to an engine that answers. Knows what the host does for it, in its order; the guest's side is enter.ts.
import { BerthError } from '../../preload/contract/errors';
import type { AcceleratorName, AcceleratorVerdict, BootTimeline } from '../../preload/contract';
import { attempt } from './attempt';
import type { Attempt, BootDeps, LiveVm } from './attempt';
import { prepareDisk } from './disk';
import { NotResumed } from './driver';
import type { RunningVm, SavedVm } from './driver';
import { enter } from './enter';
import { guestConfig } from './guest-config';
import type { Keys } from './keys';
import { loadKeys } from './keys';
import { checkHost, hostFigures, sizeOf } from './limits';
import { capLogs } from './logs';
import { choose } from './qemu/verdicts';
import { bootOn } from './slots';

/**
 * QEMU's software emulation can abort while the guest sets its devices up: a processor uses one in the moment in which another processor moves it
 * (QEMU's issue 1921). Nothing of the guest has begun by then.
 */
export const EMULATION_RACE = 'iotlb_to_section';

type Why = Pick<BootTimeline, 'notResumed'>;

/** On the application's guest and QEMU, or, where those are new and do not start, on the ones before. */
export function bootVm(deps: BootDeps, signal: AbortSignal, why: Why = {}): Promise<LiveVm> {
  return bootOn(deps.slots, () => bootChosen(deps, signal, why), signal);
}

async function bootChosen(deps: BootDeps, signal: AbortSignal, why: Why): Promise<LiveVm> {
  try {
    return await bootOnce(deps, signal, why);
  } catch (error) {
    if (
      error instanceof BerthError &&
      error.code === 'vm.exited' &&
      String(error.params['detail']).includes(EMULATION_RACE) &&
      !signal.aborted
    ) {
      deps.log.warn('QEMU aborted by a fault of its own; it is started again');
      return bootOnce(deps, signal, why);
    }
    throw error;
  }
}

function bootOnce(deps: BootDeps, signal: AbortSignal, why: Why): Promise<LiveVm> {
  return attempt(deps, { kind: 'cold', ...why }, signal, async (run) => {
    run.timeline.begin('prepare');
    const { keys, running } = await launch(deps, run);
    return enter(deps, run, running, keys);
  });
}

export async function adoptVm(deps: BootDeps, signal: AbortSignal): Promise<LiveVm | undefined> {
  const running = await deps.driver.adopt();
  if (running === undefined) {
    return undefined;
  }
  deps.log.info('taking over a VM that runs', { pid: running.pid });
  return attempt(deps, { kind: 'adopt' }, signal, async (run) => {
    run.parts.running = running;
    run.parts.mounted = true;
    deps.onRunning(running);
    run.timeline.setAccelerator(running.accelerator.name);
    return enter(deps, run, running, await loadKeys(deps.files));
  });
}

/** From saved memory, and cold where that cannot be used: nothing that was on the disk is lost by that, the suspend has written it down. */
export async function resumeVm(deps: BootDeps, saved: SavedVm, signal: AbortSignal, coldInstead: () => void): Promise<LiveVm> {
  await deps.slots.use({ guestHash: saved.made.guest, bundleHash: saved.made.bundle });
  // Before the memory is used up: what the host lacks now it may have later.
  await checkHost(saved.memoryBytes, deps.files.root);
  await deps.checker.verify();
  try {
    return await attempt(deps, { kind: 'resume' }, signal, async (run) => {
      run.timeline.begin('prepare');
      await capLogs(deps.files);
      run.timeline.end('prepare');
      run.timeline.begin('qemu');
      const running = await deps.driver.resume(run.signal, () => {
        run.timeline.end('qemu');
        run.timeline.begin('memory');
      });
      run.parts.running = running;
      run.parts.mounted = true;
      deps.onRunning(running);
      run.timeline.setAccelerator(running.accelerator.name);
      return enter(deps, run, running, await loadKeys(deps.files));
    });
  } catch (error) {
    if (signal.aborted || (await deps.driver.suspended()) !== undefined) {
      throw error;
    }
    const why =
      error instanceof NotResumed ? error : new NotResumed('failed', { detail: error instanceof Error ? error.message : String(error) });
    deps.log.warn('the VM starts cold', { error: why });
    coldInstead();
    return bootVm(deps, signal, { notResumed: { key: why.key, params: why.params } });
  }
}

/** Host's side: everything is checked before a process is started. */
async function launch(deps: BootDeps, run: Attempt): Promise<{ readonly keys: Keys; readonly running: RunningVm }> {
  const { files, driver } = deps;
  const settings = deps.settings();
  const size = sizeOf(settings, hostFigures());
  await checkHost(size.memoryBytes, files.root);
  await deps.checker.verify();
  await capLogs(files);
  const verdicts = await driver.accelerators(run.signal);
  const accelerator = choose(settings.accelerator, verdicts);
  if (accelerator === undefined) {
    throw noAccelerator(settings.accelerator, verdicts);
  }
  run.timeline.setAccelerator(accelerator.name);
  const [keys, disk, shares] = await Promise.all([loadKeys(files), prepareDisk(files), deps.shares()]);
  const given = await deps.guestFiles();
  run.signal.throwIfAborted();
  run.timeline.end('prepare');
  run.timeline.begin('qemu');
  const running = await driver.start(
    { ...size, accelerator, guest: guestConfig(keys, disk, Date.now(), given), hostAccess: deps.hostAccess(), shares },
    run.signal,
  );
  run.parts.running = running;
  deps.onRunning(running);
  return { keys, running };
}

function noAccelerator(asked: AcceleratorName | 'auto', verdicts: readonly AcceleratorVerdict[]): BerthError {
  const tried = verdicts.filter(({ name, reason }) => (asked === 'auto' ? reason.key !== 'otherSystem' : name === asked));
  const blocked = tried.find(({ reason }) => reason.key === 'spawnFailed');
  if (blocked !== undefined) {
    // Not the accelerator's fault: the program itself does not start, though its checksum is right.
    return new BerthError('vm.blockedBinary', {
      path: String(blocked.reason.params['path'] ?? ''),
      reason: String(blocked.reason.params['detail'] ?? ''),
    });
  }
  return new BerthError('vm.noAccelerator', {
    reasons: tried.map(({ name, reason }) => `${name}: ${reason.key} ${Object.values(reason.params).join(' ')}`.trim()).join('; '),
  });
}
