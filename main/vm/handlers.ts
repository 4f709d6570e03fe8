// The contract's vm.* names, as functions of the VM.
import type { BackendHandlers } from '../../preload/contract';
import type { HomeFiles } from '../lib/home';
import { follow } from '../lib/observable';
import { followLog, tailLog } from './logs';
import type { Vm } from './vm';

type VmNames = 'vm.start' | 'vm.stop' | 'vm.restart' | 'vm.status' | 'vm.boots' | 'vm.limits' | 'vm.log' | 'vm.logs';

export function vmHandlers(vm: Vm, files: HomeFiles): Pick<BackendHandlers, VmNames> {
  return {
    'vm.start': () => vm.start(),
    'vm.stop': () => vm.stop(),
    'vm.restart': (options) => vm.restart(options),
    'vm.status': (_, { signal }) => follow(vm.status, signal),
    'vm.boots': () => vm.boots(),
    'vm.limits': () => vm.limits(),
    'vm.log': async ({ source, lines }) => ({ lines: await tailLog(files, source, lines) }),
    'vm.logs': ({ source, tail }, { signal }) => followLog(files, source, tail, signal),
  };
}
