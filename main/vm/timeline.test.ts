import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { BootTimeline } from '../../preload/contract';
import { createTimeline, currentPhase, deadlineOf } from './timeline';

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => vi.useRealTimers());

function make(): { timeline: ReturnType<typeof createTimeline>; stuck: [string, number][]; seen: BootTimeline[] } {
  const stuck: [string, number][] = [];
  const seen: BootTimeline[] = [];
  const timeline = createTimeline({
    kind: 'cold',
    onChange: (value) => seen.push(value),
    onStuck: (phase, seconds) => stuck.push([phase, seconds]),
  });
  return { timeline, stuck, seen };
}

test('phases have their times in seconds after the start, several at once, and the earliest is the one to name', () => {
  const { timeline, seen } = make();
  timeline.begin('prepare');
  vi.advanceTimersByTime(1500);
  timeline.end('prepare');
  timeline.setAccelerator('kvm');
  timeline.begin('data', 'ssh');
  expect(currentPhase(timeline.get())).toBe('data');
  vi.advanceTimersByTime(250);
  timeline.end('data');
  expect(currentPhase(timeline.get())).toBe('ssh');
  expect(timeline.get().phases).toEqual([
    { name: 'prepare', startedAt: 0, endedAt: 1.5, deadline: 120 },
    { name: 'data', startedAt: 1.5, endedAt: 1.75, deadline: 60 },
    { name: 'ssh', startedAt: 1.5, deadline: 15 },
  ]);
  expect(seen.at(-1)).toBe(timeline.get());
});

test('a phase past its deadline is told once; one that ended is not', () => {
  const { timeline, stuck } = make();
  timeline.setAccelerator('kvm');
  timeline.begin('kernel', 'data');
  timeline.end('data');
  vi.advanceTimersByTime(200_000);
  expect(stuck).toEqual([['kernel', 10]]);
});

test('deadlines in the guest grow with the accelerator, the host’s do not', () => {
  expect(deadlineOf('dockerd', 'tcg')).toBeGreaterThan(deadlineOf('dockerd', 'kvm'));
  expect(deadlineOf('prepare', 'tcg')).toBe(deadlineOf('prepare', 'kvm'));
});

test('an end without a begin and a second begin change nothing', () => {
  const { timeline } = make();
  timeline.end('ping');
  timeline.begin('qemu');
  timeline.begin('qemu');
  expect(timeline.get().phases.map(({ name }) => name)).toEqual(['qemu']);
});

test('the time of a start is the end of ping, not of what follows', () => {
  const { timeline, stuck } = make();
  timeline.begin('ping');
  vi.advanceTimersByTime(4000);
  timeline.end('ping');
  timeline.begin('ports');
  vi.advanceTimersByTime(1000);
  expect(timeline.finish().seconds).toBe(4);
  vi.advanceTimersByTime(10 ** 6);
  expect(stuck).toEqual([]);
});
