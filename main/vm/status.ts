// The one status that the window and the command line see, composed of what the parts say. Pure.
import type { AcceleratorVerdict, BootTimeline, HostAccess, Settings, VmStatus, WireError } from '../../preload/contract';
import type { RunningVm, SavedVm, VmDriver } from './driver';
import { limitsOf } from './limits';
import type { HostFigures } from './limits';
import type { Model } from './machine';
import { choose } from './qemu/verdicts';
import { currentPhase } from './timeline';
import type { EngineVersion } from './vm';

export interface StatusParts {
  readonly model: Model;
  readonly driver: Pick<VmDriver, 'name' | 'features'>;
  readonly settings: Settings['vm'];
  readonly hostAccess: HostAccess;
  readonly host: HostFigures;
  readonly running: RunningVm | undefined;
  readonly saved: SavedVm | undefined;
  readonly timeline: BootTimeline | undefined;
  readonly verdicts: readonly AcceleratorVerdict[];
  readonly engine: EngineVersion | undefined;
  /** Why the engine does not answer in a VM that runs. */
  readonly engineError: WireError | undefined;
  readonly runningSince: number | undefined;
}

export function composeStatus(parts: StatusParts): VmStatus {
  const { model, driver, settings, host, running, saved, timeline } = parts;
  const limits = limitsOf(host);
  const next = { cpus: settings.cpus ?? limits.cpus.default, memoryBytes: settings.memoryBytes ?? limits.memoryBytes.default };
  const phase = (model.state === 'starting' || model.state === 'resuming') && timeline !== undefined ? currentPhase(timeline) : undefined;
  const accelerator = running?.accelerator ?? choose(settings.accelerator, parts.verdicts);
  const isRunning = model.state === 'running';
  const error = isRunning ? parts.engineError : model.error;
  return {
    state: model.state,
    ...(phase === undefined ? {} : { phase }),
    ...(error === undefined ? {} : { error }),
    driver: driver.name,
    features: driver.features,
    ...(accelerator === undefined ? {} : { accelerator }),
    cpus: running?.cpus ?? next.cpus,
    memoryBytes: running?.memoryBytes ?? next.memoryBytes,
    ...(running === undefined ? {} : { pid: running.pid, network: running.network }),
    ...(running?.space.get()?.state === 'paused' ? { waitsFor: 'hostDisk' as const } : {}),
    ...(saved === undefined ? {} : { suspended: { at: saved.at, by: saved.by, bytes: saved.bytes } }),
    ...(timeline === undefined ? {} : { boot: timeline }),
    pendingRestart: running !== undefined && (differs(running, next, settings.accelerator) || otherNetwork(running, parts.hostAccess)),
    ...(isRunning && parts.engine !== undefined ? { engine: parts.engine } : {}),
    ...(isRunning && parts.runningSince !== undefined ? { runningSince: parts.runningSince } : {}),
  };
}

/** A network that could not be had is not had by another start either. */
function otherNetwork({ network }: RunningVm, hostAccess: HostAccess): boolean {
  return network.error === undefined && (network.backend === 'passt') !== (hostAccess !== 'all');
}

function differs(
  running: RunningVm,
  next: { readonly cpus: number; readonly memoryBytes: number },
  accelerator: Settings['vm']['accelerator'],
): boolean {
  return (
    running.cpus !== next.cpus ||
    running.memoryBytes !== next.memoryBytes ||
    (accelerator !== 'auto' && accelerator !== running.accelerator.name)
  );
}
