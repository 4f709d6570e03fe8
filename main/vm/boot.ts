// One start, or one adoption, from nothing to an engine that answers: phases measured, deadlines kept, and nothing left behind where it fails.
// Knows the order of things; what QEMU, the agent and ssh are is theirs.
import { BerthError, toWireError } from '../../preload/contract/errors';
import type { AcceleratorName, AcceleratorVerdict, BootPhaseName, BootTimeline, Settings } from '../../preload/contract';
import { deferred, retryUntil, untilAborted } from '../lib/async';
import type { Deferred } from '../lib/async';
import type { HomeFiles } from '../lib/home';
import type { Logger } from '../lib/logger';
import { createTransport } from '../ssh/transport';
import type { Transport } from '../ssh/transport';
import { dialAgent } from './agent';
import type { AgentClient } from './agent';
import { diskError, diskUuid, markFormatted, prepareDisk } from './disk';
import type { RunningVm, ShareSpec, VmDriver } from './driver';
import { startOnLastGood } from './engine-life';
import type { ServiceEvent } from './engine-life';
import { guestConfig } from './guest-config';
import type { Keys } from './keys';
import { loadKeys } from './keys';
import { checkHost, hostFigures, sizeOf } from './limits';
import { capLogs, tailLog } from './logs';
import type { LogSource } from './logs';
import { powerOff } from './power-off';
import { choose } from './qemu/verdicts';
import type { Checker } from './resources';
import type { Live } from './supervisor';
import { createTimeline } from './timeline';
import type { Timeline } from './timeline';
import type { EngineVersion, GuestFiles } from './vm';

export interface LiveVm extends Live {
  readonly running: RunningVm;
  readonly agent: AgentClient;
  readonly transport: Transport;
  readonly engine: EngineVersion;
}

export interface BootDeps {
  readonly files: HomeFiles;
  readonly driver: VmDriver;
  readonly checker: Checker;
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
  onProblem(error: BerthError): void;
}

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

/** Giving up on a VM that was left running ends its containers: a loaded host gets its time. */
const ADOPT_MS = 60_000;

interface Attempt {
  readonly timeline: Timeline;
  readonly signal: AbortSignal;
  fail(error: unknown): void;
  /** Parts that stand so far, to be taken down where the attempt fails. */
  readonly parts: { running?: RunningVm; agent?: AgentClient; transport?: Transport; mounted?: boolean };
}

/**
 * QEMU's software emulation can abort while the guest sets its devices up: a processor uses one in the moment in which another processor moves it
 * (QEMU's issue 1921; seen once). Nothing of the guest has begun by then.
 */
export const EMULATION_RACE = 'iotlb_to_section';

export async function bootVm(deps: BootDeps, signal: AbortSignal): Promise<LiveVm> {
  try {
    return await bootOnce(deps, signal);
  } catch (error) {
    if (
      error instanceof BerthError &&
      error.code === 'vm.exited' &&
      String(error.params['detail']).includes(EMULATION_RACE) &&
      !signal.aborted
    ) {
      deps.log.warn('QEMU aborted by a fault of its own; it is started again');
      return bootOnce(deps, signal);
    }
    throw error;
  }
}

function bootOnce(deps: BootDeps, signal: AbortSignal): Promise<LiveVm> {
  return attempt(deps, 'cold', signal, async (run) => {
    run.timeline.begin('prepare');
    const { keys, running } = await launch(deps, run);
    return enter(deps, run, running, keys);
  });
}

export async function adoptVm(deps: BootDeps, signal: AbortSignal): Promise<LiveVm | undefined> {
  const running = await deps.driver.adopt();
  if (running === undefined) {
    return undefined;
  }
  deps.log.info('taking over a VM that runs', { pid: running.pid });
  return attempt(deps, 'adopt', signal, async (run) => {
    run.parts.running = running;
    run.parts.mounted = true;
    deps.onRunning(running);
    run.timeline.setAccelerator(running.accelerator.name);
    return enter(deps, run, running, await loadKeys(deps.files));
  });
}

async function attempt(
  deps: BootDeps,
  kind: BootTimeline['kind'],
  signal: AbortSignal,
  work: (run: Attempt) => Promise<LiveVm>,
): Promise<LiveVm> {
  const failing = new AbortController();
  const timeline = createTimeline({
    kind,
    onChange: (value) => deps.onTimeline(value),
    onStuck(phase, seconds) {
      void giveUp(deps, timeline, phase, seconds).then((error) => failing.abort(error));
    },
  });
  const run: Attempt = { timeline, signal: AbortSignal.any([signal, failing.signal]), fail: (error) => failing.abort(error), parts: {} };
  try {
    const live = await work(run);
    timeline.finish();
    return live;
  } catch (error) {
    // A part that fails because another one did tells less than the first cause.
    const cause: unknown = run.signal.aborted ? run.signal.reason : error;
    deps.log.error('the VM did not start', { error: cause });
    timeline.fail(toWireError(cause));
    await takeDown(deps, run);
    throw cause;
  }
}

async function giveUp(deps: BootDeps, timeline: Timeline, phase: BootPhaseName, seconds: number): Promise<BerthError> {
  const lines = await tailLog(deps.files, LOG_OF[phase], 20).catch((): readonly string[] => []);
  timeline.stuck(phase, LOG_OF[phase], lines);
  return new BerthError('vm.phaseTimeout', { phase, seconds, detail: lines.at(-1) ?? '' });
}

/** Host's side: everything is checked before a process is started. */
async function launch(deps: BootDeps, run: Attempt): Promise<{ readonly keys: Keys; readonly running: RunningVm }> {
  const { files, driver } = deps;
  const settings = deps.settings();
  const size = sizeOf(settings, hostFigures());
  await checkHost(size.memoryBytes, files.root);
  await deps.checker.verify();
  await capLogs(files);
  const verdicts = await driver.accelerators(run.signal);
  const accelerator = choose(settings.accelerator, verdicts);
  if (accelerator === undefined) {
    throw noAccelerator(settings.accelerator, verdicts);
  }
  run.timeline.setAccelerator(accelerator.name);
  const [keys, disk, shares] = await Promise.all([loadKeys(files), prepareDisk(files), deps.shares()]);
  const given = await deps.guestFiles();
  run.signal.throwIfAborted();
  run.timeline.end('prepare');
  run.timeline.begin('qemu');
  const running = await driver.start(
    { ...size, accelerator, guest: guestConfig(keys, disk, Date.now(), given), hostAccess: deps.hostAccess(), shares },
    run.signal,
  );
  run.parts.running = running;
  deps.onRunning(running);
  return { keys, running };
}

function noAccelerator(asked: AcceleratorName | 'auto', verdicts: readonly AcceleratorVerdict[]): BerthError {
  const tried = verdicts.filter(({ name, reason }) => (asked === 'auto' ? reason.key !== 'otherSystem' : name === asked));
  const blocked = tried.find(({ reason }) => reason.key === 'spawnFailed');
  if (blocked !== undefined) {
    // Not the accelerator's fault: the program itself does not start, though its checksum is right.
    return new BerthError('vm.blockedBinary', {
      path: String(blocked.reason.params['path'] ?? ''),
      reason: String(blocked.reason.params['detail'] ?? ''),
    });
  }
  return new BerthError('vm.noAccelerator', {
    reasons: tried.map(({ name, reason }) => `${name}: ${reason.key} ${Object.values(reason.params).join(' ')}`.trim()).join('; '),
  });
}

/** Guest's side, the same for a boot and an adoption: agent, ssh, engine. */
async function enter(deps: BootDeps, run: Attempt, running: RunningVm, keys: Keys): Promise<LiveVm> {
  const { files, log } = deps;
  const { timeline, signal, parts } = run;
  const reached = new Map<string, Deferred<void>>();
  const phase = (name: string): Deferred<void> => {
    const found = reached.get(name) ?? deferred<void>();
    reached.set(name, found);
    return found;
  };
  const at = (name: string): Promise<void> => untilAborted(phase(name).promise, signal);

  running.onPaused((error) => deps.onProblem(error));
  const exited = running.exited.then(async (words) => {
    const last = await tailLog(files, 'serial', 1).catch((): readonly string[] => []);
    return [words, ...last].join('; ');
  });
  void exited.then((detail) => run.fail(new BerthError('vm.exited', { detail })));
  const failed = async (failure: { readonly phase: string; readonly code: string; readonly detail: string }): Promise<void> => {
    run.fail(diskError(files.disks.data, await diskUuid(files), failure));
  };
  /** Of dockerd, while it has not answered yet: what does not start twice is tried on the last good configuration. */
  let ends = 0;
  let answered = false;
  const agent = await dialAgent(
    files.run.agent,
    (event) => {
      if (event.event === 'phase') {
        phase(event.name).resolve();
      } else if (event.event === 'failed') {
        void failed(event);
      } else {
        log.info('guest service', { ...event });
        if (answered) {
          deps.onService(event);
        } else if (event.name === 'dockerd' && event.state === 'exited' && ++ends === 2) {
          startOnLastGood(agent, (words) => deps.recover(words)).catch((error: unknown) => log.warn('no other start was tried', { error }));
        }
      }
    },
    signal,
  );
  parts.agent = agent;
  deps.onAgent(agent);

  if (timeline.get().kind === 'adopt') {
    const status = await agent.call('status', {}, { timeoutMs: ADOPT_MS });
    status.phases.forEach(({ name }) => phase(name).resolve());
    if (status.failed !== undefined) {
      await failed(status.failed);
    }
  } else {
    await running.run();
    timeline.end('qemu');
    timeline.begin('kernel');
    await at('init');
    timeline.end('kernel');
  }

  timeline.begin('data', 'ssh');
  const ssh = at('sshd').then(async () => {
    const transport = createTransport({
      target: {
        host: '127.0.0.1',
        port: running.sshPort,
        username: 'root',
        privateKey: keys.client.privateKey,
        hostKey: keys.host.publicBlob,
      },
      log,
      onConnected: () => void setClock(agent, log),
      onRefused: (error) => {
        run.fail(error);
        deps.onProblem(error);
      },
    });
    parts.transport = transport;
    await untilAborted(transport.ready(), signal);
    deps.onTransport(transport);
    timeline.end('ssh');
    return transport;
  });
  const shares = ssh
    .then(() => untilAborted(deps.onGuest(signal), signal))
    .catch((error: unknown) => {
      log.error('the shared folders were not mounted', { error });
    });
  const engine = at('data').then(async () => {
    parts.mounted = true;
    timeline.end('data');
    await markFormatted(files);
    timeline.begin('containerd', 'dockerd');
    await Promise.all([at('containerd').then(() => timeline.end('containerd')), at('dockerd').then(() => timeline.end('dockerd'))]);
  });
  const [transport] = await Promise.all([ssh, engine]);

  timeline.begin('ping');
  const version = await untilAborted(
    retryUntil(() => deps.ping(signal), 100, signal),
    signal,
  );
  answered = true;
  timeline.end('ping');
  timeline.begin('ports');
  await shares;
  await untilAborted(deps.settle(signal), signal).catch((error: unknown) => {
    signal.throwIfAborted();
    // The engine answers: what else is not right is said by whoever could not make it so, and ends nobody's containers.
    log.error('what belongs to the engine was not settled', { error });
  });
  timeline.end('ports');
  return { running, agent, transport, engine: version, exited };
}

async function takeDown(deps: BootDeps, { parts }: Attempt): Promise<void> {
  deps.onTransport(undefined);
  parts.transport?.close();
  if (parts.running !== undefined) {
    // Where the data disk is mounted, the guest gets the chance to write it down; a guest without it has nothing to lose.
    await powerOff({ running: parts.running, agent: parts.mounted === true ? parts.agent : undefined, log: deps.log, deadlineMs: 20_000 });
  }
  parts.agent?.close();
  deps.onAgent(undefined);
  deps.onRunning(undefined);
}

/** The guest has no network time: the host's clock is its clock, set again whenever we come back to it. */
async function setClock(agent: AgentClient, log: Logger): Promise<void> {
  try {
    const { driftMs } = await agent.call('clock', { epochMs: Date.now() });
    if (Math.abs(driftMs) > 1000) {
      log.warn('the guest’s clock was set', { driftMs });
    }
  } catch (error) {
    log.debug('the guest’s clock was not set', { error });
  }
}
