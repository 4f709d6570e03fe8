// A backend without a VM for the tests of the shell: the real protocol and the real table, with a state that tests set. Everything that it does
// not answer is unknown to it, which the page shows as errors; these tests look at the shell.
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { settingsSchema } from '../../../preload/contract';
import type { BackendHandlers, ContainerSummary, EngineChange, Task, VmStateName, VmStatus } from '../../../preload/contract';
import { createClient } from '../../../preload/rpc/client';
import { messagePortTransport } from '../../../preload/rpc/message-port';
import type { PortLike } from '../../../preload/rpc/message-port';
import { serve } from '../../../preload/rpc/server';
import type { Backend, DesktopHost } from '../../../main/electron/backend';
import { createObservable, follow } from '../../../main/lib/observable';

export interface FakeBackend extends Backend {
  /** What was called, in order. */
  readonly calls: string[];
  setState(state: VmStateName): void;
  setLanguage(language: 'system' | 'en' | 'zh-CN'): void;
  /** `app.stop` waits for this. */
  stopGate: Promise<void>;
  /** Pages that are connected now. */
  readonly pages: ReadonlySet<unknown>;
  /** Pages that ever were. */
  connects: number;
  /** As when the process that this window is attached to ends. */
  die(): void;
}

const container = { id: 'c1', name: 'web <b>1</b>', state: 'running' } as unknown as ContainerSummary;
const task = {
  id: 't1',
  kind: 'pull',
  subject: 'nginx:latest',
  state: 'running',
  startedAt: 0,
  currentBytes: 0,
  totalBytes: 0,
  bytesPerSecond: 0,
} satisfies Task;

function statusOf(state: VmStateName): VmStatus {
  return {
    state,
    driver: 'qemu',
    features: { suspend: false, shares: true, shareDrivers: ['virtiofs', 'sshfs'], hostfwd: true, balloon: true },
    cpus: 2,
    memoryBytes: 2 ** 31,
    pendingRestart: false,
  };
}

export function createFakeBackend(host: DesktopHost, home: string): FakeBackend {
  const state = createObservable(statusOf('stopped'));
  const settings = createObservable(settingsSchema.parse({}));
  const calls: string[] = [];
  const pages = new Set<unknown>();

  async function* changes(signal: AbortSignal): AsyncGenerator<EngineChange> {
    yield { kind: 'snapshot', at: Date.now(), containers: [container], images: [], counts: { volumes: 0, networks: 3 } };
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  }

  const handlers: Partial<BackendHandlers> = {
    'app.info': () => ({
      version: '0.0.0',
      build: 'test',
      platform: 'linux',
      shell: 'electron',
      features: { hostTerminal: true, tray: true },
      locale: host.locale,
      home,
      dockerHost: `unix://${home}/run/docker.sock`,
      contextName: 'berth',
      context: 'present',
      dockerCliFolder: '/nowhere',
      shells: ['electron'],
    }),
    'app.notices': (_input, { signal }) => follow(createObservable([]), signal),
    'app.stop': async () => {
      calls.push('app.stop');
      // For tests that look when the process is gone.
      await appendFile(join(home, 'stopped'), 'app.stop\n');
      state.set(statusOf('stopping'));
      await fake.stopGate;
      state.set(statusOf('stopped'));
    },
    'vm.status': (_input, { signal }) => follow(state, signal),
    'vm.boots': () => [],
    'vm.start': () => {
      calls.push('vm.start');
      state.set(statusOf('running'));
    },
    'vm.stop': () => {
      calls.push('vm.stop');
      state.set(statusOf('stopped'));
    },
    'settings.changes': async function* (_input, { signal }) {
      for await (const current of follow(settings, signal)) {
        yield { settings: current };
      }
    },
    'engine.changes': (_input, { signal }) => changes(signal),
    'tasks.changes': (_input, { signal }) => follow(createObservable<readonly Task[]>([task]), signal),
    'shell.openExternal': ({ url }) => host.openExternal(url),
  };

  const own = new MessageChannel();
  const options = { build: 'test', accept: () => handlers as BackendHandlers };
  const ownEnd = serve(messagePortTransport(own.port1 as unknown as PortLike), options);

  const fake: FakeBackend = {
    client: createClient(messagePortTransport(own.port2 as unknown as PortLike), { build: 'test', client: 'electron' }),
    calls,
    pages,
    connects: 0,
    stopGate: Promise.resolve(),
    setState: (name) => state.set(statusOf(name)),
    setLanguage: (language) => settings.set({ ...settings.get(), language }),
    connect(page) {
      pages.add(page);
      fake.connects += 1;
      serve(page, { ...options, onClose: () => pages.delete(page) });
    },
    die: () => ownEnd.close(),
    dispose: async () => {
      calls.push('dispose');
      ownEnd.close();
    },
  };
  return fake;
}
