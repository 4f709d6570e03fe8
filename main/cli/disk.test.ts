import { expect, test } from 'vitest';
import type { DiskLedger, EngineUsage, VmStatus } from '../../preload/contract';
import { BerthError } from '../../preload/contract';
import { refuse, runCli, streamOf, taskOf } from '../../test/fakes/cli';
import { parseSize } from './disk';

const GIB = 2 ** 30;
const ledger: DiskLedger = {
  disk: { path: '/h/disks/data.raw', sizeBytes: 64 * GIB, hostBytes: 11 * GIB },
  guest: { totalBytes: 62 * GIB, usedBytes: 8 * GIB, freeBytes: 54 * GIB },
  trimBytes: 3 * GIB,
  files: [{ kind: 'logs', path: '/h/logs', hostBytes: 2 ** 20 }],
  host: { state: 'ok', folder: '/h/disks', freeBytes: 60 * GIB, totalBytes: 200 * GIB, warnBytes: 5 * GIB, pauseBytes: GIB },
};
const kind = { count: 2, totalBytes: 4 * GIB, prunableBytes: GIB };
const usage: EngineUsage = {
  images: { ...kind, danglingBytes: 0 },
  containers: kind,
  buildCache: kind,
  volumes: [{ name: 'db', bytes: GIB, inUse: true, anonymous: false }],
};
const handlers = {
  'disk.changes': streamOf(ledger),
  'disk.usage': () => usage,
  'vm.status': streamOf({ state: 'running' } as VmStatus),
};

test('shows what takes what; as JSON the same figures', async () => {
  const { stdout, code } = await runCli(['disk'], { handlers });
  expect(code).toBe(0);
  expect(stdout).toMatch(/data disk, on this computer +11 GB +\/h\/disks\/data\.raw/);
  expect(stdout).toMatch(/deleted, not given back yet +3 GB/);
  expect(stdout).toMatch(/images +4 GB +1 GB can be pruned/);
  expect(JSON.parse((await runCli(['disk', '--json'], { handlers })).stdout)).toEqual({ ...ledger, usage });
});

test('an engine that does not run is not asked', async () => {
  const stopped = {
    ...handlers,
    'vm.status': streamOf({ state: 'stopped' } as VmStatus),
    'disk.usage': refuse(new BerthError('disk.busy', {})),
  };
  const { stdout, stderr, code } = await runCli(['disk'], { handlers: stopped });
  expect([code, stdout.includes('can be pruned'), stderr.includes('does not run')]).toEqual([0, false, true]);
});

test('prune: exactly what was named; nothing named is a usage error', async () => {
  let asked: unknown;
  const ended = taskOf({ kind: 'prune', state: 'done', hostBytes: { before: 3 * GIB, after: GIB } });
  const all = {
    ...handlers,
    'disk.prune': (input: unknown) => {
      asked = input;
      return { task: 't1' };
    },
    'tasks.changes': streamOf([ended]),
  };
  const { stderr } = await runCli(['disk', 'prune', '--images', '--volume', 'a', 'b'], { handlers: all });
  expect(asked).toEqual({ containers: false, images: 'dangling', buildCache: false, volumes: ['a', 'b'] });
  expect(stderr).toContain('3 GB → 1 GB: 2 GB given back');
  expect((await runCli(['disk', 'prune'], { handlers: all })).code).toBe(2);
});

test('a task that failed ends with 1 and says why', async () => {
  const error = { code: 'disk.moveNoSpace', params: { folder: '/f', neededBytes: GIB, availableBytes: 0 } } as const;
  const failing = {
    ...handlers,
    'disk.move': () => ({ task: 't1' }),
    'tasks.changes': streamOf([taskOf({ kind: 'moveDisk', state: 'failed', error })]),
  };
  const { code, stderr } = await runCli(['disk', 'move', '/f'], { handlers: failing });
  expect([code, stderr.includes('/f has too little space')]).toEqual([1, true]);
});

test.each([
  ['96G', 96 * GIB],
  ['1.5T', 1.5 * 2 ** 40],
  ['512 MiB', 512 * 2 ** 20],
  ['96', undefined],
  ['-1G', undefined],
  ['G', undefined],
])('the size %s', (given, bytes) => {
  expect(parseSize(given)).toBe(bytes);
});
