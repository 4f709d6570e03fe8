import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { VmStatus } from '../../preload/contract';
import { homeFiles } from '../lib/home';
import type { HomeFiles } from '../lib/home';
import { createObservable } from '../lib/observable';
import { markFormatted, prepareDisk } from '../vm/disk';
import { growDisk, growFileSystem } from './grow';
import type { GrowDeps } from './grow';

const MIB = 2 ** 20;
let files: HomeFiles;
let calls: string[];
let resizeFails: boolean;

beforeEach(async () => {
  const home = await mkdtemp(join(tmpdir(), 'berth-grow-'));
  files = homeFiles(home, join(home, 'run'));
  calls = [];
  resizeFails = false;
  await prepareDisk(files, 64 * MIB);
  await markFormatted(files);
});
afterEach(() => rm(files.root, { recursive: true }));

function vm(state: VmStatus['state']): GrowDeps['vm'] {
  return {
    status: createObservable({ state } as VmStatus),
    start: () => Promise.resolve(),
    whileOff: (work) => work({ claim: () => Promise.resolve(), guest: () => Promise.reject(new Error('no guest')) }),
    disk: {
      space: createObservable(undefined),
      resize: (bytes) => Promise.resolve(void calls.push(`device ${bytes / MIB}`)),
      despiteFullHost: (work) => work(),
    },
    agent: {
      call: (op) => (resizeFails ? Promise.reject(new Error('EIO')) : Promise.resolve(void calls.push(op) as never)),
    },
  };
}

const record = async (): Promise<object> => JSON.parse(await readFile(files.disks.record, 'utf8')) as object;

test('while it runs: the device, then the file system; up to whole MiB', async () => {
  await growDisk({ files, vm: vm('running') }, 100 * MIB - 5);
  expect(calls).toEqual(['device 100', 'resize']);
  expect(await record()).not.toHaveProperty('grown');
});

test('while it is off: the file, and the file system when the engine next answers', async () => {
  await growDisk({ files, vm: vm('stopped') }, 128 * MIB);
  expect([(await stat(files.disks.data)).size, calls]).toEqual([128 * MIB, []]);
  expect(await record()).toMatchObject({ grown: true, state: 'formatted' });
  await growFileSystem({ files, vm: vm('running') });
  await growFileSystem({ files, vm: vm('running') });
  expect(calls).toEqual(['resize']);
});

test('a file system that does not follow is tried again later', async () => {
  resizeFails = true;
  await expect(growDisk({ files, vm: vm('running') }, 128 * MIB)).rejects.toMatchObject({ code: 'disk.growLater' });
  resizeFails = false;
  await growFileSystem({ files, vm: vm('running') });
  expect(calls).toEqual(['device 128', 'resize']);
});

test('never smaller, never more than the host could hold, never in the middle of something', async () => {
  const grow = (bytes: number, state: VmStatus['state'] = 'running') => growDisk({ files, vm: vm(state) }, bytes);
  await expect(grow(64 * MIB)).rejects.toMatchObject({ code: 'disk.notShrunk', params: { sizeBytes: 64 * MIB } });
  await expect(grow(2 ** 50)).rejects.toMatchObject({ code: 'disk.growTooLarge' });
  await expect(grow(128 * MIB, 'starting')).rejects.toMatchObject({ code: 'vm.busy' });
  expect([(await stat(files.disks.data)).size, calls]).toEqual([64 * MIB, []]);
});
