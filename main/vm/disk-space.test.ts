// statfs cannot be told what to answer, so the limits move instead: the same file system is wide, low or full by them.
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { silentLogger } from '../lib/logger';
import { createSpaceGuard, hostSpace } from './disk-space';
import type { SpaceGuard, SpaceLimits } from './disk-space';

const limits = { warnBytes: 0, pauseBytes: 0, slackBytes: 0, everyMs: 10, everyMsWhenLow: 10 };
const orders: string[] = [];
const told: string[] = [];
let given: { -readonly [K in keyof SpaceLimits]: SpaceLimits[K] };
let guard: SpaceGuard;
let free: number;

beforeEach(async () => {
  orders.length = 0;
  told.length = 0;
  given = { ...limits };
  free = (await hostSpace(tmpdir())).freeBytes;
  guard = createSpaceGuard({
    folder: tmpdir(),
    log: silentLogger,
    limits: given,
    halt: () => Promise.resolve(void orders.push('halt')),
    goOn: () => Promise.resolve(void orders.push('goOn')),
    tell: ({ code }) => told.push(code),
  });
});
afterEach(() => guard.dispose());

const state = (): string | undefined => guard.space.get()?.state;
const becomes = (wanted: string): Promise<void> => vi.waitFor(() => expect(state()).toBe(wanted));
/** As if the disk had filled or emptied. */
const set = (warnBytes: number, pauseBytes: number): void => void Object.assign(given, { warnBytes, pauseBytes });

test('low is said once, full halts once, and with space again the VM goes on', async () => {
  guard.begin();
  await becomes('ok');
  set(free * 2, 0);
  await becomes('low');
  set(free * 2, free * 2);
  await becomes('paused');
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect([told, orders]).toEqual([['disk.hostLow', 'disk.hostFull'], ['halt']]);
  set(0, 0);
  await becomes('ok');
  expect(orders).toEqual(['halt', 'goOn']);
});

test('a little space is not space again', async () => {
  set(0, free * 2);
  guard.begin();
  await becomes('paused');
  Object.assign(given, { pauseBytes: free / 2, slackBytes: free });
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect([state(), orders]).toEqual(['paused', ['halt']]);
});

test('QEMU’s word counts at once, is said once a while, and the next look may let it go on', async () => {
  guard.begin();
  await becomes('ok');
  guard.onFull();
  expect(state()).toBe('paused');
  await vi.waitFor(() => expect(orders).toEqual(['goOn']));
  guard.onFull();
  await vi.waitFor(() => expect(orders).toEqual(['goOn', 'goOn']));
  expect(told).toEqual(['disk.hostFull']);
});

test('held: no order is given; afterwards what is right is ordered whatever the other hand did', async () => {
  set(0, free * 2);
  guard.begin();
  await becomes('paused');
  const release = guard.hold();
  set(0, 0);
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(orders).toEqual(['halt']);
  set(0, free * 2);
  release();
  await vi.waitFor(() => expect(orders).toEqual(['halt', 'halt']));
});

test('one that an earlier backend halted goes on', async () => {
  guard.foundHalted();
  guard.begin();
  await vi.waitFor(() => expect(orders).toEqual(['goOn']));
});

test('an order that fails is given again at the next look', async () => {
  let fails = 2;
  guard.dispose();
  guard = createSpaceGuard({
    folder: tmpdir(),
    log: silentLogger,
    limits: { ...limits, pauseBytes: free * 2 },
    halt: () => (fails-- > 0 ? Promise.reject(new Error('no')) : Promise.resolve(void orders.push('halt'))),
    goOn: () => Promise.resolve(),
    tell: ({ code }) => told.push(code),
  });
  guard.begin();
  await becomes('paused');
  expect([orders, told]).toEqual([['halt'], ['disk.hostFull']]);
});
