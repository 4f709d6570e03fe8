import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { settingsSchema } from '../../preload/contract';
import type { Settings, VmStatus } from '../../preload/contract';
import { silentLogger } from '../lib/logger';
import { createObservable } from '../lib/observable';
import { createUseMeter } from '../lib/use';
import { createIdle } from './idle';
import type { Idle } from './idle';

const MINUTE = 60_000;
let idle: Idle | undefined;

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  idle?.dispose();
  vi.useRealTimers();
});

function bed(stop: () => Promise<void> = () => Promise.resolve()) {
  const status = createObservable({ state: 'running', features: { suspend: true } } as VmStatus);
  const settings = createObservable<Settings>(settingsSchema.parse({ vm: { idleMinutes: 5 } }));
  const containers = createObservable(0);
  const meter = createUseMeter();
  const stops: unknown[] = [];
  const set = (state: VmStatus['state']): void => status.set({ ...status.get(), state });
  idle = createIdle({
    vm: {
      status,
      async stop(options) {
        stops.push(options);
        set('suspending');
        await stop();
        set('suspended');
      },
    },
    settings,
    runningContainers: containers,
    uses: [meter],
    log: silentLogger,
  });
  return { status, set, settings, containers, meter, stops, idle };
}

test('suspends once, when its time has come, and with one timer however often it is used', async () => {
  const { meter, stops, set } = bed();
  for (let request = 0; request < 100; request += 1) {
    meter.begin()();
    await vi.advanceTimersByTimeAsync(1000);
  }
  expect(vi.getTimerCount()).toBe(1);
  await vi.advanceTimersByTimeAsync(5 * MINUTE - 2000);
  expect(stops).toEqual([]);
  await vi.advanceTimersByTimeAsync(2000);
  expect(stops).toEqual([{ by: 'idle' }]);
  expect(vi.getTimerCount()).toBe(0);
  await vi.advanceTimersByTimeAsync(60 * MINUTE);
  set('running');
  await vi.advanceTimersByTimeAsync(5 * MINUTE + 10);
  expect(stops).toHaveLength(2);
});

test('a container that starts before the time is over keeps it; its end begins the time anew', async () => {
  const { containers, stops } = bed();
  await vi.advanceTimersByTimeAsync(4 * MINUTE);
  containers.set(1);
  await vi.advanceTimersByTimeAsync(60 * MINUTE);
  expect(stops).toEqual([]);
  containers.set(0);
  await vi.advanceTimersByTimeAsync(4 * MINUTE);
  expect(stops).toEqual([]);
  await vi.advanceTimersByTimeAsync(MINUTE + 10);
  expect(stops).toHaveLength(1);
});

test('a shorter setting counts at once', async () => {
  const { settings, stops } = bed();
  settings.set(settingsSchema.parse({ vm: { idleMinutes: 60 } }));
  await vi.advanceTimersByTimeAsync(10 * MINUTE);
  expect(stops).toEqual([]);
  settings.set(settingsSchema.parse({ vm: { idleMinutes: 5 } }));
  await vi.advanceTimersByTimeAsync(10);
  expect(stops).toHaveLength(1);
});

test('says that a suspend is its own while it lasts; one that failed is not repeated every five minutes', async () => {
  let fail: (error: Error) => void = () => undefined;
  const running = bed(() => new Promise((_, reject) => (fail = reject)));
  await vi.advanceTimersByTimeAsync(5 * MINUTE + 10);
  expect(running.idle.suspending()).toBe(true);
  running.set('running');
  fail(new Error('no space'));
  await vi.advanceTimersByTimeAsync(60 * MINUTE);
  expect(running.idle.suspending()).toBe(false);
  expect(running.stops).toHaveLength(1);
  running.meter.touch();
  await vi.advanceTimersByTimeAsync(5 * MINUTE + 10);
  expect(running.stops).toHaveLength(2);
});
