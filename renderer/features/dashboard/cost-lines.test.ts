import { expect, test } from 'vitest';
import type { CostSpan } from '../../../preload/contract';
import { linesOf, peakOf } from './cost-lines';

const MINUTE = 60_000;
const at = 1000 * MINUTE;
const span = (points: CostSpan['points']): CostSpan => ({ seconds: 0, parts: [], guest: {}, points });

test('a place a minute up to the newest point; what nobody looked at and what is not told are gaps', () => {
  const lines = linesOf(
    span([
      { at: at - 59 * MINUTE, seconds: 60, guest: {} },
      { at: at - 3 * MINUTE, seconds: 60, cpu: 0.5, memoryBytes: 100, guest: { cpu: 0.25, usedBytes: 50 } },
      { at: at - MINUTE, seconds: 60, cpu: 0, memoryBytes: 300, guest: {} },
      { at, seconds: 5, memoryBytes: 200, guest: { cpu: 1 } },
    ]),
    'hour',
  );
  expect(lines?.times).toHaveLength(60);
  expect(lines?.times.at(-1)).toBe(at);
  expect(lines?.times[0]).toBe(at - 59 * MINUTE);
  expect(lines?.since).toBeUndefined();
  expect(lines?.cpu.real.slice(-5)).toEqual([null, 0.5, null, 0, null]);
  expect(lines?.cpu.guest.slice(-5)).toEqual([null, 0.25, null, null, 1]);
  expect(lines?.memory.real.slice(-5)).toEqual([null, 100, null, 300, 200]);
  expect(lines?.memory.guest.slice(-5)).toEqual([null, 50, null, null, null]);
  expect(peakOf(lines?.memory.real ?? [])).toBe(300);
});

test('a young history fills the frame, from ten places on', () => {
  const point = (minutesAgo: number): CostSpan['points'][number] => ({ at: at - minutesAgo * MINUTE, seconds: 60, cpu: 1, guest: {} });
  expect(linesOf(span([point(0)]), 'hour')).toMatchObject({ since: at, cpu: { real: [...Array<null>(9).fill(null), 1] } });
  expect(linesOf(span([point(20), point(0)]), 'hour')?.times).toHaveLength(21);
});

test('nothing to draw without a point', () => {
  expect(linesOf(span([]), 'day')).toBeUndefined();
  expect(peakOf([null])).toBe(0);
});
