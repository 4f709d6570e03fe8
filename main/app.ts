// The composition root: builds every service of the backend and hands out its handlers. Knows no shell: Electron and the browser shell pass in
// what they are, tests pass in another VM.
import { realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { BerthError, fromWireError, toWireError } from '../preload/contract';
import type { AppInfo, BackendHandlers, HostFeatures } from '../preload/contract';
import { connectHandlers, createConnect, keepConnected } from './connect/create-connect';
import { systemSocketPath } from './connect/system-socket';
import { createEngineSocket } from './engine-socket/engine-socket';
import { createEngine } from './engine/engine';
import { countWindows, forShell } from './connected-shell';
import type { ConnectedShell } from './connected-shell';
import { createConfigGuest, presentIn } from './config-guest';
import { createCost } from './cost/cost';
import { createDaemonConfig } from './daemon-config/create-daemon-config';
import type { DaemonConfig } from './daemon-config/daemon-config';
import { backendDiagnostics } from './diagnostics/backend';
import { createDisk } from './disk/create-disk';
import { createDoctor } from './doctor/doctor';
import { createHostAccess, hostAddress } from './host-access/host-access';
import { followAvailable } from './idle/engine-available';
import { countRunning, createIdle } from './idle/idle';
import { meteredCalls } from './idle/metered-calls';
import { createPauses } from './idle/pauses';
import { createWake } from './idle/wake';
import { settledWithin } from './lib/async';
import { dockerHostOf } from './lib/docker-host';
import { createEngineHttp, pingSocket, rememberVersion } from './lib/engine-http';
import type { HomeFiles } from './lib/home';
import type { Logger } from './lib/logger';
import { createObservable, select } from './lib/observable';
import { createTexts } from './lib/texts';
import { createUseMeter } from './lib/use';
import { createMirrors } from './mirrors/create-mirrors';
import { createProbe } from './mirrors/probe';
import { createNotices } from './notices';
import { createPorts } from './ports/ports';
import { createRepair } from './repair/create-repair';
import { openSettings } from './settings/store';
import { createShareGuest } from './shares/guest';
import { createShares } from './shares/create-shares';
import { createShareEvents } from './shares/events/create-share-events';
import { createStartGate } from './shares/start-gate';
import { tellTimeZone } from './shares/time-zone';
import { createBindUsers } from './shares/users';
import { createSshfs } from './shares/sftp/sshfs';
import { createVirtiofs } from './shares/virtiofs';
import { createTasks } from './tasks';
import { createHostShell } from './terminal/host-shell';
import { createTerminals } from './terminal/session';
import { createTrust } from './trust/create-trust';
import { createVm as createQemuVm } from './vm/create-vm';
import { passtBinary } from './vm/qemu/files';
import { whyNoPasst } from './vm/qemu/network';
import { vmHandlers } from './vm/handlers';
import { openFileLimit } from './vm/qemu/virtiofsd';
import type { Resources } from './vm/resources';
import type { Vm, VmDeps } from './vm/vm';

/** dockerd's restart under emulation, and the way back. */
const CONFIG_END_MS = 20_000;

export interface BackendOptions {
  readonly files: HomeFiles;
  readonly resources: Resources;
  readonly log: Logger;
  readonly version: string;
  readonly build: string;
  /** Whose process this is. */
  readonly owner: 'electron' | 'headless';
  /** BCP 47. */
  readonly locale: string;
  /** Of the shell in this process. */
  readonly features: HostFeatures;
  /** After `app.stop` was answered: the VM is off. */
  readonly onStop?: () => void;
  /** `app.open`: shows the window, or gives an address for a browser. */
  readonly onOpen?: () => Promise<{ readonly address?: string }>;
  /** Ports that the shells of this process listen on. */
  readonly doors?: () => readonly number[];
  readonly createVm?: (deps: VmDeps) => Vm;
  /** In place of /var/run/docker.sock. */
  readonly systemSocket?: string;
}

export interface Backend {
  readonly vm: Vm;
  handlersFor(shell: ConnectedShell): BackendHandlers;
  /** Counts a window in `shells` until the returned function is called. */
  connected(kind: AppInfo['shell']): () => void;
  /** Resolves when it is known whether an earlier backend left a VM running. */
  readonly adopted: Promise<boolean>;
  /** keepVm: the next backend adopts it. */
  dispose(options: { readonly keepVm: boolean }): Promise<void>;
}

export async function createBackend(options: BackendOptions): Promise<Backend> {
  const { files, log } = options;
  const notices = createNotices(log.child('notices'));
  const english = createTexts('en');
  const settings = await openSettings({
    path: files.settings,
    log: log.child('settings'),
    notify: notices.notify,
    limits: () => vm.limits(),
  });
  const tasks = createTasks();
  const available = createObservable(false);

  const vm: Vm = (options.createVm ?? createQemuVm)({
    files,
    resources: options.resources,
    settings: settings.settings,
    log: log.child('vm'),
    notify: notices.notify,
    async guestFiles() {
      // The host's proxies go into the configuration first.
      const certificates = await trust.guestFiles();
      return { ...certificates, daemonJson: await config.forBoot(), shares: shares.bootLines() };
    },
    shares: {
      forBoot: () => shares.hooks.forBoot(),
      async onGuest(signal) {
        const zone = tellTimeZone(exec).catch((error: unknown) => log.warn('the guest was not told the time zone', { error }));
        await Promise.all([shares.hooks.onGuest(signal), zone]);
      },
    },
    recover: async (words) => ((await config.recover(words)) ? config.forBoot() : undefined),
    async ping() {
      const version = await pingSocket(files.run.docker);
      available.set(true);
      return version;
    },
    async settle(signal) {
      await engine.settle();
      await ports.settle();
      await config.settle(signal);
      rememberVersion(files.run.docker).catch((error: unknown) => log.debug('the version was not asked for', { error: String(error) }));
    },
  });
  const exec: Vm['exec'] = (command, execOptions) => vm.exec(command, execOptions);
  const engine = createEngine({
    dialer: vm.dialer,
    log: log.child('engine'),
    available,
    tasks,
    notify: (error) => notices.notify('warn', fromWireError(error)),
    containerEnv: () => trust.containerEnv(),
    judge: (path) => shares.judge(path),
    gate: {
      prepare: (id) => gate.prepare(id),
      confirm: (id) => gate.confirm(id),
      release: (id) => gate.release(id),
      changed: (id) => gate.changed(id),
    },
    pulls: {
      watch: (reference, onRemedy) => mirrors.watch(reference, onRemedy),
      route: (reference, via) => mirrors.route(reference, via),
      digestAtRegistry: (reference, signal) => mirrors.digestAtRegistry(reference, signal),
    },
  });
  const guest = createConfigGuest({ vm, available, containers: engine.handlers, pauseEvents: engine.pauseEvents });
  const config: DaemonConfig = await createDaemonConfig({
    files: {
      document: files.daemonJson,
      lastGood: `${files.daemonJson}.last`,
      journal: files.state.configJournal,
      history: files.state.configHistory,
      guest: files.state.configGuest,
    },
    guest,
    tasks,
    log: log.child('config'),
    notify: notices.notify,
    present: () => presentIn(engine.state.get()),
  });
  const dockerHost = dockerHostOf(files);
  const trust = createTrust({
    folder: files.trust,
    config,
    available,
    exec,
    dockerHost,
    log: log.child('trust'),
    notify: notices.notify,
  });
  const mirrors = await createMirrors({
    path: files.mirrors,
    config,
    probe: createProbe({ exec, config }),
    exec,
    tail: (lines) => guest.tail(lines),
    clock: async () => (await vm.agent.call('status', {})).clockMs,
    log: log.child('mirrors'),
    notify: notices.notify,
  });
  const calls = createUseMeter();
  const wake = createWake({ vm, suspendingByIdle: () => idle.suspending() });
  const http = createEngineHttp(vm.dialer);
  const ports = createPorts({
    up: () => wake.up(),
    dialer: vm.dialer,
    inspect: (id) => http.inspectContainer(id),
    containers: engine.containers,
    services: engine.services,
    moves: engine.moves,
    publish: select(settings.settings, ({ ports: { publish } }) => publish),
    way: select(settings.settings, ({ ports: { tcp } }) => tcp),
    forward: (spec) => vm.forward(spec),
    serve: (place, onStream) => vm.serve(place, onStream),
    notify: (error) => notices.notify('warn', error),
    log: log.child('ports'),
  });
  const disk = await createDisk({ files, resources: options.resources, vm, available, engine, tasks, log, notify: notices.notify });
  const shareGuest = createShareGuest(exec);
  const { features } = vm.status.get();
  const sshfs = createSshfs({
    exec,
    guest: shareGuest,
    serve: (path, onStream) => vm.serve(path, onStream),
    ownersFolder: files.state.owners,
    hidden: [files.root],
    log: log.child('sshfs'),
  });
  const shareEvents = createShareEvents({
    execStream: () => vm.dialer.notify(),
    active: available,
    bundle: options.resources.bundle,
    // What is bound comes as it is really called.
    excluded: [await realpath(files.root)],
    notify: (error) => notices.notify('warn', error),
    log: log.child('share-events'),
  });
  const shares = createShares({
    files,
    homeFolder: homedir(),
    settings: settings.settings,
    keep: (folders) => settings.keepShares([...folders]),
    vm: vm.status,
    guest: shareGuest,
    backends: features.shareDrivers.includes('virtiofs') ? [createVirtiofs({ vm: vm.shares, guest: shareGuest }), sshfs] : [sshfs],
    users: createBindUsers({ containers: engine.containers, http, log: log.child('shares') }),
    fileLimit: openFileLimit,
    bound: (folders) => shareEvents.bound(folders),
    notify: notices.notify,
    log: log.child('shares'),
  });
  const gate = createStartGate({ ports: ports.gate, inspect: (id) => http.inspectContainer(id), judge: (path) => shares.judge(path) });
  const socket = await createEngineSocket({
    path: files.run.docker,
    dialer: vm.dialer,
    available: () => disk.waits() ?? wake.away(),
    sleep: wake,
    ports: gate,
    judge: (path) => shares.judge(path),
    pulls: mirrors,
    containerEnv: () => ({ add: trust.containerEnv(), drop: trust.cliEnv() }),
    hostGateway: () => hostAddress(vm.status.get().network),
    describe: english.inShort,
    log: log.child('socket'),
  });
  const runningContainers = select(engine.containers, countRunning);
  const idle = createIdle({
    vm,
    settings: settings.settings,
    runningContainers,
    uses: [socket.use, ports.use, tasks.use, calls],
    log: log.child('idle'),
  });
  const cost = createCost({ files, vm, settings: settings.settings, runningContainers, log: log.child('cost') });
  const repair = await createRepair({
    ...{ files, vm, config, tasks, resources: options.resources },
    pauseEvents: engine.pauseEvents,
    log: log.child('repair'),
  });
  const dockerCliFolder = join(options.resources.bundle, 'bin');
  const terminals = createTerminals({
    openExec: (request) => engine.openExec(request),
    pauses: createPauses({ status: vm.status, settings: settings.settings, locale: options.locale }),
    ...(options.features.hostTerminal ? { openHost: createHostShell({ dockerHost, dockerCliFolder }) } : {}),
  });
  const hostAccess = createHostAccess({
    settings: settings.settings,
    vm,
    available,
    async unable() {
      const reason = await whyNoPasst(passtBinary(options.resources));
      return reason === undefined ? undefined : toWireError(new BerthError('host.notEnforced', reason));
    },
    doors: options.doors ?? (() => []),
    log: log.child('host'),
  });
  const doctor = createDoctor({ files, vm, probes: [hostAccess.doctorProbe, shares.doctorProbe] });
  const reported = { ...ports.handlers, ...shares.handlers };
  const diagnostics = backendDiagnostics({ ...options, vm, doctor: (signal) => doctor.run(signal), handlers: reported });
  const systemSocket = options.systemSocket ?? systemSocketPath();
  const connect = createConnect({
    dockerHost,
    socket: files.run.docker,
    memoryPath: files.state.connect,
    dockerCliFolder,
    systemSocket,
    log: log.child('connect'),
  });
  await keepConnected(connect, (error) => notices.notify('warn', error), log.child('connect'));

  const unwatch = followAvailable(vm.status, available, () => void engine.pauseEvents());
  const adopted = vm.adopt().catch((error: unknown) => {
    log.error('adopting failed', { error });
    return false;
  });

  const windows = countWindows();
  const base: BackendHandlers = {
    ...notices.handlers,
    ...settings.handlers,
    ...engine.handlers,
    ...tasks.handlers,
    ...config.handlers,
    ...terminals.handlers,
    ...ports.handlers,
    ...trust.handlers,
    ...mirrors.handlers,
    ...hostAccess.handlers,
    ...diagnostics.handlers,
    ...shares.handlers,
    ...disk.handlers,
    ...cost.handlers,
    ...repair.handlers,
    ...connectHandlers(connect, systemSocket),
    ...vmHandlers({ vm, files, adopted, pauseEvents: engine.pauseEvents }),
    'app.info': () => ({
      version: options.version,
      build: options.build,
      platform: process.platform as AppInfo['platform'],
      shell: 'cli',
      features: { hostTerminal: false, tray: false },
      locale: options.locale,
      home: files.root,
      dockerHost,
      dockerCliFolder,
      shells: [...new Set([options.owner, ...windows.kinds()])],
    }),
    'app.doctor': (_input, { signal }) => doctor.run(signal),
    'app.open': () => {
      if (options.onOpen === undefined) {
        throw new BerthError('rpc.unavailableHere', { what: 'app.open' });
      }
      return options.onOpen();
    },
    'app.stop': async ({ shutdown }) => {
      await adopted;
      await vm.stop({ shutdown, by: 'quit' });
      // The answer goes out first.
      setTimeout(() => options.onStop?.(), 50);
    },
    'shell.openExternal': () => {
      throw new BerthError('rpc.unavailableHere', { what: 'shell.openExternal' });
    },
  };

  return {
    vm,
    adopted,
    handlersFor: (shell) => forShell(meteredCalls(base, calls), shell),
    connected: windows.connected,
    async dispose({ keepVm }) {
      idle.dispose();
      unwatch();
      tasks.dispose();
      repair.dispose();
      await cost.dispose();
      // A change that is past its write ends in order; what does not within this time is settled at the next start.
      await settledWithin(config.idle(), CONFIG_END_MS);
      config.dispose();
      await terminals.dispose();
      // What could not be suspended is powered off below.
      await (keepVm ? undefined : vm.stop({ by: 'quit' }).catch((error: unknown) => log.warn('not suspended', { error: String(error) })));
      trust.dispose();
      mirrors.dispose();
      hostAccess.dispose();
      await shares.dispose();
      shareEvents.dispose();
      await diagnostics.dispose();
      disk.dispose();
      engine.dispose();
      await socket.dispose();
      await ports.dispose();
      await vm.dispose({ keepVm });
    },
  };
}
