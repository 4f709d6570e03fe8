// A guest that leaves the data disk alone (`mode repair` of vm/AGREEMENT.md): no engine, a shell by SSH, and the disk as it was asked for.
// Knows how to boot and to end one; what is done in it is main/repair's.
import { rm } from 'node:fs/promises';
import type { Duplex } from 'node:stream';
import { BerthError } from '../../preload/contract/errors';
import { deferred, untilAborted } from '../lib/async';
import { connectSsh } from '../ssh/connection';
import type { ExecOptions, ExecResult, SshConnection } from '../ssh/connection';
import { dialAgent } from './agent';
import type { AgentClient } from './agent';
import type { BootDeps } from './attempt';
import { EMULATION_RACE } from './boot';
import { diskPath } from './disk';
import type { DataAccess, RunningVm } from './driver';
import { repairConfig } from './guest-config';
import { guestTarget, loadKeys } from './keys';
import { hostFigures } from './limits';
import { capLogs, tailLog } from './logs';
import { powerOff } from './power-off';
import { choose } from './qemu/verdicts';

/** To sshd: 5 s under emulation; a loaded machine takes its time. */
const BOOT_MS = 180_000;
const OFF_MS = 30_000;
/** e2fsck and tar need little. Not the settings': they may be what is wrong. */
const MEMORY = 1024 * 2 ** 20;
const CPUS = 2;

export interface RepairGuestOptions {
  readonly disk: DataAccess;
  /** What dockerd gets where the repair starts it. */
  readonly daemonJson?: string;
}

export interface RepairGuest {
  exec(command: string, options?: ExecOptions): Promise<ExecResult>;
  /** Its output as a stream; errors are dropped. */
  execStream(command: string): Promise<Duplex>;
  /** In order; resolves when nothing of it is left. */
  end(): Promise<void>;
}

export type RepairGuestDeps = Pick<BootDeps, 'files' | 'driver' | 'checker' | 'log' | 'settings'>;

export async function bootRepairGuest(deps: RepairGuestDeps, options: RepairGuestOptions, signal: AbortSignal): Promise<RepairGuest> {
  try {
    return await bootOnce(deps, options, signal);
  } catch (error) {
    if (error instanceof BerthError && String(error.params['detail']).includes(EMULATION_RACE) && !signal.aborted) {
      return bootOnce(deps, options, signal);
    }
    throw error;
  }
}

async function bootOnce(deps: RepairGuestDeps, options: RepairGuestOptions, signal: AbortSignal): Promise<RepairGuest> {
  const { files, driver, log } = deps;
  await deps.checker.verify();
  await capLogs(files);
  const settings = deps.settings();
  const verdicts = await driver.accelerators(signal);
  const accelerator = choose(settings.accelerator, verdicts) ?? choose('auto', verdicts);
  if (accelerator === undefined) {
    throw new BerthError('vm.noAccelerator', { reasons: verdicts.map(({ name, reason }) => `${name}: ${reason.key}`).join('; ') });
  }
  const keys = await loadKeys(files);
  const running = await driver.start(
    {
      cpus: Math.min(CPUS, hostFigures().cpus),
      memoryBytes: MEMORY,
      accelerator,
      guest: repairConfig(keys, Date.now(), options.daemonJson ?? '{}'),
      // No container runs in it; QEMU's own network needs no further program.
      hostAccess: 'all',
      dataAccess: options.disk,
      shares: [],
    },
    signal,
  );
  // A repair may be about a full disk: it is not halted for want of space.
  running.holdSpace();
  log.info('a guest for repair', { pid: running.pid, disk: await diskPath(files), access: options.disk });
  const parts: { agent?: AgentClient; ssh?: SshConnection } = {};
  const powerDown = async (): Promise<void> => {
    parts.ssh?.end();
    await powerOff({ running, agent: parts.agent, log, deadlineMs: OFF_MS });
    parts.agent?.close();
    await rm(files.disks.scratch, { force: true });
  };
  let ended: Promise<void> | undefined;
  const end = (): Promise<void> => (ended ??= powerDown());
  try {
    const late = AbortSignal.timeout(BOOT_MS);
    const until = AbortSignal.any([signal, late, endOf(running)]);
    const sshd = deferred<void>();
    parts.agent = await dialAgent(files.run.agent, (event) => event.event === 'phase' && event.name === 'sshd' && sshd.resolve(), until);
    await running.run();
    await untilAborted(sshd.promise, until).catch(async (error: unknown) => {
      throw late.aborted ? new BerthError('repair.guestNotStarted', { seconds: BOOT_MS / 1000, detail: await lastWords(deps) }) : error;
    });
    const ssh = await connectSsh(guestTarget(keys, running.sshPort), until);
    parts.ssh = ssh;
    return { exec: (command, execOptions) => ssh.exec(command, execOptions), execStream: (command) => ssh.execStream(command), end };
  } catch (error) {
    await end();
    throw error;
  }
}

async function lastWords({ files }: RepairGuestDeps): Promise<string> {
  return (await tailLog(files, 'serial', 1).catch((): readonly string[] => [])).at(-1) ?? '';
}

function endOf(running: RunningVm): AbortSignal {
  const ended = new AbortController();
  void running.exited.then((detail) => ended.abort(new BerthError('vm.exited', { detail })));
  return ended.signal;
}
