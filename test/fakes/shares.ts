// Devices of shares without a VM: what the driver plugs and the guest mounts, as far as the host's side can see it. Nothing is mounted anywhere.
import { BerthError } from '../../preload/contract';
import type { ShareDevice, ShareSpec } from '../../main/vm/driver';
import type { Vm, VmShares } from '../../main/vm/vm';

export interface FakeShares extends VmShares {
  /** Those of a VM that starts; the earlier ones are gone with theirs. */
  boot(specs: readonly ShareSpec[]): void;
  /** The server of a folder ends. */
  kill(folder: string, words: string): void;
  /** What the guest's own program answers to lines about mounts; undefined for any other command. */
  answer(...[command, options]: Parameters<Vm['exec']>): ReturnType<Vm['exec']> | undefined;
}

export interface FakeSharesOptions {
  /** Devices that find a free port. */
  readonly slots?: number;
  readonly openFiles?: number;
}

export function createFakeShares({ slots = 8, openFiles = 1234 }: FakeSharesOptions = {}): FakeShares {
  const devices = new Map<ShareDevice, (words: string) => void>();

  function plug(spec: ShareSpec): ShareDevice {
    let end: (words: string) => void = () => undefined;
    const device: ShareDevice = {
      answers: () => Promise.resolve(true),
      spec,
      gone: new Promise((resolve) => (end = resolve)),
      remove: () => {
        devices.delete(device);
        return Promise.resolve();
      },
      openFiles: () => Promise.resolve(openFiles),
    };
    devices.set(device, end);
    return device;
  }

  return {
    devices: () => [...devices.keys()],
    add: (spec) =>
      devices.size < slots ? Promise.resolve(plug(spec)) : Promise.reject(new BerthError('shares.noSlot', { path: spec.folder })),
    boot(specs) {
      devices.clear();
      specs.forEach(plug);
    },
    kill(folder, words) {
      for (const [device, end] of devices) {
        if (device.spec.folder === folder) {
          end(words);
        }
      }
    },
    answer(command, options) {
      if (typeof command === 'string' || command[0] !== '/proc/1/exe' || command[1] !== 'shares') {
        return undefined;
      }
      const lines = String(options?.stdin ?? '').split('\n').length - 1;
      return Promise.resolve({ stdout: 'ok\n'.repeat(lines), stderr: '', code: 0 });
    },
  };
}
