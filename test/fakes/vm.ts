// A VM without a VM: an engine behind a local unix socket (fakes/dockerd), with states and boot phases as the real one has them.
import { appendFile, mkdir } from 'node:fs/promises';
import { createConnection } from 'node:net';
import type { Duplex } from 'node:stream';
import { BerthError, bootPhases } from '../../preload/contract';
import type { AcceleratorVerdict, BootPhaseName, BootTimeline, HostSpace, SuspendedBy, VmStatus } from '../../preload/contract';
import { createObservable } from '../../main/lib/observable';
import type { Vm, VmDeps } from '../../main/vm/vm';
import { createFakeConfiguration } from './dockerd/configuration';
import type { FakeConfiguration } from './dockerd/configuration';
import { createModel } from './dockerd/model';
import { createFakeGuest } from './guest';
import type { FakeGuestDisk } from './guest-disk';
import { createFakeRepairGuest } from './repair-guest';
import type { FakeRepairGuest } from './repair-guest';
import { createFakeShares } from './shares';
import type { FakeShares } from './shares';

export interface FakeVmOptions {
  /** The fake engine's socket. */
  readonly engine: string;
  /** Length of each phase of a start. */
  readonly phaseMs?: number;
  /** There is one that an earlier backend left running. */
  readonly adoptable?: boolean;
  /** What the engine behind the socket has of a daemon.json; without it the guest has one of its own that changes nothing. */
  readonly configuration?: FakeConfiguration;
  /** Of each thing that is done in the guest. */
  readonly guestMs?: number;
  /** What runs in the guest apart from what Berth's own configuration needs. */
  readonly exec?: Vm['exec'];
  /** Devices of shares; without it there are some that always work. */
  readonly shares?: FakeShares;
  /** The next start fails with this. */
  readonly failure?: () => BerthError | undefined;
  /** The next stop fails with this. */
  readonly stopFailure?: () => BerthError | undefined;
  /** Figures of the data disk and blocks in its file; without it the guest says nothing of it and the file is empty. */
  readonly disk?: FakeGuestDisk;
  /** What the guard of this computer's space found. */
  readonly hostSpace?: HostSpace['state'];
  /** What is booted for a repair; without it the disk is whole. */
  readonly repair?: FakeRepairGuest;
  /** It suspends; what its engine has goes on as it was. */
  readonly suspend?: boolean;
  /** Why the next start cannot use what was saved. */
  readonly notResumed?: () => BootTimeline['notResumed'];
}

const GIB = 2 ** 30;
const OF_A_RESUME: readonly BootPhaseName[] = ['prepare', 'qemu', 'memory', 'ssh', 'ping', 'ports'];
const verdict: AcceleratorVerdict = {
  name: 'tcg',
  works: true,
  reason: { key: 'software', params: { seconds: 0 } },
  seconds: 0,
  remembered: true,
};
const kvm: AcceleratorVerdict = {
  name: 'kvm',
  works: false,
  reason: { key: 'internalError', params: { seconds: 0.4, detail: 'KVM internal error' } },
  seconds: 0.4,
  remembered: true,
};

export function createFakeVm(options: FakeVmOptions): (deps: VmDeps) => Vm {
  const { engine, phaseMs = 20, adoptable = false, failure = () => undefined, guestMs = 0 } = options;
  const configuration = options.configuration ?? createFakeConfiguration(createModel());
  const guest = createFakeGuest(configuration, guestMs, options.exec);
  const shares = options.shares ?? createFakeShares();
  const repair = options.repair ?? createFakeRepairGuest({ uuid: '', state: 'whole' });
  return (deps) => {
    const base: VmStatus = {
      state: 'stopped',
      driver: 'qemu',
      features: { suspend: options.suspend ?? false, shares: true, shareDrivers: ['virtiofs', 'sshfs'], hostfwd: true, balloon: true },
      accelerator: verdict,
      cpus: 2,
      memoryBytes: 2 * GIB,
      pendingRestart: false,
    };
    const status = createObservable<VmStatus>(base);
    const space = createObservable<HostSpace | undefined>(undefined);
    const boots: BootTimeline[] = [];
    let starting: Promise<void> | undefined;
    let stopping: Promise<void> | undefined;
    let link = false;
    const streams = new Set<Duplex>();

    const notRunning = (): BerthError => new BerthError('vm.notRunning', { state: status.get().state });
    const sever = (): void => {
      link = false;
      streams.forEach((stream) => stream.destroy());
    };

    async function boot(kind: BootTimeline['kind']): Promise<void> {
      const startedAt = performance.now();
      const seconds = (): number => Math.round(performance.now() - startedAt) / 1000;
      const { suspended } = status.get();
      const notResumed = suspended === undefined ? undefined : options.notResumed?.();
      const isResume = kind === 'resume';
      let timeline: BootTimeline = {
        ...{ at: Date.now(), kind, accelerator: 'tcg', phases: [] },
        ...(notResumed === undefined ? {} : { notResumed }),
      };
      try {
        for (const name of isResume ? OF_A_RESUME : bootPhases.filter((phase) => phase !== 'memory')) {
          const begun = seconds();
          timeline = { ...timeline, phases: [...timeline.phases, { name, startedAt: begun, deadline: 60 }] };
          const { engine: answered } = status.get();
          status.set({
            ...base,
            ...(answered === undefined ? {} : { engine: answered }),
            ...(isResume && suspended !== undefined ? { suspended } : {}),
            state: isResume ? 'resuming' : 'starting',
            phase: name,
            boot: timeline,
            pid: process.pid,
          });
          await new Promise((resolve) => setTimeout(resolve, kind === 'adopt' ? 1 : phaseMs));
          if (name === 'qemu' && kind === 'cold') {
            await mkdir(deps.files.disks.folder, { recursive: true });
            await (options.disk?.attach(deps.files.disks.data) ?? appendFile(deps.files.disks.data, ''));
            shares.boot((await deps.shares?.forBoot()) ?? []);
            configuration.file = (await deps.guestFiles?.())?.daemonJson ?? configuration.file;
          }
          if (name === 'dockerd' && kind === 'cold' && !configuration.restart()) {
            const better = await deps.recover?.(configuration.log().join('\n'));
            configuration.file = better ?? configuration.file;
            configuration.restart();
          }
          const error = name === 'dockerd' ? failure() : undefined;
          if (error !== undefined) {
            throw error;
          }
          link ||= name === 'ssh';
          if (name === 'ssh') {
            await deps.shares?.onGuest(AbortSignal.timeout(10_000));
          }
          const version = name === 'ping' ? await deps.ping(AbortSignal.timeout(10_000)) : undefined;
          if (name === 'ports') {
            await deps.settle(AbortSignal.timeout(10_000));
          }
          timeline = {
            ...timeline,
            phases: timeline.phases.map((phase) => (phase.name === name ? { ...phase, endedAt: seconds() } : phase)),
          };
          if (version !== undefined) {
            status.set({ ...status.get(), engine: version });
          }
        }
        timeline = { ...timeline, seconds: seconds() };
        status.set({
          ...base,
          state: 'running',
          boot: timeline,
          pid: process.pid,
          runningSince: Date.now(),
          engine: status.get().engine ?? { version: '', apiVersion: '' },
        });
        if (options.hostSpace !== undefined) {
          const none = { freeBytes: 0, totalBytes: 0, warnBytes: 0, pauseBytes: 0 };
          space.set({ state: options.hostSpace, folder: deps.files.disks.folder, ...none });
        }
      } catch (error) {
        sever();
        const wire =
          error instanceof BerthError
            ? { code: error.code, params: error.params }
            : { code: 'vm.exited' as const, params: { detail: String(error) } };
        timeline = { ...timeline, error: wire };
        // A start that somebody cancelled has not failed.
        status.set({ ...base, ...(wire.code === 'rpc.cancelled' ? {} : { state: 'failed', error: wire }), boot: timeline });
        throw error;
      } finally {
        boots.unshift(timeline);
      }
    }

    async function start(kind?: BootTimeline['kind']): Promise<void> {
      await stopping;
      const { state, suspended } = status.get();
      if (state === 'running') {
        return;
      }
      kind ??= suspended !== undefined && options.notResumed?.() === undefined ? 'resume' : 'cold';
      starting ??= boot(kind).finally(() => {
        starting = undefined;
      });
      await starting;
    }

    async function suspend(by: SuspendedBy): Promise<void> {
      status.set({ ...base, state: 'suspending', pid: process.pid });
      sever();
      await new Promise((resolve) => setTimeout(resolve, phaseMs));
      const suspended = { at: Date.now(), by, bytes: GIB / 4 };
      status.set({ ...base, state: 'suspended', suspended, ...(boots[0] === undefined ? {} : { boot: boots[0] }) });
    }

    async function stop({ shutdown = false, by = 'user' }: Parameters<Vm['stop']>[0] = {}): Promise<void> {
      await starting?.catch(() => undefined);
      const error = options.stopFailure?.();
      if (error !== undefined) {
        throw error;
      }
      if (base.features.suspend && !shutdown && status.get().state === 'running') {
        stopping = suspend(by).finally(() => (stopping = undefined));
        return stopping;
      }
      if (status.get().state === 'suspended' && !shutdown) {
        return;
      }
      if (status.get().state === 'running') {
        status.set({ ...base, state: 'stopping', pid: process.pid });
        sever();
        await new Promise((resolve) => setTimeout(resolve, phaseMs));
      }
      status.set({ ...base, ...(boots[0] === undefined ? {} : { boot: boots[0] }) });
    }

    return {
      status,
      dialer: {
        engine: () =>
          new Promise((resolve, reject) => {
            if (!link) {
              reject(new BerthError('engine.away', { reason: status.get().state }));
              return;
            }
            const socket = createConnection({ path: engine, allowHalfOpen: true }, () => resolve(socket));
            streams.add(socket);
            socket.on('error', (error) => reject(new BerthError('engine.away', { reason: error.message })));
            socket.on('close', () => {
              streams.delete(socket);
              // Severed before it stood: that is no error of a socket's, and who dials would wait for ever.
              reject(new BerthError('engine.away', { reason: 'severed' }));
            });
          }),
        udp: () => Promise.reject(new Error('no datagrams here')),
        notify: () => Promise.reject(new Error('no guest here')),
        tcp: (host, port) =>
          new Promise((resolve, reject) => {
            const socket = createConnection({ host, port }, () => resolve(socket));
            socket.on('error', (cause) => reject(new BerthError('engine.away', { reason: 'refused' }, { cause })));
          }),
      },
      agent: {
        call: (op, request) =>
          link ? ((options.disk?.answer(op) as Promise<never> | undefined) ?? guest.agent.call(op, request)) : Promise.reject(notRunning()),
      },
      engine: guest.engine,
      disk: {
        space,
        resize: () => (link ? Promise.resolve() : Promise.reject(notRunning())),
        despiteFullHost: (work) => work(),
      },
      serve: () => ({ ready: Promise.resolve(), stands: createObservable(true), stop: () => undefined }),
      ownPorts: () => [],
      shares: { devices: () => (link ? shares.devices() : []), add: (spec) => (link ? shares.add(spec) : Promise.reject(notRunning())) },
      forward: () => Promise.reject(new Error('no listener of its own here')),
      trySystemAgain: () => Promise.resolve(),
      askDriver: () => Promise.reject(notRunning()),
      doctorChecks: [{ id: 'accelerator', run: () => Promise.resolve({ status: 'warn', detail: 'tcg' }) }],
      exec: (command, given) => (link ? (shares.answer(command, given) ?? guest.exec(command, given)) : Promise.reject(notRunning())),
      whileOff: async (work) => {
        await stop({ shutdown: true });
        return work({ claim: () => Promise.resolve(), guest: (asked) => repair.guest(asked) });
      },
      reconnect: () => (link ? Promise.resolve() : Promise.reject(notRunning())),
      start: () => start(),
      stop,
      async restart({ engineOnly = false } = {}) {
        if (!engineOnly) {
          await stop({ shutdown: true });
        }
        await start();
      },
      async adopt() {
        if (!adoptable) {
          return false;
        }
        await start('adopt');
        return true;
      },
      limits: () =>
        Promise.resolve({
          cpus: { min: 1, max: 8, default: 2 },
          memoryBytes: { min: GIB, max: 16 * GIB, default: 4 * GIB },
          accelerators: [kvm, verdict],
        }),
      boots: () => boots,
      async dispose({ keepVm }) {
        if (!keepVm && status.get().state !== 'suspended') {
          await stop({ shutdown: true });
        }
        sever();
      },
    };
  };
}
