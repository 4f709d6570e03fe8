// The VM as the window mirrors it, and what it saw of it: when it stood still last.
import type { BootTimeline, VmLimits, VmStatus } from '../../../preload/contract';

/** Milliseconds since the epoch. */
export interface Pause {
  readonly from: number;
  readonly to: number;
}

export interface VmSlice {
  readonly status: VmStatus | undefined;
  /** The last starts, 20 of each kind at most, newest first. */
  readonly boots: readonly BootTimeline[];
  readonly limits: VmLimits | undefined;
  /** The last suspend that a resume ended, for marks in what goes on after it. */
  readonly pause: Pause | undefined;
}

export const initialVm: VmSlice = { status: undefined, boots: [], limits: undefined, pause: undefined };

/** Known as soon as it resumes: streams begin again before the VM is said to run. A resume that becomes a boot was none. */
export function applyVmStatus(slice: VmSlice, status: VmStatus, now: number): VmSlice {
  const before = slice.status;
  if (status.state === 'resuming' && before?.state !== 'resuming') {
    return { ...slice, status, pause: { from: status.suspended?.at ?? before?.suspended?.at ?? now, to: now } };
  }
  return { ...slice, status, pause: status.state === 'starting' ? undefined : slice.pause };
}
