import { expect, test } from 'vitest';
import type { BootTimeline } from '../../preload/contract';
import { countsOf, median, segmentsOf, trackSeconds, usualOf } from './boots';

const boot = (over: Partial<BootTimeline> = {}): BootTimeline => ({
  at: 1,
  kind: 'cold',
  accelerator: 'tcg',
  seconds: 10,
  phases: [
    { name: 'qemu', startedAt: 0, endedAt: 1, deadline: 10 },
    { name: 'kernel', startedAt: 1, endedAt: 4, deadline: 20 },
    { name: 'ssh', startedAt: 4, endedAt: 6, deadline: 20 },
    { name: 'dockerd', startedAt: 4, endedAt: 10, deadline: 60 },
  ],
  ...over,
});

test('the median of nothing is nothing, of two the middle', () => {
  expect(median([])).toBeUndefined();
  expect(median([4, 2])).toBe(3);
  expect(median([9, 1, 2])).toBe(2);
});

test('usual times come from comparable starts only, and never from the start itself', () => {
  const boots = [
    boot({ at: 3, seconds: 99 }),
    boot({ at: 2, seconds: 12 }),
    boot({ at: 1 }),
    boot({ at: 0, kind: 'adopt', seconds: 1 }),
    boot({ at: -1, accelerator: 'kvm', seconds: 2 }),
  ];
  const usual = usualOf(boots, { kind: 'cold', accelerator: 'tcg', at: 3 });
  expect(usual.total).toBe(11);
  expect(usual.phases.get('dockerd')).toBe(6);
  expect(usual.phases.has('ping')).toBe(false);
});

test('failed starts are counted and are not usual', () => {
  const { seconds: _, ...rest } = boot({ at: 5 });
  const failed: BootTimeline = { ...rest, error: { code: 'vm.exited', params: { detail: '' } } };
  expect(usualOf([failed], { kind: 'cold', accelerator: 'tcg' }).total).toBeUndefined();
  expect(countsOf([failed, boot()])).toEqual([
    { kind: 'cold', count: 1, median: 10 },
    { kind: 'failed', count: 1, median: undefined },
  ]);
});

test('pieces of the strip add up to the whole start although phases overlap', () => {
  const pieces = segmentsOf(boot());
  expect(pieces.map(({ name }) => name)).toEqual(['qemu', 'kernel', 'ssh', 'dockerd']);
  expect(pieces.reduce((sum, { seconds }) => sum + seconds, 0)).toBe(10);
});

test('the track grows to the deadline of a phase that runs late, and not before', () => {
  const usual = usualOf([boot()], { kind: 'cold', accelerator: 'tcg' });
  const { seconds: _, ...open } = boot({ at: 2, phases: [{ name: 'kernel', startedAt: 1, deadline: 20 }] });
  expect(trackSeconds(open, usual, 2)).toBe(10);
  expect(trackSeconds(open, usual, 9)).toBeCloseTo(21 * 1.05);
});
