import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { silentLogger } from '../lib/logger';
import { createObservable } from '../lib/observable';
import type { MutableObservable } from '../lib/observable';
import { createTrimmer } from './trim';
import type { Trimmer } from './trim';

let folder: string;
let calls: string[];
let freed: MutableObservable<number>;
let trimmer: Trimmer;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-trim-'));
  const path = join(folder, 'data.raw');
  await writeFile(path, Buffer.alloc(1 << 20, 1));
  calls = [];
  freed = createObservable(0);
  trimmer = createTrimmer({
    path: () => Promise.resolve(path),
    freed,
    log: silentLogger,
    onTrimmed: () => Promise.resolve(),
    quietMs: 40,
    pauseMs: 400,
    agent: {
      async call(op) {
        calls.push(op);
        if (op === 'trim') {
          await writeFile(path, '');
        }
        return {};
      },
    },
  });
});
afterEach(async () => {
  trimmer.dispose();
  await rm(folder, { recursive: true });
});

const trims = (): number => calls.filter((op) => op === 'trim').length;

test('the host’s blocks before and after, with what was deleted written down first', async () => {
  const { before, after } = await trimmer.trim();
  expect(before).toBeGreaterThanOrEqual(1 << 20);
  expect(after).toBe(0);
  expect(calls).toEqual(['sync', 'trim']);
});

test('many removals are one trim, and the next one waits its minute', async () => {
  for (let count = 1; count <= 20; count += 1) {
    freed.set(count);
  }
  await vi.waitFor(() => expect(trims()).toBe(1));
  freed.set(21);
  await new Promise((resolve) => setTimeout(resolve, 120));
  expect(trims()).toBe(1);
  await vi.waitFor(() => expect(trims()).toBe(2), { timeout: 2000 });
});

test('nothing was freed: nothing is done', async () => {
  await new Promise((resolve) => setTimeout(resolve, 120));
  expect(calls).toEqual([]);
});
