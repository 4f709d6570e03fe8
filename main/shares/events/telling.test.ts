import { expect, test, vi } from 'vitest';
import { silentLogger } from '../../lib/logger';
import type { Change } from './records';
import { createTelling } from './telling';

interface Guest {
  readonly batches: (readonly Change[])[];
  /** Answers the batch that waits; later ones are answered at once unless `slow`. */
  slow: boolean;
  away: boolean;
  release(): void;
}

function open(maxWaiting?: number) {
  const waits: (() => void)[] = [];
  const guest: Guest = { batches: [], slow: false, away: false, release: () => waits.splice(0).forEach((go) => go()) };
  let missed = 0;
  const telling = createTelling({
    send(changes) {
      if (guest.away) {
        return Promise.reject(new Error('away'));
      }
      guest.batches.push(changes);
      return guest.slow ? new Promise((resolve) => waits.push(resolve)) : Promise.resolve();
    },
    onMissed: () => (missed += 1),
    log: silentLogger,
    ...(maxWaiting === undefined ? {} : { maxWaiting }),
  });
  telling.bound(['/r', '/s']);
  const said = (): string[] => guest.batches.flat().map(({ kind, path }) => kind + path);
  return { guest, telling, said, missed: () => missed };
}

const beat = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('what came in one read goes out in one batch, in its order; a name that went is followed by its folder', async () => {
  const { telling, guest } = open();
  telling.add('n', '/r/b');
  telling.add('d', '/r/x/gone');
  telling.add('c', '/r/a');
  telling.add('d', '/r/x/gone2');
  await vi.waitFor(() => expect(guest.batches).toHaveLength(1));
  expect(guest.batches[0]?.map(({ kind, path }) => kind + path)).toEqual(['n/r/b', 'd/r/x/gone', 'c/r/a', 'd/r/x/gone2', 'c/r/x']);
  telling.dispose();
});

test('a path that changes all the time is told at once, then after pauses that grow, and its last change is told', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  try {
    const { telling, guest } = open();
    const times: number[] = [];
    const start = Date.now();
    for (let ms = 0; ms < 2000; ms += 5) {
      telling.add('c', '/r/log');
      await beat();
      await beat();
      while (times.length < guest.batches.length) {
        times.push(Date.now() - start);
      }
      await vi.advanceTimersByTimeAsync(5);
    }
    expect(times[0]).toBe(0);
    expect(times[1]).toBe(50);
    expect(times.length).toBeGreaterThan(8);
    expect(times.length).toBeLessThan(16);
    const before = guest.batches.length;
    await vi.advanceTimersByTimeAsync(200);
    await beat();
    await beat();
    expect(guest.batches.length).toBe(before + 1);
    expect(telling.waiting()).toBe(0);
    telling.dispose();
  } finally {
    vi.useRealTimers();
  }
});

test('5,000 files are told one by one to a slow guest, one batch at a time', async () => {
  const { telling, guest, said } = open();
  guest.slow = true;
  for (let i = 0; i < 5000; i += 1) {
    telling.add('n', `/r/${i}`);
  }
  await vi.waitFor(() => expect(guest.batches).toHaveLength(1));
  await beat();
  expect(guest.batches).toHaveLength(1);
  guest.slow = false;
  guest.release();
  await vi.waitFor(() => expect(telling.waiting()).toBe(0));
  expect(said()).toEqual(Array.from({ length: 5000 }, (_, i) => `n/r/${i}`));
  telling.dispose();
});

test('beyond the bound folders are told, beyond that what is bound, and afterwards files again', async () => {
  const { telling, guest, said } = open(100);
  guest.slow = true;
  telling.add('c', '/r/first');
  await vi.waitFor(() => expect(guest.batches).toHaveLength(1));
  for (let i = 0; i < 10_000; i += 1) {
    telling.add('n', `/r/${i % 10}/${i}`);
    expect(telling.waiting()).toBeLessThanOrEqual(102);
  }
  expect(telling.waiting()).toBe(10);
  for (let i = 0; i < 10_000; i += 1) {
    telling.add('n', `/r/${i}/x`);
    expect(telling.waiting()).toBeLessThanOrEqual(102);
  }
  expect(telling.waiting()).toBe(2);
  guest.slow = false;
  guest.release();
  await vi.waitFor(() => expect(said().slice(-2)).toEqual(['c/r', 'c/s']));
  telling.add('n', '/r/after');
  await vi.waitFor(() => expect(said().at(-1)).toBe('n/r/after'));
  telling.dispose();
});

test('a change that comes while the last batch is under way is not lost', async () => {
  const { telling, guest, said } = open();
  guest.slow = true;
  telling.add('c', '/r/a');
  await vi.waitFor(() => expect(guest.batches).toHaveLength(1));
  telling.add('c', '/r/a');
  telling.add('c', '/r/b');
  guest.slow = false;
  guest.release();
  await vi.waitFor(() => expect(said().sort()).toEqual(['c/r/a', 'c/r/a', 'c/r/b']));
  telling.dispose();
});

test('a guest that is away costs nothing, and the first change that gets through has everything looked at', async () => {
  const { telling, guest, said, missed } = open();
  guest.away = true;
  for (let i = 0; i < 100; i += 1) {
    telling.add('c', `/r/${i}`);
  }
  await vi.waitFor(() => expect(telling.waiting()).toBe(0));
  expect(missed()).toBe(0);
  guest.away = false;
  telling.add('c', '/r/now');
  await vi.waitFor(() => expect(said()).toEqual(['c/r/now']));
  expect(missed()).toBe(1);
  telling.dispose();
});

test('what is no longer bound is not told', async () => {
  const { telling, guest, said } = open();
  guest.slow = true;
  telling.add('c', '/r/a');
  await vi.waitFor(() => expect(guest.batches).toHaveLength(1));
  telling.add('c', '/r/b');
  telling.add('c', '/s/c');
  telling.bound(['/s']);
  guest.slow = false;
  guest.release();
  await vi.waitFor(() => expect(said()).toEqual(['c/r/a', 'c/s/c']));
  telling.dispose();
});
