// One attempt at a start: phases measured, deadlines kept, and nothing left behind where it fails. Knows what a start is made of, not its order.
import { BerthError, toWireError } from '../../preload/contract/errors';
import type { BootPhaseName, BootTimeline, Settings } from '../../preload/contract';
import { deferred } from '../lib/async';
import type { HomeFiles } from '../lib/home';
import type { Logger } from '../lib/logger';
import type { Transport } from '../ssh/transport';
import type { AgentClient } from './agent';
import type { RunningVm, ShareSpec, VmDriver } from './driver';
import type { ServiceEvent } from './engine-life';
import type { Keys } from './keys';
import { tailLog } from './logs';
import type { LogSource } from './logs';
import { GUEST_STOP_MS, powerOff } from './power-off';
import type { Checker } from './resources';
import type { Slots } from './slots';
import type { Live } from './supervisor';
import { createTimeline } from './timeline';
import type { Timeline } from './timeline';
import type { EngineVersion, GuestFiles } from './vm';

export interface LiveVm extends Live {
  readonly running: RunningVm;
  readonly agent: AgentClient;
  /** Another one after a suspend that failed. */
  transport: Transport;
  readonly keys: Keys;
  /** Undefined where a VM that was taken over runs and its engine has not answered in time; `onEngine` tells when it does. */
  readonly engine: EngineVersion | undefined;
}

export interface BootDeps {
  readonly files: HomeFiles;
  readonly driver: VmDriver;
  readonly checker: Checker;
  readonly slots: Slots;
  readonly log: Logger;
  settings(): Settings['vm'];
  hostAccess(): Settings['host']['access'];
  guestFiles(): Promise<Partial<GuestFiles>>;
  shares(): Promise<readonly ShareSpec[]>;
  onGuest(signal: AbortSignal): Promise<void>;
  ping(signal: AbortSignal): Promise<EngineVersion>;
  settle(signal: AbortSignal): Promise<void>;
  onTimeline(timeline: BootTimeline): void;
  /** The way into the guest stands or is gone: the Dialer follows it, before the engine answers. */
  onTransport(transport: Transport | undefined): void;
  onRunning(running: RunningVm | undefined): void;
  onAgent(agent: AgentClient | undefined): void;
  recover(words: string): Promise<string | undefined>;
  /** From when the engine has answered on. */
  onService(event: ServiceEvent): void;
  onEngine(version: EngineVersion): void;
  onProblem(error: BerthError): void;
}

/** Containers of one that has just booted have hardly begun. */
const BOOTED_STOP_MS = 20_000;

/** Which log says why a phase does not end. */
const LOG_OF: Readonly<Record<BootPhaseName, LogSource>> = {
  prepare: 'berth',
  qemu: 'qemu',
  memory: 'qemu',
  kernel: 'serial',
  data: 'serial',
  ssh: 'sshd',
  containerd: 'containerd',
  dockerd: 'dockerd',
  ping: 'dockerd',
  ports: 'berth',
};

export interface Attempt {
  readonly timeline: Timeline;
  readonly signal: AbortSignal;
  /** Resolves when a phase took too long for which nothing that runs is ended. */
  readonly late: Promise<void>;
  fail(error: unknown): void;
  /** Parts that stand so far, to be taken down where the attempt fails. */
  readonly parts: { running?: RunningVm; agent?: AgentClient; transport?: Transport; mounted?: boolean };
}

export async function attempt(
  deps: BootDeps,
  start: Pick<BootTimeline, 'kind' | 'notResumed'>,
  signal: AbortSignal,
  work: (run: Attempt) => Promise<LiveVm>,
): Promise<LiveVm> {
  const failing = new AbortController();
  const late = deferred<void>();
  const timeline = createTimeline({
    ...start,
    onChange: (value) => deps.onTimeline(value),
    onStuck(phase, seconds) {
      void giveUp(deps, timeline, phase, seconds).then((error) => {
        // A VM that was taken over has containers, and so may one whose engine has answered.
        if (start.kind === 'adopt' || phase === 'ports') {
          deps.log.warn('the VM runs, and not all of it answers yet', { error });
          late.resolve();
        } else {
          failing.abort(error);
        }
      });
    },
  });
  const run: Attempt = {
    timeline,
    signal: AbortSignal.any([signal, failing.signal]),
    late: late.promise,
    fail: (error) => failing.abort(error),
    parts: {},
  };
  try {
    const live = await work(run);
    timeline.finish();
    return live;
  } catch (error) {
    // A part that fails because another one did tells less than the first cause.
    const cause: unknown = run.signal.aborted ? run.signal.reason : error;
    deps.log.error('the VM did not start', { error: cause });
    timeline.fail(toWireError(cause));
    // Nothing breaks a takeover off but the end of a backend that leaves the VM running.
    await takeDown(deps, run, start.kind === 'adopt' && signal.aborted);
    throw cause;
  }
}

async function giveUp(deps: BootDeps, timeline: Timeline, phase: BootPhaseName, seconds: number): Promise<BerthError> {
  const lines = await tailLog(deps.files, LOG_OF[phase], 20).catch((): readonly string[] => []);
  timeline.stuck(phase, LOG_OF[phase], lines);
  return new BerthError('vm.phaseTimeout', { phase, seconds, detail: lines.at(-1) ?? '' });
}

async function takeDown(deps: BootDeps, { parts, timeline }: Attempt, runsOn: boolean): Promise<void> {
  deps.onTransport(undefined);
  parts.transport?.close();
  if (runsOn) {
    parts.running?.detach();
  } else if (parts.running !== undefined) {
    // Where the data disk is mounted, the guest gets the chance to write it down; a guest without it has nothing to lose.
    const agent = parts.mounted === true ? parts.agent : undefined;
    const deadlineMs = timeline.get().kind === 'cold' ? BOOTED_STOP_MS : GUEST_STOP_MS;
    await powerOff({ running: parts.running, agent, log: deps.log, deadlineMs });
  }
  parts.agent?.close();
  deps.onAgent(undefined);
  deps.onRunning(undefined);
}
