// The space on the host under the data disk: looked at by one slow timer while the VM runs, said once when it is low, and the VM waits before
// the guest could see an error. QEMU's own word (BLOCK_IO_ERROR) is the last resort, for a guest that writes faster than the timer looks.
// Knows one running VM by two orders, halt and go on; never touches a file.
import { statfs } from 'node:fs/promises';
import { BerthError } from '../../preload/contract/errors';
import type { HostSpace } from '../../preload/contract';
import type { Logger } from '../lib/logger';
import { createObservable } from '../lib/observable';
import type { Observable } from '../lib/observable';

const GB = 2 ** 30;

export interface SpaceLimits {
  readonly warnBytes: number;
  readonly pauseBytes: number;
  /** On top of a limit, before it counts as left behind: otherwise a log's rotation would halt and free the VM by turns. */
  readonly slackBytes: number;
  /** Nothing announces free space. The second one is of a host that is low: there a few seconds count. */
  readonly everyMs: number;
  readonly everyMsWhenLow: number;
}

export const SPACE_LIMITS: SpaceLimits = {
  warnBytes: 5 * GB,
  pauseBytes: 1 * GB,
  slackBytes: 0.5 * GB,
  everyMs: 10_000,
  everyMsWhenLow: 2000,
};
/** Where the file system has space and a quota has not, QEMU says so at each try: once is enough. */
const SAME_FULL_MS = 60_000;

export interface SpaceGuardDeps {
  /** Of the data disk. */
  readonly folder: string;
  readonly log: Logger;
  readonly limits?: SpaceLimits;
  halt(): Promise<void>;
  goOn(): Promise<void>;
  /** `disk.hostLow` and `disk.hostFull`, each when it begins. */
  tell(error: BerthError): void;
}

export interface SpaceGuard {
  readonly space: Observable<HostSpace | undefined>;
  /** From when the orders work. */
  begin(): void;
  /** QEMU could not write and has halted the guest. */
  onFull(): void;
  /** Until the returned function is called nothing is halted and nothing goes on: somebody else's hand is on the VM. */
  hold(): () => void;
  /** Halted by an earlier backend, which is gone; before `begin`. */
  foundHalted(): void;
  dispose(): void;
}

export function createSpaceGuard(deps: SpaceGuardDeps): SpaceGuard {
  const { folder, log, limits = SPACE_LIMITS } = deps;
  const space = createObservable<HostSpace | undefined>(undefined);
  let timer: NodeJS.Timeout | undefined;
  let held = 0;
  let halted = false;
  /** Somebody else had a hand on the VM: whether it is halted is not known. */
  let unsure = false;
  let fullAt = -Infinity;
  let disposed = false;
  let looking: Promise<void> = Promise.resolve();

  async function look(): Promise<void> {
    const figures = await hostSpace(folder, limits);
    const before = space.get()?.state ?? 'ok';
    const { freeBytes } = figures;
    const paused = freeBytes < limits.pauseBytes || (halted && freeBytes < limits.pauseBytes + limits.slackBytes);
    const low = paused || freeBytes < limits.warnBytes || (before !== 'ok' && freeBytes < limits.warnBytes + limits.slackBytes);
    if (held > 0 || disposed) {
      return;
    }
    if (paused && (!halted || unsure)) {
      await deps.halt();
      halted = true;
      log.warn('the host’s disk is full; the VM waits', { folder, freeBytes });
    } else if (!paused && halted) {
      await deps.goOn();
      halted = false;
      log.info('the host has disk space again; the VM goes on', { folder, freeBytes });
    }
    unsure = false;
    const state = halted ? 'paused' : low ? 'low' : 'ok';
    space.set({ ...figures, state });
    if (state === 'paused' && before !== 'paused') {
      deps.tell(hostFull(figures));
    } else if (state === 'low' && before === 'ok') {
      deps.tell(new BerthError('disk.hostLow', { folder, freeBytes, pauseBytes: limits.pauseBytes }));
    }
  }

  /** One look at a time, and the next one only when this one is over. */
  function lookNow(): void {
    clearTimeout(timer);
    looking = looking
      .then(look)
      .catch((error: unknown) => log.warn('the host’s disk could not be looked at', { folder, error }))
      .then(() => {
        clearTimeout(timer);
        if (!disposed && held === 0) {
          timer = setTimeout(lookNow, (space.get()?.state ?? 'ok') === 'ok' ? limits.everyMs : limits.everyMsWhenLow);
          timer.unref();
        }
      });
  }

  return {
    space,
    begin: lookNow,
    onFull() {
      const again = performance.now() - fullAt < SAME_FULL_MS;
      fullAt = performance.now();
      const told = again || space.get()?.state === 'paused';
      halted = true;
      // At least until the next look: what has halted the guest may be a quota that statfs does not know.
      const figures = { ...(space.get() ?? { folder, freeBytes: 0, totalBytes: 0, ...pick(limits) }), state: 'paused' } as const;
      space.set(figures);
      if (!told) {
        deps.tell(hostFull(figures));
      }
      clearTimeout(timer);
      timer = setTimeout(lookNow, limits.everyMsWhenLow);
      timer.unref();
    },
    foundHalted() {
      halted = true;
    },
    hold() {
      held += 1;
      clearTimeout(timer);
      let over = false;
      return () => {
        if (!over) {
          over = true;
          held -= 1;
          unsure = true;
          if (held === 0) {
            lookNow();
          }
        }
      };
    },
    dispose() {
      disposed = true;
      clearTimeout(timer);
    },
  };
}

export function hostFull({ folder, freeBytes, pauseBytes }: Pick<HostSpace, 'folder' | 'freeBytes' | 'pauseBytes'>): BerthError {
  return new BerthError('disk.hostFull', { folder, freeBytes, pauseBytes });
}

/** As it is now, without a VM that could wait. */
export async function hostSpace(folder: string, limits: Pick<SpaceLimits, 'warnBytes' | 'pauseBytes'> = SPACE_LIMITS): Promise<HostSpace> {
  const { bavail, blocks, bsize } = await statfs(folder);
  const freeBytes = bavail * bsize;
  return { state: freeBytes < limits.warnBytes ? 'low' : 'ok', folder, freeBytes, totalBytes: blocks * bsize, ...pick(limits) };
}

function pick({ warnBytes, pauseBytes }: Pick<SpaceLimits, 'warnBytes' | 'pauseBytes'>): Pick<SpaceLimits, 'warnBytes' | 'pauseBytes'> {
  return { warnBytes, pauseBytes };
}
