// What could be done now so that Berth costs less, with the call or the page that does it. Pure.
import type { CostRemedy, Settings, VmStatus } from '../../preload/contract';

export interface RemedyFacts {
  readonly vm: Pick<VmStatus, 'state' | 'features'>;
  readonly runningContainers: number;
  readonly idleMinutes: Settings['vm']['idleMinutes'];
  /** In memory for the VM now. */
  readonly vmBytes: number;
  /** What the guest could give back. */
  readonly spareBytes: number;
}

/** Less would not be seen. */
const WORTH = 128 * 2 ** 20;

export function remediesFor({ vm, runningContainers, idleMinutes, vmBytes, spareBytes }: RemedyFacts): readonly CostRemedy[] {
  if (vm.state !== 'running') {
    return [];
  }
  return [
    ...(spareBytes >= WORTH ? [{ key: 'giveBack', bytes: spareBytes, call: 'cost.giveBack' } as const] : []),
    ...(vm.features.suspend && runningContainers === 0 ? [{ key: 'suspend', bytes: vmBytes, call: 'vm.stop' } as const] : []),
    ...(vm.features.suspend && idleMinutes === 0 ? [{ key: 'idle', page: 'settings' } as const] : []),
  ];
}
