// What a deadline ends and what it leaves alone, and what is left of an attempt that is broken off.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { BerthError } from '../../preload/contract/errors';
import type { BootPhaseName, BootTimeline } from '../../preload/contract';
import { homeFiles } from '../lib/home';
import { silentLogger } from '../lib/logger';
import { attempt } from './attempt';
import type { Attempt, BootDeps, LiveVm } from './attempt';
import type { RunningVm } from './driver';

let root: string;
let done: string[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'berth-attempt-'));
  done = [];
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(root, { recursive: true, force: true });
});

function begin(kind: BootTimeline['kind'], phase: BootPhaseName, signal = new AbortController().signal) {
  const deps = {
    files: homeFiles(root, join(root, 'run')),
    log: silentLogger,
    onTimeline: () => undefined,
    onTransport: () => undefined,
    onAgent: () => undefined,
    onRunning: () => undefined,
  } as unknown as BootDeps;
  const running = {
    exited: Promise.resolve(''),
    detach: () => done.push('detached'),
    quit: () => Promise.resolve(void done.push('quit')),
  } as unknown as RunningVm;
  let run: Attempt | undefined;
  const ended = attempt(deps, { kind }, signal, (given) => {
    run = given;
    given.parts.running = running;
    given.timeline.begin(phase);
    void given.late.then(() => done.push('late'));
    return new Promise<LiveVm>((_, reject) => given.signal.addEventListener('abort', () => reject(given.signal.reason as Error)));
  });
  ended.catch(() => undefined);
  return { ended, signal: () => run?.signal };
}

/** Longer than any deadline. */
const wait = async (): Promise<void> => {
  await vi.advanceTimersByTimeAsync(2_000_000);
  vi.useRealTimers();
};

test.each([
  ['cold', 'dockerd'],
  ['resume', 'ping'],
] as const)('a %s start whose phase %s does not end in time is given up, and its VM ended', async (kind, phase) => {
  const { ended } = begin(kind, phase);
  await wait();
  await expect(ended).rejects.toMatchObject({ code: 'vm.phaseTimeout', params: { phase } });
  expect(done).toEqual(['quit']);
});

test.each([
  ['adopt', 'ssh'],
  ['resume', 'ports'],
] as const)('in a %s the phase %s ends nothing: what runs is left alone', async (kind, phase) => {
  const { signal } = begin(kind, phase);
  await wait();
  await vi.waitFor(() => expect(done).toEqual(['late']));
  expect(signal()?.aborted).toBe(false);
});

test('a takeover that is broken off leaves the VM as it is', async () => {
  const backend = new AbortController();
  const { ended } = begin('adopt', 'ssh', backend.signal);
  backend.abort(new BerthError('rpc.cancelled', {}));
  await expect(ended).rejects.toMatchObject({ code: 'rpc.cancelled' });
  expect(done).toEqual(['detached']);
});
