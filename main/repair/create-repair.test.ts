import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RepairReport, RepairState, VmStatus } from '../../preload/contract';
import { createFakeRepairGuest } from '../../test/fakes/repair-guest';
import type { FakeDisk } from '../../test/fakes/repair-guest';
import { deferred } from '../lib/async';
import { ensureFolder } from '../lib/atomic-file';
import { homeFiles } from '../lib/home';
import type { HomeFiles } from '../lib/home';
import { silentLogger } from '../lib/logger';
import { createObservable } from '../lib/observable';
import { createTasks } from '../tasks';
import type { Vm } from '../vm/vm';
import { createRepair } from './create-repair';
import type { Repair, RepairDeps } from './create-repair';

const context = { signal: new AbortController().signal };

let home: string;
let files: HomeFiles;
let calls: string[];
let disk: FakeDisk;
const status = createObservable<VmStatus>({} as VmStatus);

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'berth-ladder-'));
  files = homeFiles(home, join(home, 'run'));
  await ensureFolder(files.disks.folder);
  await writeFile(files.disks.data, 'what was on it');
  calls = [];
  disk = { uuid: '-', state: 'whole' };
  status.set({ state: 'running', pid: 1 } as VmStatus);
});
afterEach(() => rm(home, { recursive: true, force: true }));

function make(change: { vm?: Partial<Vm>; keys?: readonly string[] } = {}): Promise<Repair> {
  const note = (name: string) => () => {
    calls.push(name);
    return Promise.resolve();
  };
  const vm = {
    status,
    start: note('start'),
    restart: note('restart'),
    reconnect: note('reconnect'),
    agent: { call: note('agent') },
    engine: { answers: note('answers') },
    async whileOff(work: (off: object) => Promise<unknown>) {
      calls.push('off');
      status.set({ state: 'stopped' } as VmStatus);
      return work({ claim: note('claim'), guest: (options: never) => createFakeRepairGuest(disk).guest(options) });
    },
    ...change.vm,
  } as unknown as Vm;
  const config: RepairDeps['config'] = {
    document: createObservable({}),
    toLastGood: () => Promise.resolve(change.keys ?? []),
  };
  return createRepair({
    files,
    resources: { guest: join(home, 'no-guest'), bundle: join(home, 'no-bundle') },
    vm,
    config,
    tasks: createTasks(),
    pauseEvents: () => () => undefined,
    log: silentLogger,
  });
}

async function read(repair: Repair, until: (state: RepairState) => boolean = () => true): Promise<RepairState> {
  const left = new AbortController();
  for await (const state of repair.handlers['repair.changes']({}, { signal: left.signal, upload: nothing() })) {
    if (until(state)) {
      left.abort();
      return state;
    }
  }
  throw new Error('nothing was said');
}
async function* nothing(): AsyncGenerator<Uint8Array> {}

async function climb(repair: Repair, order: Parameters<Repair['handlers']['repair.run']>[0]): Promise<RepairReport> {
  const { task } = await repair.handlers['repair.run'](order, context);
  const { reports } = await read(repair, (state) => state.reports.some((each) => each.task === task && each.result !== 'running'));
  const [report] = reports;
  if (report === undefined) {
    throw new Error('no report');
  }
  return report;
}

const keysOf = ({ facts }: RepairReport): string[] => facts.map(({ key }) => key);

test.each([
  ['reconnect', ['reconnect', 'agent', 'answers'], ['reconnected', 'engineAnswers']],
  ['engine', ['restart'], ['engineRestarted']],
  ['reboot', ['off', 'start'], ['started']],
] as const)('%s does %j', async (rung, did, facts) => {
  const report = await climb(await make(), { rung });
  expect(report.result).toBe('done');
  expect(calls).toEqual(did);
  expect(keysOf(report)).toEqual(facts);
});

test('the engine is restarted while a start is stuck at it: by the agent, and the start that is under way is joined', async () => {
  status.set({ state: 'starting', pid: 1 } as VmStatus);
  await climb(await make(), { rung: 'engine' });
  expect(calls).toEqual(['agent', 'start']);
});

test('the last good configuration: its keys are named, or that it is in force already', async () => {
  expect(keysOf(await climb(await make({ keys: ['bip', 'mtu'] }), { rung: 'lastGood' }))).toEqual(['lastGood', 'started']);
  expect(keysOf(await climb(await make(), { rung: 'lastGood' }))).toEqual(['sameConfig', 'started']);
});

test('a system image that is not there fails the step with its own error and stops nothing', async () => {
  const report = await climb(await make(), { rung: 'system' });
  expect(report).toMatchObject({ result: 'failed', error: { code: 'vm.imageMissing' } });
  expect(calls).toEqual([]);
});

test('a check starts again what ran, and leaves off what was off or is damaged', async () => {
  await climb(await make(), { rung: 'checkDisk', confirm: '' });
  expect(calls).toEqual(['off', 'start']);
  calls = [];
  await climb(await make(), { rung: 'checkDisk', confirm: '' });
  expect(calls).toEqual(['off']);
  status.set({ state: 'running', pid: 1 } as VmStatus);
  disk = { uuid: '-', state: 'damaged' };
  calls = [];
  expect((await climb(await make(), { rung: 'checkDisk', confirm: '' })).result).toBe('damaged');
  expect(calls).toEqual(['off']);
});

test('one at a time, and what cannot be used now is refused with its reason', async () => {
  const connected = deferred<void>();
  const repair = await make({ vm: { reconnect: () => connected.promise } });
  await repair.handlers['repair.run']({ rung: 'reconnect' }, context);
  await expect(repair.handlers['repair.run']({ rung: 'reboot' }, context)).rejects.toMatchObject({ code: 'repair.busy' });
  connected.resolve();
  await read(repair, ({ reports }) => reports[0]?.result === 'done');
  status.set({ state: 'failed' } as VmStatus);
  await expect(repair.handlers['repair.run']({ rung: 'engine' }, context)).rejects.toMatchObject({
    code: 'repair.notUsable',
    params: { reason: 'notRunning' },
  });
});

test('a reset without the typed word does nothing; with it the disk is renamed and found again by the next backend', async () => {
  const repair = await make();
  for (const confirm of ['', 'yes', 'RESET']) {
    await expect(repair.handlers['repair.run']({ rung: 'reset', confirm }, context)).rejects.toMatchObject({ code: 'repair.notConfirmed' });
  }
  expect(calls).toEqual([]);
  const report = await climb(repair, { rung: 'reset', confirm: basename(home) });
  expect(calls).toEqual(['off', 'claim', 'start']);
  const aside = String(report.facts.find(({ key }) => key === 'aside')?.params['path']);
  expect(await readFile(aside, 'utf8')).toBe('what was on it');
  await expect(stat(files.disks.data)).rejects.toThrow();

  const again = await make();
  const { kept, reports } = await read(again);
  expect(kept.map(({ path }) => path)).toEqual([aside]);
  expect(reports[0]).toMatchObject({ rung: 'reset', result: 'done' });
  const discard = again.handlers['repair.discard'];
  await expect(discard({ name: '../format', confirm: '../format' }, context)).rejects.toMatchObject({ code: 'repair.noKeptDisk' });
  await expect(discard({ name: basename(aside), confirm: 'yes' }, context)).rejects.toMatchObject({ code: 'repair.notConfirmed' });
  await discard({ name: basename(aside), confirm: basename(aside) }, context);
  expect(await readdir(files.disks.folder)).toEqual([]);
});

test('a disk that a suspended machine needs as it is stays where it is', async () => {
  const claim = (): Promise<never> => Promise.reject(new Error('its memory is saved'));
  const repair = await make({ vm: { whileOff: (work) => work({ claim, guest: () => Promise.reject(new Error('none')) }) } });
  expect((await climb(repair, { rung: 'reset', confirm: 'reset' })).result).toBe('failed');
  expect(await readFile(files.disks.data, 'utf8')).toBe('what was on it');
});
