import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BootTimeline } from '../../preload/contract';
import { silentLogger } from '../lib/logger';
import { createBoots } from './boots';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-boots-'));
  path = join(folder, 'boots.json');
});
afterEach(() => rm(folder, { recursive: true }));

const boot = (at: number): BootTimeline => ({
  at,
  kind: 'cold',
  accelerator: 'tcg',
  phases: [{ name: 'prepare', startedAt: 0, endedAt: 1, deadline: 120, stuck: { log: 'berth', lines: ['a'] } }],
  seconds: 9,
  error: { code: 'vm.exited', params: { detail: 'x' } },
});

test('the last 20, newest first, as they were, over a restart of the backend', async () => {
  for (let at = 1; at <= 15; at += 1) {
    await createBoots(path, silentLogger).add(boot(at));
  }
  const boots = createBoots(path, silentLogger);
  for (let at = 16; at <= 25; at += 1) {
    await boots.add(boot(at));
  }
  const later = createBoots(path, silentLogger);
  await later.load();
  expect(later.list()).toEqual(Array.from({ length: 20 }, (_, index) => boot(25 - index)));
});

test('a list that is damaged, or that cannot be written, stops no start', async () => {
  await writeFile(path, '[{"at":1,');
  const boots = createBoots(path, silentLogger);
  await boots.add(boot(1));
  expect(boots.list()).toHaveLength(1);
  await rm(folder, { recursive: true });
  await writeFile(folder, '');
  await boots.add(boot(2));
  expect(boots.list()).toHaveLength(2);
});
