import { expect, test } from 'vitest';
import { rungNames } from '../../preload/contract';
import type { RepairReport, WireError } from '../../preload/contract';
import { ladder, recommend } from './ladder';
import type { LadderFacts } from './ladder';

const error = (code: WireError['code'], params: WireError['params'] = {}): WireError => ({ code, params });
const report = (rung: RepairReport['rung'], result: RepairReport['result']): RepairReport => ({
  task: 't',
  rung,
  startedAt: 0,
  result,
  facts: [],
  words: [],
});
const running: LadderFacts = { status: { state: 'running', pid: 1 }, error: undefined, hasDisk: true, liveRestore: true, last: undefined };

const advised = (facts: Partial<LadderFacts>): string | undefined =>
  ladder({ ...running, ...facts }).find(({ recommended }) => recommended)?.name;

test('eight rungs in their order, none of them advised where nothing is wrong', () => {
  expect(ladder(running).map(({ name }) => name)).toEqual(rungNames);
  expect(advised({})).toBeUndefined();
});

test('what needs a VM that runs cannot be used without one, what needs a disk not without a disk; the rest always', () => {
  const blocked = (facts: Partial<LadderFacts>): string[] =>
    ladder({ ...running, ...facts }).flatMap(({ name, obstacle }) => (obstacle === undefined ? [] : [`${name} ${obstacle}`]));
  expect(blocked({})).toEqual([]);
  expect(blocked({ status: { state: 'starting', pid: 1 } })).toEqual([]);
  expect(blocked({ status: { state: 'failed' } })).toEqual(['reconnect notRunning', 'engine notRunning']);
  expect(blocked({ status: { state: 'failed' }, hasDisk: false })).toEqual([
    'reconnect notRunning',
    'engine notRunning',
    'checkDisk noDisk',
    'rescue noDisk',
  ]);
});

test.each([
  ['ssh.unreachable', {}, 'reconnect'],
  ['engine.notAnswering', {}, 'engine'],
  ['vm.phaseTimeout', { phase: 'ssh' }, 'reboot'],
  ['vm.phaseTimeout', { phase: 'data' }, 'checkDisk'],
  ['vm.phaseTimeout', { phase: 'dockerd' }, 'lastGood'],
  ['disk.damaged', {}, 'checkDisk'],
  ['disk.wrongUuid', {}, 'rescue'],
  ['vm.imageDamaged', {}, 'system'],
  ['config.rollBackFailed', {}, 'lastGood'],
  ['vm.crashLoop', {}, 'reboot'],
  ['repair.interrupted', {}, 'checkDisk'],
] as const)('%s %o asks for %s', (code, params, rung) => {
  expect(advised({ error: error(code, params) })).toBe(rung);
});

test('a rung that cannot be used gives way to the next one up, never to a reset', () => {
  expect(advised({ error: error('engine.exited'), status: { state: 'failed' } })).toBe('reboot');
  expect(recommend(error('disk.damaged'), undefined, ['reboot', 'reset'])).toBeUndefined();
});

test('what was tried last and did not help is not advised again; damage that was found is', () => {
  expect(advised({ error: error('engine.exited'), last: report('engine', 'failed') })).toBe('reboot');
  expect(advised({ error: error('engine.exited'), last: report('reconnect', 'done') })).toBe('engine');
  expect(advised({ last: report('checkDisk', 'damaged') })).toBe('checkDisk');
  expect(advised({ error: error('repair.interrupted'), last: report('checkDisk', 'failed') })).toBe('checkDisk');
});

test('only the reset takes images and volumes out of sight, and it sets them aside', () => {
  const fates = (name: string): object => ladder(running).find((rung) => rung.name === name)?.fates ?? {};
  for (const name of rungNames.filter((each) => each !== 'reset' && each !== 'rescue')) {
    expect(fates(name)).toMatchObject({ images: 'kept', volumes: 'kept' });
  }
  expect(fates('reset')).toEqual({ containers: 'aside', images: 'aside', volumes: 'aside', settings: 'kept' });
  expect(fates('engine')).toMatchObject({ containers: 'runs' });
  expect(ladder({ ...running, liveRestore: false }).find(({ name }) => name === 'engine')?.fates).toMatchObject({ containers: 'restart' });
});
