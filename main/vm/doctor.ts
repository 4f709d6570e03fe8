// The VM's part of `berth doctor`: accelerators, image and bundle, memory, disks, transport; each with its figures.
import { toWireError, BerthError } from '../../preload/contract/errors';
import type { VmStatus } from '../../preload/contract';
import type { HomeFiles } from '../lib/home';
import type { Observable } from '../lib/observable';
import { inspectDisk } from './disk';
import type { VmDriver } from './driver';
import { checkHost, freeDisk, hostFigures, MIN_FREE_DISK } from './limits';
import { choose } from './qemu/verdicts';
import type { Checker } from './resources';
import type { DoctorProbe } from './vm';

export interface DoctorDeps {
  readonly files: HomeFiles;
  readonly driver: VmDriver;
  readonly checker: Checker;
  readonly status: Observable<VmStatus>;
}

export function doctorProbes({ files, driver, checker, status }: DoctorDeps): readonly DoctorProbe[] {
  const probe = (
    id: string,
    run: (signal: AbortSignal) => Promise<{ status: 'ok' | 'warn' | 'skipped'; detail: string }>,
  ): DoctorProbe => ({
    id,
    async run(signal) {
      try {
        return await run(signal);
      } catch (error) {
        return {
          status: 'fail',
          detail: error instanceof BerthError ? Object.values(error.params).join(' ') : String(error),
          error: toWireError(error),
        };
      }
    },
  });
  return [
    probe('accelerator', async (signal) => {
      const verdicts = await driver.accelerators(signal);
      const best = choose('auto', verdicts);
      if (best === undefined) {
        throw new BerthError('vm.noAccelerator', { reasons: verdicts.map(({ name, reason }) => `${name}: ${reason.key}`).join(', ') });
      }
      return {
        status: best.name === 'tcg' ? 'warn' : 'ok',
        detail: verdicts
          .filter(({ reason }) => reason.key !== 'otherSystem')
          .map(({ name, reason }) => `${name}: ${reason.key}`)
          .join(', '),
      };
    }),
    probe('image', async () => {
      const { guest, bundle } = await checker.verify({ full: true });
      return { status: 'ok', detail: `${guest.hash} ${bundle.hash}${guest.engine === undefined ? '' : ` engine ${guest.engine.version}`}` };
    }),
    probe('memory', async () => {
      const { state, memoryBytes } = status.get();
      if (state === 'stopped' || state === 'failed') {
        await checkHost(memoryBytes, files.root);
      }
      return { status: 'ok', detail: `${mib(memoryBytes)} / ${mib(hostFigures().memoryBytes)}` };
    }),
    probe('hostDisk', async () => {
      const free = await freeDisk(files.root);
      if (free < MIN_FREE_DISK) {
        throw new BerthError('vm.notEnoughDisk', { path: files.root, neededBytes: MIN_FREE_DISK, availableBytes: free });
      }
      return { status: free < 5 * MIN_FREE_DISK ? 'warn' : 'ok', detail: mib(free) };
    }),
    probe('dataDisk', async () => ({ status: 'ok', detail: await inspectDisk(files) })),
  ];
}

function mib(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
