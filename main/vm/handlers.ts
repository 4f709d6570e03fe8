// The contract's vm.* names, as functions of the VM.
import type { BackendHandlers } from '../../preload/contract';
import type { HomeFiles } from '../lib/home';
import { follow } from '../lib/observable';
import { followLog, tailLog } from './logs';
import type { Vm } from './vm';

type VmNames = 'vm.start' | 'vm.stop' | 'vm.restart' | 'vm.status' | 'vm.boots' | 'vm.limits' | 'vm.log' | 'vm.logs';

export interface VmHandlersDeps {
  readonly vm: Vm;
  readonly files: HomeFiles;
  /** Resolves when it is known whether an earlier backend left a VM. */
  readonly adopted: Promise<unknown>;
  /** Closes the engine's stream of events until the function returned is called. */
  readonly pauseEvents: () => () => void;
}

export function vmHandlers({ vm, files, adopted, pauseEvents }: VmHandlersDeps): Pick<BackendHandlers, VmNames> {
  return {
    async 'vm.start'() {
      await adopted;
      await vm.start();
    },
    async 'vm.stop'({ shutdown }) {
      await adopted;
      await vm.stop({ shutdown });
    },
    async 'vm.restart'({ engineOnly }) {
      await adopted;
      // An open stream of events delays dockerd's end by seconds.
      const resume = engineOnly ? pauseEvents() : undefined;
      try {
        await vm.restart({ engineOnly });
      } finally {
        resume?.();
      }
    },
    'vm.status': (_, { signal }) => follow(vm.status, signal),
    'vm.boots': () => vm.boots(),
    'vm.limits': () => vm.limits(),
    'vm.log': async ({ source, lines }) => ({ lines: await tailLog(files, source, lines) }),
    'vm.logs': ({ source, tail }, { signal }) => followLog(files, source, tail, signal),
  };
}
