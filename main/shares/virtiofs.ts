// Shares as devices of the VM: the driver plugs, the guest mounts by tag.
import type { ShareDevice } from '../vm/driver';
import { SHARE_SLOTS } from '../vm/qemu/args';
import type { VmShares } from '../vm/vm';
import type { ShareBackend, ShareSource } from './backend';
import type { ShareGuest } from './guest';

export function createVirtiofs({ vm, guest }: { readonly vm: VmShares; readonly guest: ShareGuest }): ShareBackend {
  const sourceOf = (device: ShareDevice): ShareSource => ({
    spec: device.spec,
    gone: device.gone,
    answers: () => device.answers(),
    mount: () => guest.mount({ kind: 'mount', spec: device.spec }),
    remove: () => device.remove(),
    openFiles: () => device.openFiles(),
  });
  return {
    driver: 'virtiofs',
    slots: SHARE_SLOTS,
    late: false,
    present: () => Promise.resolve(vm.devices().map(sourceOf)),
    open: async (spec) => sourceOf(await vm.add(spec)),
  };
}
