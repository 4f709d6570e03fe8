// A backend without a VM for the tests of the shell: the real protocol and the real table, with a state that tests set. Everything that it does
// not answer is unknown to it, which the page shows as errors; these tests look at the shell.
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { BerthError, settingsSchema } from '../../../preload/contract';
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
  /** Whether its driver suspends, instead of stopping. */
  suspends: boolean;
  setLanguage(language: 'system' | 'en' | 'zh-CN'): void;
  /** A stop, or a suspend, waits for this; a rejection is one that failed. */
  stopGate: Promise<void>;
  suspendGate: Promise<void>;
  /** From now on the host's disk is full for what a suspend saves. */
  fillDisk(): void;
  /** Letting go waits for this. */
  disposeGate: Promise<void>;
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

function statusOf(state: VmStateName, suspend: boolean): VmStatus {
  return {
    state,
    driver: 'qemu',
    features: { suspend, shares: true, shareDrivers: ['virtiofs', 'sshfs'], hostfwd: true, balloon: true },
    cpus: 2,
    memoryBytes: 2 ** 31,
    pendingRestart: false,
  };
}

export function createFakeBackend(host: DesktopHost, home: string): FakeBackend {
  const state = createObservable(statusOf('stopped', false));
  const settings = createObservable(settingsSchema.parse({}));
  const calls: string[] = [];
  const pages = new Set<unknown>();

  async function* changes(signal: AbortSignal): AsyncGenerator<EngineChange> {
    yield { kind: 'snapshot', at: Date.now(), containers: [container], images: [], counts: { volumes: 0, networks: 3 } };
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  }

  async function stop(maySuspend: boolean): Promise<void> {
    const suspend = fake.suspends && maySuspend;
    const before = state.get();
    fake.setState(suspend ? 'suspending' : 'stopping');
    try {
      await (suspend ? fake.suspendGate : fake.stopGate);
      fake.setState(suspend ? 'suspended' : 'stopped');
    } catch (error) {
      state.set(before);
      throw error;
    }
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
      dockerCliFolder: '/nowhere',
      shells: ['electron'],
    }),
    'app.notices': (_input, { signal }) => follow(createObservable([]), signal),
    'app.stop': async ({ shutdown }) => {
      const call = shutdown ? 'app.stop shutdown' : 'app.stop';
      calls.push(call);
      // For tests that look when the process is gone.
      await appendFile(join(home, 'calls'), `${call}\n`);
      await stop(!shutdown);
    },
    'vm.status': (_input, { signal }) => follow(state, signal),
    'vm.boots': () => [],
    'vm.start': () => {
      calls.push('vm.start');
      fake.setState('running');
    },
    'vm.stop': async () => {
      calls.push('vm.stop');
      await stop(true);
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
    suspends: false,
    stopGate: Promise.resolve(),
    suspendGate: Promise.resolve(),
    disposeGate: Promise.resolve(),
    setState: (name) => state.set(statusOf(name, fake.suspends)),
    fillDisk() {
      fake.suspendGate = Promise.reject(new BerthError('vm.notEnoughDisk', { path: home, neededBytes: 2e9, availableBytes: 1e6 }));
      fake.suspendGate.catch(() => undefined);
    },
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
      await fake.disposeGate;
    },
  };
  return fake;
}
