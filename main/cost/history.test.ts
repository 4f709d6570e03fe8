import { mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CostPart } from '../../preload/contract';
import { silentLogger } from '../lib/logger';
import type { Used } from './account';
import { createHistory } from './history';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-cost-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const NOON = Date.UTC(2026, 10, 21, 12, 0, 0);
const used = (cpuSeconds: number): ReadonlyMap<CostPart, Used> =>
  new Map([
    ['vm', { processes: 1, cpuSeconds, memoryBytes: 1000, writtenBytes: 50, wakeups: 300 }],
    ['backend', { processes: 1, cpuSeconds: 0, memoryBytes: 100, writtenBytes: 0, wakeups: 0 }],
  ]);
const guest = { cpuSeconds: 1, usedBytes: 700, writtenBytes: 40 };
const add = (history: ReturnType<typeof createHistory>, at: number, cpuSeconds = 3): void =>
  history.add({ at, seconds: 30, used: used(cpuSeconds), guest });

test('sums and averages by minute and by ten minutes; what was not looked at has no point', async () => {
  const history = createHistory(join(folder, 'sums'), silentLogger);
  await history.load();
  add(history, NOON + 30_000);
  add(history, NOON + 59_000, 9);
  add(history, NOON + 300_000);
  const hour = history.hour(NOON + 300_000);
  expect(hour.points.map(({ at, seconds }) => [(at - NOON) / 60_000, seconds])).toEqual([
    [0, 60],
    [5, 30],
  ]);
  expect(hour.points[0]).toMatchObject({ cpu: 0.2, memoryBytes: 1100, writtenBytes: 100, wakeups: 10, guest: { usedBytes: 700 } });
  expect(hour).toMatchObject({ seconds: 90, cpu: 15 / 90, writtenBytes: 150, guest: { cpu: 3 / 90, writtenBytes: 120 } });
  expect(hour.parts.map(({ part, memoryBytes }) => [part, memoryBytes])).toEqual([
    ['vm', 1000],
    ['backend', 100],
  ]);
  expect(history.day(NOON + 300_000).points).toHaveLength(1);
  expect(history.hour(NOON + 61 * 60_000).points.map(({ at }) => (at - NOON) / 60_000)).toEqual([5]);
  expect(history.day(NOON + 25 * 3_600_000).points).toEqual([]);
});

test('the next backend goes on where this one ended, in a file that does not grow', async () => {
  const path = join(folder, 'kept');
  const first = createHistory(path, silentLogger);
  await first.load();
  add(first, NOON + 1000);
  await first.flush();
  const { size } = await stat(path);
  const second = createHistory(path, silentLogger);
  await second.load();
  for (let minute = 0; minute < 300; minute += 1) {
    add(second, NOON + 30_000 + minute * 60_000);
  }
  await second.flush();
  expect((await stat(path)).size).toBe(size);
  const third = createHistory(path, silentLogger);
  await third.load();
  const now = NOON + 299 * 60_000 + 30_000;
  expect(third.hour(now)).toEqual(second.hour(now));
  expect(third.day(now)).toEqual(second.day(now));
  expect(third.day(now).points[0]?.seconds).toBe(11 * 30);
});

test('what a crash tore is a gap; a file of another kind begins anew', async () => {
  const path = join(folder, 'torn');
  const history = createHistory(path, silentLogger);
  await history.load();
  add(history, NOON);
  add(history, NOON + 60_000);
  add(history, NOON + 120_000);
  await history.flush();
  const bytes = await readFile(path);
  const at = bytes.indexOf(Buffer.from(Uint32Array.of(NOON / 60_000 + 1).buffer));
  const file = await open(path, 'r+');
  await file.write(Buffer.alloc(40, 7), 0, 40, at + 100);
  await file.close();
  const again = createHistory(path, silentLogger);
  await again.load();
  expect(again.hour(NOON + 120_000).points.map((point) => (point.at - NOON) / 60_000)).toEqual([0, 2]);

  await writeFile(path, '{"format":1}');
  const warned: string[] = [];
  const anew = createHistory(path, { ...silentLogger, warn: (words: string) => void warned.push(words) });
  await anew.load();
  expect(warned).toHaveLength(1);
  add(anew, NOON);
  await anew.flush();
  const last = createHistory(path, silentLogger);
  await last.load();
  expect(last.hour(NOON).points).toHaveLength(1);
});
