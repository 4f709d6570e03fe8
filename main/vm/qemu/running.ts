// One QEMU process that runs, started by us or adopted: its end is seen at once, by the child's exit or by QMP's socket, and comes with a cause.
import { BerthError, toWireError } from '../../../preload/contract/errors';
import { asError, deferred, retryUntil, settledWithin, sleep } from '../../lib/async';
import type { Logger } from '../../lib/logger';
import { isSameProcess } from '../../lib/process';
import type { RunningVm } from '../driver';
import { freeDisk, MIN_FREE_DISK } from '../limits';
import { createHostForwards } from './host-forwards';
import type { Qmp, QmpEvent } from './qmp';
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
  /** What QEMU wrote to its log since its start. */
  words(): Promise<string>;
  /** Their processes, those that are plugged in, and the ports of those that died. */
  readonly shares: { readonly servers: ShareServers; readonly present: readonly ShareServer[]; readonly lostSlots: readonly number[] };
  /** Takes away what a dead process leaves: sockets and state. */
  gone(): Promise<void>;
}

export interface Running {
  readonly running: RunningVm;
  /** Resolves when nothing is left of an earlier backend's that this one does not know. */
  attach(qmp: Qmp): Promise<void>;
  onEvent(event: QmpEvent): void;
}

const QUIT_MS = 5000;

function networkOf({ network: { backend, notEnforced } }: VmState): RunningVm['network'] {
  return { backend, ...(notEnforced === undefined ? {} : { error: toWireError(new BerthError('host.notEnforced', notEnforced)) }) };
}

export function createRunning(deps: RunningDeps): Running {
  const { state, ended, log, home } = deps;
  const exit = deferred<string>();
  const letGo = new AbortController();
  let qmp: Qmp | undefined;
  let shutdownReason = '';
  let tellPaused: (error: BerthError) => void = () => undefined;
  let waitingForSpace = false;

  const finish = async (how: string): Promise<void> => {
    if (letGo.signal.aborted) {
      return;
    }
    letGo.abort(new Error('QEMU is gone'));
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

  /** The guest was halted because the host's disk is full: it goes on by itself when there is space again. */
  const resumeWithSpace = async (): Promise<void> => {
    if (waitingForSpace) {
      return;
    }
    waitingForSpace = true;
    tellPaused(new BerthError('vm.notEnoughDisk', { path: home, neededBytes: MIN_FREE_DISK, availableBytes: await freeDisk(home) }));
    try {
      // The file system announces free space by no event.
      while ((await freeDisk(home)) < MIN_FREE_DISK) {
        await sleep(2000, letGo.signal);
      }
      await qmp?.execute('cont');
      log.info('the host has disk space again; the VM goes on');
    } finally {
      waitingForSpace = false;
    }
  };

  const connected = (): Qmp => {
    if (qmp === undefined) {
      throw new Error('QMP is not connected');
    }
    return qmp;
  };
  const devices = createShareDevices({ ...deps.shares, sharing: state.sharing, log, qmp: connected });
  const forwards = createHostForwards({ qmp: connected, exited: exit.promise, sshPort: state.sshPort });

  const running: RunningVm = {
    pid: state.pid,
    accelerator: state.accelerator,
    cpus: state.cpus,
    memoryBytes: state.memoryBytes,
    startedAt: state.startedAt,
    sshPort: state.sshPort,
    network: networkOf(state),
    exited: exit.promise,
    async run() {
      await qmp?.execute('cont');
    },
    onPaused(listener) {
      tellPaused = listener;
    },
    async quit() {
      // The answer may be lost with the process: only its end counts.
      await qmp?.execute('quit', {}, QUIT_MS).catch(() => undefined);
      if (!(await settledWithin(exit.promise, QUIT_MS))) {
        await kill();
      }
    },
    kill,
    shareDevices: () => devices.list(),
    addShare: (spec) => devices.add(spec),
    forward: (spec) => forwards.add(spec),
    detach() {
      letGo.abort(new Error('let go'));
      qmp?.close();
    },
  };

  return {
    running,
    async attach(opened) {
      qmp = opened;
      if (ended === undefined) {
        void opened.closed.then(() => watchAdopted());
        await forwards.clear();
      }
    },
    onEvent(message) {
      devices.onEvent(message);
      const { event, data } = message;
      if (event === 'SHUTDOWN' && typeof data['reason'] === 'string') {
        shutdownReason = data['reason'];
      }
      if (event === 'BLOCK_IO_ERROR') {
        log.error('the host could not serve the VM’s disk', { data });
        if (data['nospace'] === true) {
          resumeWithSpace().catch((error: unknown) => log.debug('no resume after a full disk', { error }));
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
