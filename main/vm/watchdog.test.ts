import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { silentLogger } from '../lib/logger';
import { createObservable } from '../lib/observable';
import type { Transport } from '../ssh/transport';
import type { Agent } from './agent';
import { createWatchdog } from './watchdog';
import type { Watchdog } from './watchdog';

let watchdog: Watchdog | undefined;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  watchdog?.dispose();
  vi.useRealTimers();
});

function setUp() {
  const said: string[] = [];
  const box = { ahead: 0, replaced: [] as readonly string[], runs: true, clockMs: 0 };
  const agent = {
    call: async (op: string, request: { epochMs: number }) => {
      said.push(`${op} ${request.epochMs - Date.now()}`);
      if (box.clockMs > 0) {
        await new Promise((resolve) => setTimeout(resolve, box.clockMs));
      }
      return { driftMs: 5 };
    },
  } as unknown as Agent;
  const transport = {
    answering: createObservable(true),
    check: () => {
      said.push('check');
      return Promise.resolve(box.replaced);
    },
  } as unknown as Transport;
  watchdog = createWatchdog({
    log: silentLogger,
    wall: () => Date.now() + box.ahead,
    guest: () => (box.runs ? { transport, agent } : undefined),
    settle: () => {
      said.push('settle');
      return Promise.resolve();
    },
  });
  return { said, box, watchdog };
}

test('a jump of the wall clock, forth or back, has the clock set and every connection asked, within a second or so', async () => {
  const { said, box } = setUp();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(said).toEqual([]);
  box.ahead = 7_200_000;
  await vi.advanceTimersByTimeAsync(1100);
  expect(said).toEqual(['check', 'clock 7200000']);
  box.ahead = 0;
  await vi.advanceTimersByTimeAsync(1100);
  expect(said.slice(2)).toEqual(['check', 'clock 0']);
});

test('small steps add up', async () => {
  const { said, box } = setUp();
  for (let step = 0; step < 6; step += 1) {
    box.ahead += 100;
    await vi.advanceTimersByTimeAsync(1000);
  }
  expect(said).toEqual(['check', 'clock 500']);
});

test('what hangs on connections is read anew only where one was made anew', async () => {
  const { said, box, watchdog: dog } = setUp();
  expect(await dog.check('asked')).toEqual({ replaced: [], driftMs: 5 });
  expect(said).not.toContain('settle');
  box.replaced = ['api'];
  expect(await dog.check('asked')).toEqual({ replaced: ['api'], driftMs: 5 });
  expect(said.at(-1)).toBe('settle');
});

test('an order that was long under way set a time that is over: it is given again', async () => {
  const { said, box, watchdog: dog } = setUp();
  box.clockMs = 2000;
  const checked = dog.check('asked');
  await vi.advanceTimersByTimeAsync(2100);
  await checked;
  box.clockMs = 0;
  await vi.advanceTimersByTimeAsync(5100);
  expect(said.filter((line) => line.startsWith('clock'))).toHaveLength(2);
});

test('once an hour the clock is set, and no connection is asked', async () => {
  const { said } = setUp();
  for (let hour = 1; hour <= 2; hour += 1) {
    await vi.advanceTimersByTimeAsync(3_600_000);
  }
  expect(said.length).toBeGreaterThanOrEqual(2);
  expect(said.every((line) => line.startsWith('clock'))).toBe(true);
});

test('without a guest nothing is asked', async () => {
  const { said, box, watchdog: dog } = setUp();
  box.runs = false;
  box.ahead = 7_200_000;
  await vi.advanceTimersByTimeAsync(3000);
  expect(said).toEqual([]);
  await expect(dog.check('asked')).rejects.toMatchObject({ code: 'engine.away' });
});
