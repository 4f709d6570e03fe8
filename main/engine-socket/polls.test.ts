import { expect, test } from 'vitest';
import { createPolls } from './polls';

const LIST = '/v1.45/containers/json?all=1';

/** The answers to reads at these seconds. */
function reads(seconds: readonly number[], client = 'ide/1'): boolean[] {
  let time = 0;
  const polls = createPolls(() => time * 1000);
  return seconds.map((at) => {
    time = at;
    return polls.isOneMore(client, LIST);
  });
}

test('a row of reads is one from the third on, whatever its beat, and over it has begun anew', () => {
  expect(reads([0, 1, 2, 3])).toEqual([false, false, true, true]);
  expect(reads([0, 60, 120, 185, 240])).toEqual([false, false, true, true, true]);
  expect(reads([0, 60, 120, 1000, 1060])).toEqual([false, false, true, false, false]);
});

test('somebody at a keyboard keeps no beat', () => {
  expect(reads([0, 20, 100, 110, 170])).toEqual([false, false, false, false, false]);
});

test('clients and what they ask for are apart, and few are remembered', () => {
  let time = 0;
  const polls = createPolls(() => time);
  for (let round = 0; round < 3; round += 1) {
    time += 1000;
    expect(polls.isOneMore('a', LIST)).toBe(round === 2);
    expect(polls.isOneMore('b', `${LIST}&round=${round}`)).toBe(false);
  }
  for (let each = 0; each < 1000; each += 1) {
    polls.isOneMore('c', String(each));
  }
  expect(polls.isOneMore('a', LIST)).toBe(false);
});
