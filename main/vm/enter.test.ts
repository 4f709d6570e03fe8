// The guest's side of a start against a scripted agent and a real SSH server: what comes before what, and what ends it early.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createLineServer } from '../../test/fakes/line-server';
import type { LineServer } from '../../test/fakes/line-server';
import { createFakeSshServer } from '../../test/fakes/ssh-server';
import type { FakeSshServer } from '../../test/fakes/ssh-server';
import type { BootTimeline } from '../../preload/contract';
import { ensureFolder } from '../lib/atomic-file';
import { homeFiles } from '../lib/home';
import { silentLogger } from '../lib/logger';
import { createObservable } from '../lib/observable';
import { deferred } from '../lib/async';
import type { Deferred } from '../lib/async';
import { attempt } from './attempt';
import type { BootDeps, LiveVm } from './attempt';
import type { RunningVm } from './driver';
import { enter } from './enter';
import type { Keys } from './keys';

let root: string;
let agent: LineServer;
let ssh: FakeSshServer;
let live: LiveVm | undefined;
/** What happened, in order. */
let steps: string[];
/** The guest is halted: nothing in it answers. */
let halted: boolean;
let late: Deferred<void>;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'berth-enter-'));
  steps = [];
  halted = false;
  late = deferred<void>();
  ssh = await createFakeSshServer();
  agent = await createLineServer({
    answer({ id, op }) {
      steps.push(String(op));
      return halted ? undefined : { id, ok: true, driftMs: 0, phases: [], services: [] };
    },
  });
});
afterEach(async () => {
  live?.transport.close();
  live?.agent.close();
  live = undefined;
  await Promise.all([agent.close(), ssh.close(), rm(root, { recursive: true, force: true })]);
});

function start(kind: BootTimeline['kind'], settle = Promise.resolve()): Promise<LiveVm> {
  const home = homeFiles(root, join(root, 'run'));
  const files = { ...home, run: { ...home.run, agent: agent.path } };
  const running = {
    sshPort: ssh.target.port,
    exited: new Promise<string>(() => undefined),
    onPaused: () => undefined,
    network: { backend: 'user' },
    space: createObservable(undefined),
    run: () => Promise.resolve(void steps.push('run')),
    quit: () => Promise.resolve(),
  } as unknown as RunningVm;
  const keys = { client: { privateKey: ssh.target.privateKey }, host: { publicBlob: ssh.target.hostKey } } as unknown as Keys;
  const deps = {
    files,
    log: silentLogger,
    onTimeline: () => undefined,
    onProblem: () => undefined,
    onAgent: () => undefined,
    onRunning: () => undefined,
    onTransport: () => undefined,
    onService: () => void steps.push('service'),
    onEngine: ({ version }: { version: string }) => void steps.push(`engine ${version}`),
    recover: () => Promise.resolve(undefined),
    onGuest: () => Promise.resolve(void steps.push('shares')),
    settle() {
      steps.push('settle');
      return settle;
    },
    ping() {
      if (halted) {
        return Promise.reject(new Error('halted'));
      }
      steps.push(`ping over ${ssh.logins()}`);
      return Promise.resolve({ version: '28', apiVersion: '1.51' });
    },
  } as unknown as BootDeps;
  return attempt(deps, { kind }, new AbortController().signal, async (run) => {
    await ensureFolder(files.disks.folder);
    run.timeline.begin('qemu');
    return enter(deps, { ...run, late: late.promise }, running, keys);
  });
}

/** The clock is set with every connection. */
const isStep = (step: string): boolean => !['run', 'clock'].includes(step);
const say = (...names: readonly string[]): void => names.forEach((name) => agent.send({ event: 'phase', name, at: 1 }));

test('after a resume the engine answers over one connection, before anything else is done in the guest', async () => {
  live = await start('resume');
  expect(steps[0]).toBe('run');
  expect(steps.filter(isStep)).toEqual(['reseed', 'ping over 1', 'shares', 'settle']);
  await vi.waitFor(() => expect(ssh.logins()).toBe(3), 10_000);
});

test('a guest that boots has its shares before its engine', async () => {
  const begun = start('cold');
  await agent.connected();
  say('init', 'sshd');
  await vi.waitFor(() => expect(steps).toContain('shares'), 10_000);
  say('data', 'containerd', 'dockerd');
  live = await begun;
  expect(steps.filter(isStep)).toEqual(['shares', 'ping over 1', 'settle']);
});

test('an engine that the guest gives up on ends the start at once', async () => {
  const begun = start('cold');
  await agent.connected();
  say('init', 'sshd', 'data');
  agent.send({ event: 'service', name: 'dns', state: 'exited', pid: 4, status: 'exit 1', gaveUp: true });
  agent.send({ event: 'service', name: 'dockerd', state: 'exited', pid: 5, status: 'exit 1', gaveUp: true });
  await expect(begun).rejects.toMatchObject({ code: 'engine.gaveUp', params: { service: 'dockerd', detail: 'exit 1' } });
});

test('a VM that was taken over and does not answer runs on, and its engine is there as soon as it does', async () => {
  halted = true;
  const begun = start('adopt');
  await agent.connected();
  late.resolve();
  live = await begun;
  expect(live.engine).toBeUndefined();
  // Given up on, it is the engine's affair and no end of the VM.
  agent.send({ event: 'service', name: 'dockerd', state: 'exited', pid: 5, status: 'exit 1', gaveUp: true });
  await vi.waitFor(() => expect(steps).toContain('service'), 10_000);
  halted = false;
  say('data', 'containerd', 'dockerd');
  await vi.waitFor(() => expect(steps).toContain('engine 28'), 30_000);
  await vi.waitFor(() => expect(steps).toContain('settle'), 10_000);
}, 60_000);

test('an engine that answers is not ended for what is slow around it', async () => {
  const begun = start('resume', new Promise(() => undefined));
  await vi.waitFor(() => expect(steps).toContain('settle'), 10_000);
  late.resolve();
  live = await begun;
  expect(live.engine).toMatchObject({ version: '28' });
});
