// Puts the VM together: driver, boot, supervisor, and one status out of what they say. The only place that knows all of them.
import { BerthError, fromWireError } from '../../preload/contract/errors';
import type { AcceleratorVerdict, BootTimeline, VmStatus } from '../../preload/contract';
import { createObservable } from '../lib/observable';
import { createDialer } from '../ssh/dialer';
import { shellCommand } from '../ssh/quote';
import type { Transport } from '../ssh/transport';
import type { Agent } from './agent';
import { adoptVm, bootVm } from './boot';
import type { BootDeps, LiveVm } from './boot';
import { createBoots } from './boots';
import { doctorProbes } from './doctor';
import { createEngineLife } from './engine-life';
import type { RunningVm } from './driver';
import { hostFigures, limitsOf } from './limits';
import { capLogs } from './logs';
import { powerOff } from './power-off';
import { createQemuDriver } from './qemu/driver';
import { createChecker } from './resources';
import { composeStatus } from './status';
import { createSupervisor } from './supervisor';
import type { Vm, VmDeps } from './vm';

/** The guest's own shutdown gives containers 60 s. */
const STOP_DEADLINE_MS = 90_000;
/** Guest-controlled logs are looked at now and then; their growth is announced by no cheap event. */
const CAP_LOGS_MS = 60_000;

export function createVm(deps: VmDeps): Vm {
  const { files, resources, settings, log } = deps;
  const driver = createQemuDriver({ files, resources, log });
  const checker = createChecker(resources, files.state.checksums);
  const boots = createBoots(files.state.boots, log);
  const disposing = new AbortController();

  let running: RunningVm | undefined;
  let transport: Transport | undefined;
  let agent: Agent | undefined;
  let timeline: BootTimeline | undefined;
  let verdicts: readonly AcceleratorVerdict[] = [];
  let runningSince: number | undefined;

  const compose = (): VmStatus =>
    composeStatus({
      model: supervisor.model.get(),
      driver,
      settings: settings.get().vm,
      hostAccess: settings.get().host.access,
      host: hostFigures(),
      running,
      timeline,
      verdicts,
      engine: life.version(),
      engineError: life.error(),
      runningSince,
    });
  const refresh = (): void => status.set(compose());

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
    },
    onRunning(next) {
      running = next;
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
    onProblem: (error) => deps.notify('error', error),
  };

  const tracked = async <T extends LiveVm | undefined>(work: Promise<T>): Promise<T> => {
    try {
      const live = await work;
      if (live !== undefined) {
        life.reset(live.engine);
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
    running = undefined;
    life.reset(undefined);
    runningSince = undefined;
  };

  const supervisor = createSupervisor<LiveVm>({
    boot: async (signal) => {
      life.reset(undefined);
      return tracked(bootVm(bootDeps, signal));
    },
    adopt: async (signal) => {
      await boots.load();
      return tracked(adoptVm(bootDeps, signal));
    },
    async powerOff(live) {
      // Open streams delay dockerd's end by seconds; who reads them learns of it as `engine.away`.
      transport = undefined;
      // What the guest's programs write as they end goes to sockets that are served here: those stay until it is off.
      live.transport.close({ serving: true });
      if (!(await powerOff({ running: live.running, agent: live.agent, log, deadlineMs: STOP_DEADLINE_MS }))) {
        deps.notify('warn', new BerthError('vm.stopTimeout', { seconds: STOP_DEADLINE_MS / 1000 }));
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

  const notRunning = (): BerthError => new BerthError('vm.notRunning', { state: supervisor.model.get().state });

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
    ownPorts: () => (running === undefined ? [] : [running.sshPort]),
    shares: {
      devices: () => running?.shareDevices() ?? [],
      add: (spec) => (running === undefined ? Promise.reject(notRunning()) : running.addShare(spec)),
    },
    forward: (spec) => (running === undefined ? Promise.reject(notRunning()) : running.forward(spec)),
    start: () => supervisor.start(),
    stop: () => supervisor.stop(),
    async restart({ engineOnly = false } = {}) {
      if (!engineOnly) {
        return supervisor.restart();
      }
      if (supervisor.live() === undefined) {
        throw notRunning();
      }
      await life.restart();
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
      } else {
        await supervisor.stop();
      }
      disposing.abort(new BerthError('rpc.cancelled', {}));
      clearInterval(capping);
      unsubscribe.forEach((stop) => stop());
    },
  };
  return vm;
}
