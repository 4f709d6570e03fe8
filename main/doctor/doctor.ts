// The checks of `berth doctor`: of the host and the home, then the VM's own, then the engine. Each is timed and sent as it ends; none changes anything.
import { toWireError } from '../../preload/contract';
import type { DoctorCheck } from '../../preload/contract';
import type { HomeFiles } from '../lib/home';
import type { DoctorProbe, Vm } from '../vm/vm';
import { engineProbes } from './engine';
import { hostProbes } from './host';

/** A check that hangs is itself a finding. */
const CHECK_LIMIT_MS = 120_000;

export interface Doctor {
  run(signal: AbortSignal): AsyncGenerator<DoctorCheck>;
}

export function createDoctor({
  files,
  vm,
  probes = [],
}: {
  readonly files: HomeFiles;
  readonly vm: Pick<Vm, 'doctorChecks' | 'status' | 'exec'>;
  /** Of other services. */
  readonly probes?: readonly DoctorProbe[];
}): Doctor {
  return {
    async *run(signal) {
      const running = vm.status.get().state === 'running';
      for (const probe of [...hostProbes(files), ...probes, ...vm.doctorChecks, ...engineProbes(files, running ? vm : undefined)]) {
        if (signal.aborted) {
          return;
        }
        yield await runProbe(probe, signal);
      }
    },
  };
}

export async function runProbe(probe: DoctorProbe, signal: AbortSignal): Promise<DoctorCheck> {
  const startedAt = performance.now();
  const limit = new AbortController();
  const stop = (): void => limit.abort(new Error(`no result after ${CHECK_LIMIT_MS / 1000} s`));
  const timer = setTimeout(stop, CHECK_LIMIT_MS);
  signal.addEventListener('abort', stop, { once: true });
  let result: Omit<DoctorCheck, 'id' | 'seconds'>;
  try {
    result = await probe.run(limit.signal);
  } catch (error) {
    result = { status: 'fail', detail: '', error: toWireError(error) };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
  return { ...result, id: probe.id, seconds: Math.round(performance.now() - startedAt) / 1000 };
}
