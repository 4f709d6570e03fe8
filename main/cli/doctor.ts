// `berth doctor` where no backend runs: the same checks, made here, with a VM object that is never started.
import { settingsSchema } from '../../preload/contract';
import type { DoctorCheck } from '../../preload/contract';
import { createDoctor } from '../doctor/doctor';
import type { HomeFiles } from '../lib/home';
import { silentLogger } from '../lib/logger';
import { createObservable } from '../lib/observable';
import { readText } from '../lib/atomic-file';
import { readSettings } from '../settings/read';
import { createVm } from '../vm/create-vm';
import type { Resources } from '../vm/resources';

export async function* checkWithoutBackend(files: HomeFiles, resources: Resources, signal: AbortSignal): AsyncGenerator<DoctorCheck> {
  const read = readSettings((await readText(files.settings).catch(() => undefined)) ?? '{}');
  const never = (): Promise<never> => Promise.reject(new Error('not started'));
  const vm = createVm({
    files,
    resources,
    settings: createObservable(read.kind === 'good' ? read.settings : settingsSchema.parse({})),
    log: silentLogger,
    notify: () => undefined,
    ping: never,
    settle: never,
  });
  try {
    yield* createDoctor({ files, vm }).run(signal);
  } finally {
    // Nothing was started, so there is nothing to stop: `keepVm` touches no process.
    await vm.dispose({ keepVm: true });
  }
}
