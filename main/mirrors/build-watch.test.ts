// A build that says nothing: which mirror is taken out, how often the mirrors are looked at, and that one that goes on or ended is left alone.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { BerthError, MirrorVerdict } from '../../preload/contract';
import { silentLogger } from '../lib/logger';
import { sleep } from '../lib/async';
import { createBuildWatch } from './build-watch';
import type { BuildGuard } from './build-watch';

const URLS = ['https://a.example', 'https://b.example', 'https://c.example'];
let verdicts: Record<string, MirrorVerdict>;
let taken: string[];
let notices: BerthError[];
let looks: number;
let guard: BuildGuard;

beforeEach(() => {
  vi.useFakeTimers();
  [verdicts, taken, notices, looks] = [{}, [], [], 0];
  guard = createBuildWatch({
    log: silentLogger,
    testImage: () => 'library/busybox',
    notify: (_, error) => notices.push(error),
    suspension: {
      candidates: () => URLS.filter((url) => !taken.includes(url)),
      add: (urls) => Promise.resolve(void taken.push(...urls)),
    },
    probe: {
      async quick(urls) {
        looks += 1;
        await sleep(1000);
        return new Map(urls.map((url) => [url, { verdict: verdicts[url] ?? 'works' }]));
      },
    },
  });
});
afterEach(() => {
  guard.dispose();
  vi.useRealTimers();
});

test('the first silent mirror is taken out, and the window is told', async () => {
  verdicts = { 'https://a.example': 'refused', 'https://b.example': 'silent', 'https://c.example': 'silent' };
  const build = guard.watchBuild();
  await vi.advanceTimersByTimeAsync(16_000);
  expect(taken).toEqual(['https://b.example']);
  expect(notices.map(({ code, params }) => [code, params['url']])).toEqual([['mirrors.silentForBuild', 'https://b.example']]);
  // Still nothing: the next one.
  await vi.advanceTimersByTimeAsync(16_000);
  expect(taken).toEqual(['https://b.example', 'https://c.example']);
  build.end();
});

test('a build that speaks is left alone, and so is one that ended', async () => {
  verdicts = { 'https://a.example': 'silent' };
  const build = guard.watchBuild();
  for (let second = 0; second < 60; second += 10) {
    await vi.advanceTimersByTimeAsync(10_000);
    build.heard();
  }
  build.end();
  await vi.advanceTimersByTimeAsync(60_000);
  expect([looks, taken]).toEqual([0, []]);
});

test('one that compiles in silence has the mirrors looked at three times, no more, and two have their looks together', async () => {
  const builds = [guard.watchBuild(), guard.watchBuild()];
  await vi.advanceTimersByTimeAsync(15_000);
  expect(looks).toBe(1);
  await vi.advanceTimersByTimeAsync(600_000);
  expect(looks).toBe(3);
  expect(taken).toEqual([]);
  builds.forEach((build) => build.end());
});
