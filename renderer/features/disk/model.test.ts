import { expect, test } from 'vitest';
import type { DiskLedger, EngineUsage } from '../../../preload/contract';
import { columnsOf, proposedSize, prunedBytes, unusedVolumes } from './model';

const ledger: DiskLedger = {
  disk: { path: '/d', sizeBytes: 64 * 2 ** 30, hostBytes: 1160 },
  guest: { totalBytes: 6400, usedBytes: 820, freeBytes: 5580 },
  trimBytes: 340,
  files: [],
  host: { state: 'ok', folder: '/', freeBytes: 1, totalBytes: 2, warnBytes: 0, pauseBytes: 0 },
};
const usage: EngineUsage = {
  images: { count: 3, totalBytes: 530, prunableBytes: 210, danglingBytes: 20 },
  containers: { count: 2, totalBytes: 40, prunableBytes: 10 },
  buildCache: { count: 1, totalBytes: 130, prunableBytes: 110 },
  volumes: [
    { name: 'v', bytes: 60, inUse: false, anonymous: false },
    { name: 'f00d', bytes: 30, inUse: false, anonymous: true },
    { name: 'busy', bytes: 20, inUse: true, anonymous: true },
  ],
};

test('three columns: what a trim brings, and what a prune brings on top of it', () => {
  const found = columnsOf(ledger, usage);
  expect(found?.now).toMatchObject({
    total: 1160,
    used: 820,
    parts: { imagesUsed: 320, imagesUnused: 210, volumes: 110, rest: 10, deleted: 340 },
  });
  expect(found?.trimmed).toMatchObject({ total: 820, used: 820, parts: { deleted: 0 } });
  expect(found?.pruned).toMatchObject({ total: 490, used: 490, parts: { imagesUnused: 0, buildCache: 20, containers: 30, volumes: 110 } });
});

test('while the engine counts, what is used has one part; without a guest nothing is claimed', () => {
  expect(columnsOf(ledger, undefined)?.now).toMatchObject({ used: 820, parts: { rest: 820, deleted: 340 } });
  const { guest: _, ...off } = ledger;
  expect(columnsOf(off, usage)).toBeUndefined();
});

test('an engine that counts more than there is does not make the bar longer', () => {
  const found = columnsOf(ledger, { ...usage, images: { ...usage.images, totalBytes: 5300, prunableBytes: 2100 } });
  expect(found?.now.used).toBeCloseTo(820);
  expect(found?.pruned.total).toBeGreaterThan(0);
});

test('a prune deletes what was chosen', () => {
  expect(prunedBytes(usage, { containers: true, images: 'dangling', buildCache: true, volumes: [] })).toBe(140);
  expect(prunedBytes(usage, { containers: false, images: 'unused', buildCache: false, volumes: ['f00d'] })).toBe(240);
});

test('volumes: what a container uses is never offered, and those with a name are apart from those without', () => {
  const { anonymous, named } = unusedVolumes(usage);
  expect([anonymous.map(({ name }) => name), named.map(({ name }) => name)]).toEqual([['f00d'], ['v']]);
});

test('the size that is proposed is larger and round', () => {
  expect([proposedSize(64 * 2 ** 30), proposedSize(2 ** 30)]).toEqual([100, 10]);
});
