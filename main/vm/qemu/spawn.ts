// From argv to a QEMU that answers on QMP, and what is left of one that is gone. Knows the home's files and which processes belong to a VM;
// what is on the command line is the driver's.
import { rm } from 'node:fs/promises';
import { BerthError } from '../../../preload/contract/errors';
import { asError } from '../../lib/async';
import type { HomeFiles } from '../../lib/home';
import type { Logger } from '../../lib/logger';
import { availableMemory } from '../../lib/memory';
import { identify } from '../../lib/process';
import { diskPath } from '../disk';
import type { RunningVm } from '../driver';
import { explainSpawnError } from '../resources';
import { forQemu } from './files';
import type { MemoryFile } from './memory';
import { explainLaunch, launch, logSize, textSince } from './launch';
import type { Network } from './network';
import { dialQmp } from './qmp';
import type { QmpEvent } from './qmp';
import { createRunning } from './running';
import type { Running } from './running';
import type { Saved } from './saved';
import { removeVmState, writeVmState } from './state-file';
import type { VmState } from './state-file';
import type { ShareServer, ShareServers } from './virtiofsd';

/** QEMU's own start, from spawn to QMP: 0.2 s usually, seconds on a machine that swaps. */
const QMP_DEADLINE_MS = 20_000;

export interface SpawnDeps {
  readonly files: HomeFiles;
  /** The program. */
  readonly qemu: () => string;
  readonly log: Logger;
  readonly network: Network;
  readonly servers: ShareServers;
  readonly saved: Saved;
  readonly memoryFile: MemoryFile;
  /** The host forbids seccomp filters. */
  onNoSandbox(): void;
}

/** What is known of a VM before its process is. */
export type VmFacts = Omit<VmState, 'format' | 'pid' | 'startTime' | 'bootId'>;

export interface Entering {
  /** What is done while QEMU starts. */
  beside?(pid: number, signal: AbortSignal): Promise<void>;
  /** What is done after both, before it counts as started. */
  enter?(vm: Running): Promise<void>;
}

export interface Spawner {
  /** Resolves when QMP answers and `entering` is done. A start that fails leaves no process; `Again` where another way may do. */
  spawn(
    args: readonly string[],
    facts: VmFacts,
    present: readonly ShareServer[],
    signal: AbortSignal,
    entering?: Entering,
  ): Promise<RunningVm>;
  /** A process that runs; `ended` is undefined where it is not our child. */
  attach(
    state: VmState,
    present: readonly ShareServer[],
    ended: Promise<string> | undefined,
    offset: number,
    signal: AbortSignal,
  ): Promise<Running>;
  /** What a VM leaves that is gone. */
  clean(): Promise<void>;
}

/** A start that ended early for a reason that another try may not meet. */
export class Again extends Error {}

export function createSpawner({ files, qemu, log, network, servers, saved, memoryFile, ...deps }: SpawnDeps): Spawner {
  const clean = async (): Promise<void> => {
    await removeVmState(files.state.vm);
    await network.end();
    await servers.clear();
    await Promise.all([files.run.qmp, files.run.agent].map((path) => rm(path, { force: true })));
  };

  const attach = async (
    state: VmState,
    present: readonly ShareServer[],
    ended: Promise<string> | undefined,
    offset: number,
    signal: AbortSignal,
  ): Promise<Running> => {
    const words = (): Promise<string> => textSince(files.logs.qemu, offset);
    const dataDisk = await diskPath(files);
    const vm = createRunning({
      state,
      ended,
      log,
      home: files.root,
      dataDisk,
      saved,
      memoryFile,
      forQemu: (path) => forQemu(files, path),
      shares: { servers, present },
      words,
      gone: clean,
    });
    const onEvent = (event: QmpEvent): void => {
      network.onEvent(event, state);
      vm.onEvent(event);
    };
    await vm.attach(await dialQmp(files.run.qmp, onEvent, signal));
    await network.attached(state);
    return vm;
  };

  const spawn: Spawner['spawn'] = async (args, facts, present, signal, entering = {}) => {
    await Promise.all([files.run.qmp, files.run.agent].map((path) => rm(path, { force: true })));
    const offset = await logSize(files.logs.qemu);
    const program = qemu();
    const { child, ended } = launch(program, args, files.root, files.logs.qemu);
    const pid = child.pid;
    if (pid === undefined) {
      await clean();
      return ended.then(
        () => Promise.reject(new Again('spawn')),
        (error: unknown) => Promise.reject(explainSpawnError(program, error)),
      );
    }
    try {
      const identity = await identify(pid);
      if (identity === undefined) {
        throw new Error('QEMU ended at once');
      }
      const state: VmState = { format: 1, ...identity, ...facts };
      await writeVmState(files.state.vm, state);
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(QMP_DEADLINE_MS), abortWhen(ended)]);
      const beside = entering.beside?.(pid, deadline);
      beside?.catch(() => undefined);
      const vm = await attach(state, present, ended, offset, deadline);
      await beside;
      await entering.enter?.(vm);
      return vm.running;
    } catch (error) {
      child.kill('SIGKILL');
      const how = await ended;
      await clean();
      signal.throwIfAborted();
      const problem = explainLaunch(await textSince(files.logs.qemu, offset), {
        dataDisk: await diskPath(files),
        memoryBytes: facts.memoryBytes,
        availableBytes: availableMemory(),
        ended: `${how}: ${asError(error).message}`,
      });
      if (problem instanceof BerthError) {
        throw problem;
      }
      if (problem === 'sandbox') {
        deps.onNoSandbox();
      }
      log.warn('QEMU did not start; trying again in another way', { problem });
      throw new Again(problem);
    }
  };

  return { spawn, attach, clean };
}

function abortWhen(ended: Promise<string>): AbortSignal {
  const controller = new AbortController();
  const abort = (): void => controller.abort(new Error('QEMU ended'));
  ended.then(abort, abort);
  return controller.signal;
}
