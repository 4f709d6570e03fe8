// One QEMU process that runs, started by us or adopted: its end is seen at once, by the child's exit or by QMP's socket, and comes with a cause.
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BerthError, toWireError } from '../../../preload/contract/errors';
import type { SuspendedBy } from '../../../preload/contract';
import { asError, deferred, retryUntil, settledWithin } from '../../lib/async';
import { isObject } from '../../lib/json';
import type { Logger } from '../../lib/logger';
import { isSameProcess } from '../../lib/process';
import { createSpaceGuard } from '../disk-space';
import type { RunningVm } from '../driver';
import { freeDisk } from '../limits';
import { doorsOf } from './args';
import { createHostForwards } from './host-forwards';
import type { MemoryFile } from './memory';
import { memoryOf, usedBytes } from './memory';
import { createMigration } from './migration';
import type { MemoryIs } from './migration';
import type { Qmp, QmpEvent } from './qmp';
import type { Saved, SavedFiles } from './saved';
import { createShareDevices } from './share-devices';
import type { ShareServer, ShareServers } from './virtiofsd';
import type { VmState } from './state-file';
import { lastLine } from './verdicts';

export interface RunningDeps {
  readonly state: VmState;
  /** How the child ended; undefined for an adopted process, which is not our child. */
  readonly ended: Promise<string> | undefined;
  readonly log: Logger;
  readonly home: string;
  /** The data disk's file. */
  readonly dataDisk: string;
  readonly saved: Saved;
  readonly memoryFile: MemoryFile;
  /** A path as QEMU, which runs in the home, names it. */
  forQemu(path: string): string;
  /** What QEMU wrote to its log since its start. */
  words(): Promise<string>;
  /** Their processes, and those that are plugged in. */
  readonly shares: { readonly servers: ShareServers; readonly present: readonly ShareServer[] };
  /** Takes away what a dead process leaves: sockets and state. */
  gone(): Promise<void>;
}

export interface Running {
  readonly running: RunningVm;
  /** Resolves when nothing is left of an earlier backend's that this one does not know. */
  attach(qmp: Qmp): Promise<void>;
  /** What was saved; QEMU waits for it, with its memory where that is apart. */
  load(files: SavedFiles, memory: MemoryIs): Promise<void>;
  onEvent(event: QmpEvent): void;
}

const QUIT_MS = 5000;

function networkOf({ network: { backend, notEnforced } }: VmState): RunningVm['network'] {
  return { backend, ...(notEnforced === undefined ? {} : { error: toWireError(new BerthError('host.notEnforced', notEnforced)) }) };
}

export function createRunning(deps: RunningDeps): Running {
  const { state, ended, log, home, dataDisk } = deps;
  const exit = deferred<string>();
  const letGo = new AbortController();
  let qmp: Qmp | undefined;
  let shutdownReason = '';
  const untold: BerthError[] = [];
  let tellPaused: (error: BerthError) => void = (error) => void untold.push(error);

  const finish = async (how: string): Promise<void> => {
    if (letGo.signal.aborted) {
      return;
    }
    letGo.abort(new Error('QEMU is gone'));
    guard.dispose();
    qmp?.close();
    const stderr = lastLine(await deps.words());
    await deps.gone();
    exit.resolve([how, shutdownReason, stderr].filter((part) => part !== '').join('; '));
  };
  void ended?.then(finish, (error: unknown) => finish(asError(error).message));

  const kill = async (): Promise<void> => {
    if (await isSameProcess(state)) {
      process.kill(state.pid, 'SIGKILL');
    }
    await exit.promise;
  };

  const connected = (): Qmp => {
    if (qmp === undefined) {
      throw new Error('QMP is not connected');
    }
    return qmp;
  };
  const devices = createShareDevices({ ...deps.shares, sharing: state.sharing, log, qmp: connected });
  const guard = createSpaceGuard({
    folder: dirname(dataDisk),
    log,
    async halt() {
      await connected().execute('stop');
    },
    async goOn() {
      await connected().execute('cont');
    },
    tell: (error) => tellPaused(error),
  });
  const migration = createMigration(connected);
  const forwards = createHostForwards({ qmp: connected, exited: exit.promise, doors: doorsOf(state).map(([port]) => port) });

  const running: RunningVm = {
    pid: state.pid,
    accelerator: state.accelerator,
    cpus: state.cpus,
    memoryBytes: state.memoryBytes,
    startedAt: state.startedAt,
    sshPort: state.sshPort,
    relayPort: state.relayPort,
    network: networkOf(state),
    exited: exit.promise,
    space: guard.space,
    holdSpace: () => guard.hold(),
    async resizeDisk(bytes) {
      await connected().execute('block_resize', { 'node-name': 'data', size: bytes });
    },
    async run() {
      await qmp?.execute('cont');
      if (state.made !== undefined) {
        // One that does not write to the disk leaves what was saved over it as it is.
        await deps.saved.drop();
      }
    },
    onPaused(listener) {
      tellPaused = listener;
      untold.splice(0).forEach(listener);
    },
    async suspend(by) {
      const release = guard.hold();
      try {
        await save(by);
      } catch (error) {
        await goOnAfterAll();
        release();
        throw error instanceof BerthError
          ? error
          : new BerthError('vm.suspendFailed', { detail: asError(error).message }, { cause: error });
      }
      await running.quit();
    },
    async quit() {
      // The answer may be lost with the process: only its end counts.
      await qmp?.execute('quit', {}, QUIT_MS).catch(() => undefined);
      if (!(await settledWithin(exit.promise, QUIT_MS))) {
        await kill();
      }
    },
    shareDevices: () => devices.list(),
    addShare: (spec) => devices.add(spec),
    forward: (spec) => forwards.add(spec),
    ask: (question) =>
      question.startsWith('query-') ? connected().execute(question) : Promise.reject(new Error(`${question} is more than a question`)),
    detach() {
      letGo.abort(new Error('let go'));
      guard.dispose();
      qmp?.close();
    },
  };

  const save = async (by: SuspendedBy): Promise<void> => {
    const { made, cpus, memoryBytes, startedAt, sharing, network, accelerator } = state;
    if (made === undefined) {
      throw new Error('started by an earlier Berth');
    }
    const memory = await memoryOf(state.pid);
    const needed = memory === undefined ? await ownBytes(state.pid) : await usedBytes(memory);
    const available = await freeDisk(home);
    if (available < needed) {
      throw new BerthError('vm.notEnoughDisk', { path: home, neededBytes: needed, availableBytes: available });
    }
    const files = await deps.saved.begin();
    await connected().execute('stop');
    const shares = await devices.plugged();
    if (memory === undefined) {
      await migration.save(deps.forQemu(files.memory), 'within');
    } else {
      await migration.save(deps.forQemu(files.devices), 'apart');
      await deps.memoryFile.save(memory, files.memory);
    }
    const machine = { made, cpus, memoryBytes, startedAt, sharing, network, accelerator, shares };
    await deps.saved.commit(machine, memory === undefined ? 'within' : 'apart', by);
  };

  const goOnAfterAll = async (): Promise<void> => {
    await deps.saved.drop();
    await qmp?.execute('cont').catch((error: unknown) => log.error('the guest does not go on', { error }));
  };

  return {
    running,
    load: (files, memory) => migration.load(deps.forQemu(memory === 'within' ? files.memory : files.devices), memory),
    async attach(opened) {
      qmp = opened;
      if (ended === undefined) {
        void opened.closed.then(() => watchAdopted());
        await forwards.clear();
        // A save that its backend did not live to see the end of would halt the guest when it is done.
        await opened.execute('migrate_cancel');
        const answer = await opened.execute('query-status');
        const status = isObject(answer) ? answer['status'] : undefined;
        if (status === 'inmigrate' || status === 'prelaunch') {
          // Of a start or a resume whose backend died: no guest has run in it.
          throw new Error(`no guest is in it yet: ${status}`);
        }
        if (status === 'postmigrate') {
          // Of a suspend whose backend died: the guest is whole, and lets its disk go until it goes on.
          await opened.execute('cont');
        } else if (status === 'io-error' || status === 'paused') {
          guard.foundHalted();
        }
      }
      guard.begin();
    },
    onEvent(message) {
      devices.onEvent(message);
      migration.onEvent(message);
      const { event, data } = message;
      if (event === 'SHUTDOWN' && typeof data['reason'] === 'string') {
        shutdownReason = data['reason'];
      }
      if (event === 'BLOCK_IO_ERROR') {
        log.error('the host could not serve the VM’s disk', { data });
        if (data['nospace'] === true) {
          guard.onFull();
        } else {
          tellPaused(new BerthError('disk.damaged', { path: home, detail: typeof data['reason'] === 'string' ? data['reason'] : '' }));
        }
      }
    },
  };

  /** Its socket closes a moment before the process is gone; who starts the next one must find the disk's lock free. */
  async function watchAdopted(): Promise<void> {
    if (letGo.signal.aborted) {
      return;
    }
    await retryUntil(
      async () => {
        if (await isSameProcess(state)) {
          throw new Error('still there');
        }
      },
      20,
      letGo.signal,
    ).catch(() => undefined);
    await finish('ended');
  }
}

/** What saving takes on the disk, at most, where the guest's memory is the process's own. 0 where the system does not say. */
async function ownBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return [...status.matchAll(/^Vm(?:RSS|Swap):\s+(\d+) kB$/gm)].reduce((sum, [, kilobytes]) => sum + Number(kilobytes) * 1024, 0);
}
