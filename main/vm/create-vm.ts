// Puts the VM together: driver, boot, supervisor, and one status out of what they say. The only place that knows all of them.
import { BerthError, fromWireError } from '../../preload/contract/errors';
import type { AcceleratorVerdict, BootTimeline, HostSpace, VmStatus, WireError } from '../../preload/contract';
import { createObservable } from '../lib/observable';
import { createDialer } from '../ssh/dialer';
import { shellCommand } from '../ssh/quote';
import { SILENCE_MS } from '../ssh/silence';
import type { Transport } from '../ssh/transport';
import type { Agent } from './agent';
import type { BootDeps, LiveVm } from './attempt';
import { adoptVm, bootVm, resumeVm } from './boot';
import { createBoots } from './boots';
import { hostFull } from './disk-space';
import { doctorProbes } from './doctor';
import { createEngineLife } from './engine-life';
import type { RunningVm, SavedVm } from './driver';
import { enterAgain } from './enter';
import { hostFigures, limitsOf } from './limits';
import { capLogs } from './logs';
import { GUEST_STOP_MS, powerOff } from './power-off';
import { createOffLimits } from './off-limits';
import { createQemuDriver } from './qemu/driver';
import { createChecker } from './resources';
import { createSlots } from './slots';
import { composeStatus } from './status';
import { createSupervisor } from './supervisor';
import { createWatchdog } from './watchdog';
import type { Vm, VmDeps } from './vm';

/** What is not on the disk by then is in the memory that is saved. */
const SYNC_MS = 2000;
/** Guest-controlled logs are looked at now and then; their growth is announced by no cheap event. */
const CAP_LOGS_MS = 60_000;

const notAnswering: WireError = { code: 'engine.notAnswering', params: { seconds: SILENCE_MS / 1000 } };

export function createVm(deps: VmDeps): Vm {
  const { files, settings, log, wall = Date.now } = deps;
  const slots = createSlots({
    record: files.state.system,
    folder: files.system,
    app: deps.resources,
    log,
    notify: (level, error) => deps.notify(level, error),
  });
  const driver = createQemuDriver({ files, resources: slots.inUse, log });
  const checker = createChecker(slots.inUse, files.state.checksums);
  const boots = createBoots(files.state.boots, log);
  const disposing = new AbortController();

  let running: RunningVm | undefined;
  let transport: Transport | undefined;
  let agent: Agent | undefined;
  let timeline: BootTimeline | undefined;
  let verdicts: readonly AcceleratorVerdict[] = [];
  let runningSince: number | undefined;
  let saved: SavedVm | undefined;

  const isSilent = (): boolean => transport?.answering.get() === false;
  const compose = (): VmStatus =>
    composeStatus({
      model: supervisor.model.get(),
      driver,
      settings: settings.get().vm,
      hostAccess: settings.get().host.access,
      host: hostFigures(),
      running,
      saved,
      timeline,
      verdicts,
      engine: isSilent() ? undefined : life.version(),
      engineError: isSilent() ? notAnswering : life.error(),
      runningSince,
    });
  const refresh = (): void => status.set(compose());
  const space = createObservable<HostSpace | undefined>(undefined);
  let leave: (() => void) | undefined;
  const follow = (next: RunningVm | undefined): void => {
    leave?.();
    running = next;
    space.set(next?.space.get());
    leave = next?.space.subscribe((value) => {
      space.set(value);
      refresh();
    });
  };

  const life = createEngineLife({
    log,
    agent: () => {
      if (agent === undefined) {
        throw notRunning();
      }
      return agent;
    },
    incarnation: () => running,
    ping: (signal) => deps.ping(signal),
    notify: (error) => deps.notify('error', error),
    recover: async (words) => deps.recover?.(words),
    changed: () => refresh(),
    disposing: disposing.signal,
  });

  const bootDeps: BootDeps = {
    files,
    driver: {
      ...driver,
      async accelerators(signal) {
        verdicts = await driver.accelerators(signal);
        refresh();
        return verdicts;
      },
    },
    checker,
    slots,
    log,
    settings: () => settings.get().vm,
    hostAccess: () => settings.get().host.access,
    guestFiles: async () => (await deps.guestFiles?.()) ?? {},
    ping: (signal) => deps.ping(signal),
    settle: (signal) => deps.settle(signal),
    onTimeline(next) {
      timeline = next;
      refresh();
    },
    onTransport(next) {
      transport = next;
      next?.answering.subscribe(refresh);
    },
    onRunning(next) {
      follow(next);
      refresh();
    },
    onAgent(next) {
      agent = next;
    },
    recover: async (words) => deps.recover?.(words),
    shares: async () => (await deps.shares?.forBoot()) ?? [],
    onGuest: async (signal) => deps.shares?.onGuest(signal),
    onService(event) {
      if (supervisor.model.get().state !== 'stopping') {
        life.onService(event);
      }
    },
    onEngine(version) {
      life.reset(version);
      refresh();
    },
    onProblem: (error) => deps.notify(error.code === 'disk.hostLow' ? 'warn' : 'error', error),
  };

  const tracked = async <T extends LiveVm | undefined>(work: Promise<T>): Promise<T> => {
    try {
      const live = await work;
      if (live !== undefined) {
        if (live.engine === undefined) {
          life.silent(timeline?.seconds ?? 0);
        } else {
          life.reset(live.engine);
        }
        runningSince = Date.now();
      }
      return live;
    } finally {
      if (timeline !== undefined && (timeline.seconds !== undefined || timeline.error !== undefined) && timeline !== boots.list()[0]) {
        await boots.add(timeline);
      }
    }
  };
  const release = (live: LiveVm): void => {
    live.transport.close();
    live.agent.close();
    transport = undefined;
    agent = undefined;
    follow(undefined);
    life.reset(undefined);
    runningSince = undefined;
  };

  const lookForSaved = async (): Promise<void> => {
    saved = await driver.suspended();
    refresh();
  };
  /** What was saved is used where it can be, even by a start that is not called a resume: after one that failed before it was used. */
  const begin = async (signal: AbortSignal, coldInstead: () => void): Promise<LiveVm> => {
    life.reset(undefined);
    await lookForSaved();
    try {
      return await tracked(saved === undefined ? bootVm(bootDeps, signal) : resumeVm(bootDeps, saved, signal, coldInstead));
    } finally {
      await lookForSaved();
    }
  };

  const supervisor = createSupervisor<LiveVm>({
    boot: (signal) => begin(signal, () => undefined),
    resume: begin,
    adopt: async (signal) => {
      await boots.load();
      const live = await tracked(adoptVm(bootDeps, signal));
      await lookForSaved();
      return live ?? (saved === undefined ? undefined : 'suspended');
    },
    async suspend(live, by) {
      const space = live.running.space.get();
      if (space?.state === 'paused') {
        // It is halted for want of the space that its memory would take.
        throw hostFull(space);
      }
      transport = undefined;
      live.transport.close();
      try {
        await live.agent.call('hangup', {});
        await live.agent
          .call('sync', {}, { timeoutMs: SYNC_MS })
          .catch((error: unknown) => log.warn('not all was written before the suspend', { error }));
        await live.running.suspend(by);
      } catch (error) {
        await enterAgain(bootDeps, live, disposing.signal).catch((failed: unknown) =>
          log.error('no way back into the guest', { error: failed }),
        );
        throw error;
      }
      await lookForSaved();
      release(live);
    },
    async powerOff(live) {
      // Open streams delay dockerd's end by seconds; who reads them learns of it as `engine.away`.
      transport = undefined;
      // What the guest's programs write as they end goes to sockets that are served here: those stay until it is off.
      live.transport.close({ serving: true });
      if (!(await powerOff({ running: live.running, agent: live.agent, log, deadlineMs: GUEST_STOP_MS }))) {
        deps.notify('warn', new BerthError('vm.stopTimeout', { seconds: GUEST_STOP_MS / 1000 }));
      }
      release(live);
    },
    bury: release,
    notify: (error) => deps.notify('error', fromWireError(error)),
  });

  const status = createObservable(compose());
  const unsubscribe = [supervisor.model.subscribe(refresh), settings.subscribe(refresh)];
  const capping = setInterval(
    () => void capLogs(files).catch((error: unknown) => log.warn('logs were not capped', { error })),
    CAP_LOGS_MS,
  );
  capping.unref();

  const watchdog = createWatchdog({
    log,
    wall,
    guest: () => (transport !== undefined && agent !== undefined && supervisor.live() !== undefined ? { transport, agent } : undefined),
    settle: (signal) => deps.settle(signal),
  });

  const notRunning = (): BerthError => new BerthError('vm.notRunning', { state: supervisor.model.get().state });

  const offLimits = createOffLimits({ ...bootDeps, state: () => supervisor.model.get().state, stop: () => supervisor.stop() });

  const vm: Vm = {
    status,
    dialer: createDialer(
      () => transport,
      () => supervisor.model.get().state,
    ),
    agent: {
      call(op, request, options) {
        return agent === undefined ? Promise.reject(notRunning()) : agent.call(op, request, options);
      },
    },
    doctorChecks: doctorProbes({ files, driver, checker, status }),
    async exec(command, options) {
      if (transport === undefined) {
        throw notRunning();
      }
      return transport.exec(typeof command === 'string' ? command : shellCommand(command), options);
    },
    serve(path, onStream) {
      if (transport === undefined) {
        throw notRunning();
      }
      return transport.serve(path, onStream);
    },
    engine: life.control,
    disk: {
      space,
      resize: (bytes) => (running === undefined ? Promise.reject(notRunning()) : running.resizeDisk(bytes)),
      async despiteFullHost(work) {
        const release = running?.holdSpace();
        try {
          if (space.get()?.state === 'paused') {
            await running?.run();
          }
          return await work();
        } finally {
          release?.();
        }
      },
    },
    ownPorts: () => [running?.sshPort, running?.relayPort].filter((port) => port !== undefined),
    shares: {
      devices: () => running?.shareDevices() ?? [],
      add: (spec) => (running === undefined ? Promise.reject(notRunning()) : running.addShare(spec)),
    },
    forward: (spec) => (running === undefined ? Promise.reject(notRunning()) : running.forward(spec)),
    trySystemAgain: () => slots.tryAgain(),
    askDriver: (question) => (running === undefined ? Promise.reject(notRunning()) : running.ask(question)),
    async start() {
      offLimits.check();
      await supervisor.start();
    },
    stop: ({ shutdown = false, by = 'user' } = {}) => (driver.features.suspend && !shutdown ? supervisor.suspend(by) : supervisor.stop()),
    async restart({ engineOnly = false } = {}) {
      if (!engineOnly) {
        offLimits.check();
        return supervisor.restart();
      }
      if (supervisor.live() === undefined) {
        throw notRunning();
      }
      await life.restart();
    },
    whileOff: (work) => offLimits.run(work),
    async reconnect() {
      if (transport === undefined) {
        throw notRunning();
      }
      await watchdog.check('asked for');
    },
    adopt: () => supervisor.adopt(),
    async limits() {
      // Sizes are known without a guest that can be booted; a missing image is the start's error, not the settings'.
      verdicts = await driver.accelerators(disposing.signal).catch((error: unknown) => {
        log.warn('accelerators could not be proved', { error });
        return verdicts;
      });
      refresh();
      return { ...limitsOf(hostFigures()), accelerators: verdicts };
    },
    boots: () => boots.list(),
    async dispose({ keepVm }) {
      if (keepVm) {
        const live = await supervisor.letGo();
        live?.running.detach();
        live?.transport.close();
        live?.agent.close();
      } else if (supervisor.model.get().state !== 'suspended') {
        await supervisor.stop();
      }
      disposing.abort(new BerthError('rpc.cancelled', {}));
      clearInterval(capping);
      watchdog.dispose();
      await slots.dispose();
      unsubscribe.forEach((stop) => stop());
    },
  };
  return vm;
}
