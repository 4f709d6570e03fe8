import { expect, test } from 'vitest';
import { during } from './sorting';

const heights = 40;
const places = (from: number, to: number): readonly number[] =>
  [0, 1, 2, 3].map((place) => during({ key: 'x', from, to, shift: 7, height: heights }, place).place);

test('at rest nothing moves', () => {
  expect(during(undefined, 2)).toEqual({ place: 2, shift: 0 });
  expect(places(1, 1)).toEqual([0, 1, 2, 3]);
});

test('the others make room, each place is taken once', () => {
  expect(places(3, 0)).toEqual([1, 2, 3, 0]);
  expect(places(0, 2)).toEqual([2, 0, 1, 3]);
  expect(places(2, 1)).toEqual([0, 2, 1, 3]);
});

test('the dragged row follows the pointer, the others move by its height', () => {
  const drop = { key: 'x', from: 0, to: 1, shift: 31, height: heights };
  expect([0, 1, 2].map((place) => during(drop, place).shift)).toEqual([31, -40, 0]);
});
