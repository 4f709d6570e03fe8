// The time in which a repair has the data disk for itself: the VM is off and stays off, and what a repair boots is ended with it.
import { BerthError } from '../../preload/contract/errors';
import { exists } from '../lib/exists';
import type { MachineState } from './machine';
import { bootRepairGuest } from './repair-guest';
import type { RepairGuest, RepairGuestDeps } from './repair-guest';
import type { OffVm } from './vm';

export interface OffLimitsDeps extends RepairGuestDeps {
  state(): MachineState;
  /** In order where it can be asked; a suspended one is resumed first. */
  stop(): Promise<void>;
}

export interface OffLimits {
  /** Throws `repair.busy` while a repair has the disk. */
  check(): void;
  run<T>(work: (off: OffVm) => Promise<T>): Promise<T>;
}

export function createOffLimits(deps: OffLimitsDeps): OffLimits {
  let taken = false;

  function check(): void {
    if (taken) {
      throw new BerthError('repair.busy', {});
    }
  }

  async function untilOff(): Promise<void> {
    await deps.stop();
    const state = deps.state();
    if (state !== 'stopped' && state !== 'failed') {
      throw new BerthError('vm.busy', { state });
    }
  }

  /** Memory that was saved counts on the disk as it is: to write under it would make one of the two worthless. */
  async function claim(): Promise<void> {
    if (await exists(deps.files.suspend.memory)) {
      throw new BerthError('repair.memorySaved', { path: deps.files.suspend.memory });
    }
  }

  return {
    check,
    async run(work) {
      check();
      taken = true;
      const guests: RepairGuest[] = [];
      try {
        await untilOff();
        return await work({
          claim,
          async guest(options, signal) {
            if (options.disk === 'writable') {
              await claim();
            }
            const guest = await bootRepairGuest(deps, options, signal);
            guests.push(guest);
            return guest;
          },
        });
      } finally {
        try {
          await Promise.all(guests.map((guest) => guest.end()));
        } finally {
          taken = false;
        }
      }
    },
  };
}
