// The QEMU driver: starts, adopts and ends one QEMU process of one home. Knows argv, QMP and state/vm.json; nothing of ssh or Docker.
import { mkdir, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { BerthError } from '../../../preload/contract/errors';
import type { AcceleratorName } from '../../../preload/contract';
import { asError, retryUntil, settledWithin } from '../../lib/async';
import { writeAtomic } from '../../lib/atomic-file';
import type { HomeFiles } from '../../lib/home';
import type { Logger } from '../../lib/logger';
import { availableMemory } from '../../lib/memory';
import { identify, isAlive, isSameProcess } from '../../lib/process';
import type { RunningVm, VmDriver, VmSpec } from '../driver';
import { probeConfig } from '../guest-config';
import { explainSpawnError, readManifest } from '../resources';
import type { Resources } from '../resources';
import { createAccelerators } from './accelerator';
import { probeArgs, SHARE_SLOTS, vmArgs } from './args';
import type { Arch } from './args';
import { forQemu, fwCfgFile, fwCfgNames, kernelFiles, passtBinary, qemuBinary, shareBinaries } from './files';
import type { FwCfgName } from './files';
import { explainLaunch, freePort, launch, textSince } from './launch';
import { openNetwork } from './network';
import { endOrphans, guard } from './orphans';
import { probe } from './probe';
import { dialQmp } from './qmp';
import type { QmpEvent } from './qmp';
import { createRunning } from './running';
import { readVmState, removeVmState, writeVmState } from './state-file';
import type { VmState } from './state-file';
import { createShareServers, openFileLimit } from './virtiofsd';
import type { ShareServer } from './virtiofsd';

export interface QemuDriverDeps {
  readonly files: HomeFiles;
  readonly resources: Resources;
  readonly log: Logger;
  readonly arch?: Arch;
}

/** QEMU's own start, from spawn to QMP: 0.2 s usually, seconds on a machine that swaps. */
const QMP_DEADLINE_MS = 20_000;
/** What does not answer by then is hung and is ended, with its containers: longer than a loaded host is ever silent. */
const ADOPT_DEADLINE_MS = 30_000;
const ATTEMPTS = 4;

export function createQemuDriver({
  files,
  resources,
  log,
  arch = process.arch === 'arm64' ? 'aarch64' : 'x86_64',
}: QemuDriverDeps): VmDriver {
  const qemu = qemuBinary(resources, arch);
  /** Servers of shares map the guest's memory through a memfd, which Linux alone has. */
  const sharing = process.platform === 'linux';
  /** Cleared for good where the host forbids seccomp filters. */
  let sandbox = process.platform === 'linux';

  const machine = async (accelerator: AcceleratorName) => {
    const { cmdline = '', cmdlineTcg = '' } = await readManifest(resources.guest);
    // Under emulation there is no other guest's data to leak, and the emulated clock is exact; elsewhere the kernel decides.
    const line = accelerator === 'tcg' ? `${cmdline} ${cmdlineTcg}`.trim() : cmdline;
    return { arch, accelerator, cmdline: line, sandbox, ...kernelFiles(resources, arch) };
  };

  const prove = async (name: AcceleratorName, signal: AbortSignal) => {
    const config = join(files.state.folder, 'guest', 'probe');
    await writeAtomic(config, probeConfig);
    await mkdir(files.run.folder, { recursive: true, mode: 0o700 });
    const qmpSocket = join(files.run.folder, `qp-${name}.sock`);
    const fwCfg = [{ name: 'opt/berth/config', file: forQemu(files, config) }];
    const attempt = async () => {
      const args = probeArgs({
        ...(await machine(name)),
        cpus: 1,
        memoryBytes: 256 * 2 ** 20,
        fwCfg,
        qmpSocket: forQemu(files, qmpSocket),
      });
      // Software emulation shares the machine with the other proof and is only slow, never stuck.
      const patience = name === 'tcg' ? { deadline: 60, silence: 40 } : { deadline: 8, silence: 5 };
      return probe(
        { command: qemu, args, cwd: files.root, qmpSocket, ...patience, guard: (pid) => guard(files.state.folder, name, pid) },
        signal,
      );
    };
    const evidence = await attempt();
    if (evidence.outcome === 'exited' && sandbox && /seccomp|-sandbox/i.test(evidence.stderr)) {
      sandbox = false;
      log.warn('QEMU cannot filter its system calls here; it runs without', { stderr: evidence.stderr });
      return attempt();
    }
    return evidence;
  };
  const accelerators = createAccelerators({ statePath: files.state.accelerators, resources, log, probe: prove });

  const servers = createShareServers({
    files,
    ...shareBinaries(resources),
    environment: process.env,
    log,
    fileLimit: () => openFileLimit(),
  });

  const network = openNetwork({ files, command: passtBinary(resources), log });

  const clean = async (): Promise<void> => {
    await removeVmState(files.state.vm);
    await network.end();
    await servers.clear();
    await Promise.all([files.run.qmp, files.run.agent].map((path) => rm(path, { force: true })));
  };

  const attach = async (
    state: VmState,
    plugged: { readonly present: readonly ShareServer[]; readonly lostSlots: readonly number[] },
    ended: Promise<string> | undefined,
    offset: number,
    signal: AbortSignal,
  ): Promise<RunningVm> => {
    const words = (): Promise<string> => textSince(files.logs.qemu, offset);
    const vm = createRunning({ state, ended, log, home: files.root, shares: { servers, ...plugged }, words, gone: clean });
    const onEvent = (event: QmpEvent): void => {
      network.onEvent(event, state);
      vm.onEvent(event);
    };
    await vm.attach(await dialQmp(files.run.qmp, onEvent, signal));
    await network.attached(state);
    return vm.running;
  };

  /** A folder that cannot be served keeps nobody from starting: the guest has nothing to mount there, and whoever added the share finds no device. */
  const startServers = async ({ shares }: VmSpec): Promise<ShareServer[]> => {
    const tried = await Promise.allSettled(shares.slice(0, sharing ? SHARE_SLOTS : 0).map((share, slot) => servers.start(share, slot)));
    return tried.flatMap((result) => {
      if (result.status === 'fulfilled') {
        return [result.value];
      }
      log.error('a share has no server', { error: result.reason as unknown });
      return [];
    });
  };

  const startOnce = async (spec: VmSpec, given: readonly FwCfgName[], signal: AbortSignal): Promise<RunningVm | 'again'> => {
    const [freed, present] = await Promise.all([freePort(), startServers(spec)]);
    const below = await network.start(spec.hostAccess, freed);
    const { sshPort } = below.args;
    await writeAtomic(fwCfgFile(files, 'config'), `${spec.guest.config}${below.guestConfig}`);
    const args = vmArgs({
      ...(await machine(spec.accelerator.name)),
      cpus: spec.cpus,
      memoryBytes: spec.memoryBytes,
      fwCfg: given.map((name) => ({ name: `opt/berth/${name}`, file: forQemu(files, fwCfgFile(files, name)) })),
      qmpSocket: forQemu(files, files.run.qmp),
      agentSocket: forQemu(files, files.run.agent),
      serialLog: forQemu(files, files.logs.serial),
      guestLog: forQemu(files, files.logs.guest),
      systemImage: join(resources.guest, 'system.erofs'),
      dataDisk: forQemu(files, files.disks.data),
      ...below.args,
      sharing,
      shares: present.map((server) => ({ tag: server.spec.tag, slot: server.slot, socket: server.socket })),
    });
    await Promise.all([files.run.qmp, files.run.agent].map((path) => rm(path, { force: true })));
    const offset = await sizeOf(files.logs.qemu);
    const { child, ended } = launch(qemu, args, files.root, files.logs.qemu);
    const pid = child.pid;
    if (pid === undefined) {
      await Promise.all([servers.clear(), network.end()]);
      return ended.then(() => 'again' as const).catch((error: unknown) => Promise.reject(explainSpawnError(qemu, error)));
    }
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(QMP_DEADLINE_MS), abortWhen(ended)]);
    try {
      const identity = await identify(pid);
      if (identity === undefined) {
        throw new Error('QEMU ended at once');
      }
      const state: VmState = {
        format: 1,
        ...identity,
        sshPort,
        cpus: spec.cpus,
        memoryBytes: spec.memoryBytes,
        startedAt: Date.now(),
        sharing,
        network: below.network,
        accelerator: spec.accelerator,
      };
      await writeVmState(files.state.vm, state);
      return await attach(state, { present, lostSlots: [] }, ended, offset, deadline);
    } catch (error) {
      child.kill('SIGKILL');
      const how = await ended;
      await clean();
      signal.throwIfAborted();
      const problem = explainLaunch(await textSince(files.logs.qemu, offset), {
        dataDisk: files.disks.data,
        memoryBytes: spec.memoryBytes,
        availableBytes: availableMemory(),
        ended: `${how}: ${asError(error).message}`,
      });
      if (problem instanceof BerthError) {
        throw problem;
      }
      sandbox &&= problem !== 'sandbox';
      log.warn('QEMU did not start; trying again in another way', { problem });
      return 'again';
    }
  };

  return {
    name: 'qemu',
    // Suspend is later work; everything else adapts by reading this.
    features: { suspend: false, shares: sharing, shareDrivers: sharing ? ['virtiofs', 'sshfs'] : ['sshfs'], hostfwd: true, balloon: true },
    accelerators: (signal) => accelerators.verdicts(signal),
    async start(spec, signal) {
      await Promise.all([files.logs.folder, files.run.folder].map((path) => mkdir(path, { recursive: true, mode: 0o700 })));
      const contents = {
        config: spec.guest.config,
        'authorized-key': spec.guest.authorizedKey,
        'host-key': spec.guest.hostKey,
        'daemon.json': spec.guest.daemonJson,
        'ca.pem': spec.guest.authorities,
        'certs.d': spec.guest.registryCertificates,
        shares: spec.guest.shares,
      };
      await Promise.all(fwCfgNames.map((name) => writeAtomic(fwCfgFile(files, name), contents[name])));
      const given = fwCfgNames.filter((name) => contents[name] !== '');
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const vm = await startOnce(spec, given, signal).catch(async (error: unknown) => {
          await servers.clear();
          throw error;
        });
        if (vm !== 'again') {
          return vm;
        }
      }
      throw new BerthError('vm.spawnFailed', { detail: `${basename(qemu)}: ${ATTEMPTS}` });
    },
    async adopt() {
      await endOrphans(files.state.folder, log);
      const state = await readVmState(files.state.vm);
      if (state === undefined || !(await isSameProcess(state))) {
        if (state !== undefined) {
          log.warn('cleaned up after a VM that is gone', { pid: state.pid, pidReused: isAlive(state.pid) });
        }
        await clean();
        return undefined;
      }
      try {
        const { servers: present, lostSlots } = await servers.adopt();
        return await attach(
          state,
          { present, lostSlots },
          undefined,
          await sizeOf(files.logs.qemu),
          AbortSignal.timeout(ADOPT_DEADLINE_MS),
        );
      } catch (error) {
        log.error('the VM that was left running does not answer; it is ended', { pid: state.pid, error });
        await endProcess(state);
        await clean();
        return undefined;
      }
    },
  };
}

function abortWhen(ended: Promise<string>): AbortSignal {
  const controller = new AbortController();
  const abort = (): void => controller.abort(new Error('QEMU ended'));
  ended.then(abort, abort);
  return controller.signal;
}

/** SIGKILL and wait, for a process that is surely ours and not our child. */
async function endProcess(state: VmState): Promise<void> {
  process.kill(state.pid, 'SIGKILL');
  const gone = retryUntil(
    async () => {
      if (await isSameProcess(state)) {
        throw new Error('still there');
      }
    },
    50,
    AbortSignal.timeout(10_000),
  );
  await settledWithin(gone, 10_000);
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
