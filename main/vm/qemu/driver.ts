// The QEMU driver: starts, adopts and ends one QEMU process of one home. Knows argv, QMP and state/vm.json; nothing of ssh or Docker.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BerthError } from '../../../preload/contract/errors';
import type { AcceleratorName } from '../../../preload/contract';
import { asError, retryUntil, settledWithin } from '../../lib/async';
import { writeAtomic } from '../../lib/atomic-file';
import type { HomeFiles } from '../../lib/home';
import type { Logger } from '../../lib/logger';
import { isAlive, isSameProcess } from '../../lib/process';
import { diskPath } from '../disk';
import { NotResumed } from '../driver';
import type { RunningVm, VmDriver, VmSpec } from '../driver';
import { probeConfig } from '../guest-config';
import { readManifest } from '../resources';
import type { Resources } from '../resources';
import { createAccelerators } from './accelerator';
import { probeArgs, SHARE_SLOTS, vmArgs } from './args';
import type { Arch, VmArgs } from './args';
import { forQemu, fwCfgFile, fwCfgNames, kernelFiles, memoryProgram, passtBinary, qemuBinary, shareBinaries } from './files';
import type { FwCfgName } from './files';
import { logSize } from './launch';
import { createMemoryFile, memoryOfNew } from './memory';
import { openNetwork } from './network';
import type { Below } from './network';
import { endOrphans, guard } from './orphans';
import { probe } from './probe';
import { createSaved } from './saved';
import type { SavedMachine, SavedRecord } from './saved';
import { createScratch } from './scratch';
import { Again, createSpawner } from './spawn';
import { readVmState } from './state-file';
import type { VmState } from './state-file';
import { createShareServers, openFileLimit } from './virtiofsd';
import type { ShareServer } from './virtiofsd';

export interface QemuDriverDeps {
  readonly files: HomeFiles;
  /** Read anew at each start: another pair may have been chosen meanwhile. Programs beside QEMU are those of the first. */
  readonly resources: Resources;
  readonly log: Logger;
  readonly arch?: Arch;
}

/** What does not answer by then is hung and is ended, with its containers: longer than a loaded host is ever silent. */
const ADOPT_DEADLINE_MS = 30_000;
const ATTEMPTS = 4;

export function createQemuDriver({
  files,
  resources,
  log,
  arch = process.arch === 'arm64' ? 'aarch64' : 'x86_64',
}: QemuDriverDeps): VmDriver {
  /** Servers of shares map the guest's memory, which is a file without a name on Linux alone. */
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
        {
          command: qemuBinary(resources, arch),
          args,
          cwd: files.root,
          qmpSocket,
          ...patience,
          guard: (pid) => guard(files.state.folder, name, pid),
        },
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
  const accelerators = createAccelerators({ statePath: files.state.accelerators, made: () => madeOf(), log, probe: prove });

  const servers = createShareServers({
    files,
    ...shareBinaries(resources),
    environment: process.env,
    log,
    fileLimit: () => openFileLimit(),
  });

  const saved = createSaved(files, () => diskPath(files));
  const memoryFile = createMemoryFile(() => memoryProgram(resources));
  const network = openNetwork({ files, command: passtBinary(resources), log });
  const spawner = createSpawner({
    files,
    qemu: () => qemuBinary(resources, arch),
    log,
    network,
    servers,
    saved,
    memoryFile,
    onNoSandbox() {
      sandbox = false;
    },
  });

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

  /** What every start of this home has on its command line; the rest is the VM's own. */
  const argsOf = async (
    { accelerator, cpus, memoryBytes, sharing: mapped }: Pick<VmState, 'accelerator' | 'cpus' | 'memoryBytes' | 'sharing'>,
    { doors, networkSocket }: Below,
    own: Pick<VmArgs, 'incoming' | 'dataAccess'>,
    given: readonly FwCfgName[],
    present: readonly ShareServer[],
  ): Promise<string[]> =>
    vmArgs({
      ...(await machine(accelerator.name)),
      cpus,
      memoryBytes,
      fwCfg: given.map((name) => ({ name: `opt/berth/${name}`, file: forQemu(files, fwCfgFile(files, name)) })),
      qmpSocket: forQemu(files, files.run.qmp),
      agentSocket: forQemu(files, files.run.agent),
      serialLog: forQemu(files, files.logs.serial),
      guestLog: forQemu(files, files.logs.guest),
      systemImage: join(resources.guest, 'system.erofs'),
      dataDisk: forQemu(files, await diskPath(files)),
      scratch: forQemu(files, files.disks.scratch),
      ...doors,
      networkSocket,
      ...own,
      sharing: mapped,
      shares: present.map((server) => ({ tag: server.spec.tag, slot: server.slot, socket: server.socket })),
    });

  const tryAgain = async (attempt: () => Promise<RunningVm>): Promise<RunningVm> => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await attempt();
      } catch (error) {
        await spawner.clean();
        if (!(error instanceof Again)) {
          throw error;
        }
        if (tries === ATTEMPTS) {
          throw new BerthError('vm.spawnFailed', { detail: `qemu-system-${arch}: ${ATTEMPTS}` }, { cause: error });
        }
      }
    }
  };

  const madeOf = async (): Promise<{ readonly bundle: string; readonly guest: string }> => {
    const [bundle, guest] = await Promise.all([readManifest(resources.bundle), readManifest(resources.guest)]);
    return { bundle: bundle.hash, guest: guest.hash };
  };

  const startOnce = async (spec: VmSpec, given: readonly FwCfgName[], signal: AbortSignal): Promise<RunningVm> => {
    const present = await startServers(spec);
    const below = await network.start(spec.hostAccess);
    await writeAtomic(fwCfgFile(files, 'config'), `${spec.guest.config}${below.guestConfig}`);
    const { cpus, memoryBytes, accelerator, dataAccess = 'writable' } = spec;
    const facts = { cpus, memoryBytes, accelerator, sharing, network: below.network };
    const args = await argsOf(facts, below, { incoming: false, dataAccess }, given, present);
    // A guest without the disk of every day has nothing to go on with.
    const made = dataAccess === 'writable' ? { made: { ...(await madeOf()), fwCfg: [...given] } } : {};
    return spawner.spawn(args, { ...facts, ...made, ...below.doors, startedAt: Date.now() }, present, signal);
  };

  /** A share whose folder is not there any more keeps nobody from going on: what containers have open of it gives errors until it is back. */
  const serveAgain = (shares: SavedMachine['shares']): Promise<ShareServer[]> =>
    Promise.all(
      shares.map(async ({ slot, ...spec }) => {
        try {
          return await servers.start(spec, slot);
        } catch (error) {
          log.warn('a share that the suspended VM had is not there', { folder: spec.folder, error });
          const nothing = join(files.run.folder, 'absent');
          await mkdir(nothing, { recursive: true, mode: 0o500 });
          return servers.start(spec, slot, nothing);
        }
      }),
    );

  const resumeOnce = async (record: SavedRecord, signal: AbortSignal, onLoading: () => void): Promise<RunningVm> => {
    const { made, shares, ...facts } = record.machine;
    const present = await serveAgain(shares);
    const below = await network.start(facts.network.backend === 'passt' ? 'none' : 'all');
    // What could not be had then is not had now either.
    const kept = { ...facts, network: facts.network.backend === 'passt' ? below.network : facts.network };
    const args = await argsOf(kept, below, { incoming: true, dataAccess: 'writable' }, made.fwCfg, present);
    return spawner.spawn(args, { ...kept, made, ...below.doors }, present, signal, {
      // Read only: it counts as used when the guest's devices, without which the memory does nothing, are read.
      async beside(pid, dead) {
        if (record.memory === 'apart') {
          onLoading();
          await memoryFile.load(files.suspend.memory, await memoryOfNew(pid, dead));
        }
      },
      async enter(vm) {
        onLoading();
        // Once taken it is used up.
        signal.throwIfAborted();
        await vm.load(await saved.take(), record.memory);
      },
    });
  };

  return {
    name: 'qemu',
    // WHPX cannot save its processors.
    features: {
      suspend: process.platform !== 'win32',
      shares: sharing,
      shareDrivers: sharing ? ['virtiofs', 'sshfs'] : ['sshfs'],
      hostfwd: true,
      balloon: true,
    },
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
      if (spec.dataAccess === 'throwaway') {
        await createScratch(resources, files.disks.scratch, await diskPath(files));
      }
      if ((spec.dataAccess ?? 'writable') === 'writable') {
        await saved.drop();
      }
      return tryAgain(() => startOnce(spec, given, signal));
    },
    suspended: () => saved.describe(),
    async resume(signal, onLoading) {
      const record = await saved.read();
      try {
        if (record === undefined) {
          throw new NotResumed('incomplete');
        }
        await saved.check(record);
        const { made } = record.machine;
        const here = await madeOf();
        if (made.bundle !== here.bundle || made.guest !== here.guest) {
          throw new NotResumed('otherGuest');
        }
        await mkdir(files.run.folder, { recursive: true, mode: 0o700 });
        return await tryAgain(() => resumeOnce(record, signal, onLoading));
      } catch (error) {
        if (!signal.aborted) {
          await saved.drop();
        }
        throw error instanceof NotResumed || signal.aborted ? error : new NotResumed('failed', { detail: asError(error).message });
      }
    },
    async adopt() {
      await endOrphans(files.state.folder, log);
      const state = await readVmState(files.state.vm);
      if (state === undefined || !(await isSameProcess(state))) {
        if (state !== undefined) {
          log.warn('cleaned up after a VM that is gone', { pid: state.pid, pidReused: isAlive(state.pid) });
        }
        await spawner.clean();
        return undefined;
      }
      try {
        const present = await servers.adopt();
        const offset = await logSize(files.logs.qemu);
        const vm = await spawner.attach(state, present, undefined, offset, AbortSignal.timeout(ADOPT_DEADLINE_MS));
        // What was saved of a guest that is still there is void; where it stays, the disk that this one writes keeps it from being used.
        await saved.drop().catch((error: unknown) => log.error('what was saved before is still there', { error }));
        return vm.running;
      } catch (error) {
        log.error('the VM that was left running cannot be taken over; it is ended', { pid: state.pid, error });
        await endProcess(state);
        await spawner.clean();
        return undefined;
      }
    },
  };
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
