import { expect, test } from 'vitest';
import { failed, judge } from './idleness';
import type { Facts, Idleness } from './idleness';

const MINUTE = 60_000;
const unused: Facts = {
  now: 1000,
  minutes: 15,
  despiteContainers: false,
  canSuspend: true,
  state: 'running',
  runningContainers: 0,
  open: 0,
  lastUse: undefined,
};

/** Each set of facts a step after the one before; the last one's due moment. */
function due(...facts: readonly Partial<Facts>[]): number | undefined {
  let idleness: Idleness = {};
  let at: number | undefined;
  for (const part of facts) {
    ({ idleness, due: at } = judge(idleness, { ...unused, ...part }));
  }
  return at;
}

test.each<[string, readonly Partial<Facts>[], number | undefined]>([
  ['a VM that nobody used: from when it was first seen running', [{}, { now: 5000 }], 1000 + 15 * MINUTE],
  ['the setting’s minutes', [{ minutes: 5 }], 1000 + 5 * MINUTE],
  ['a setting that changes counts from the same moment', [{ minutes: 60 }, { now: 9000, minutes: 5 }], 1000 + 5 * MINUTE],
  ['never, by the setting', [{ minutes: 0 }], undefined],
  ['never, where the driver cannot suspend', [{ canSuspend: false }], undefined],
  ['from the last use', [{}, { now: 9000, lastUse: 8000 }], 8000 + 15 * MINUTE],
  ['not while something is open', [{ open: 1, lastUse: 500 }], undefined],
  [
    'what was open ended: from its end',
    [
      { open: 1, lastUse: 500 },
      { now: 7000, lastUse: 7000 },
    ],
    7000 + 15 * MINUTE,
  ],
  ['what ends without a word of its own: from when that was seen', [{ open: 1 }, { now: 7000 }], 7000 + 15 * MINUTE],
  ['not while a container runs', [{ runningContainers: 1 }], undefined],
  ['the last container ended: from then', [{ runningContainers: 1 }, { now: 7000 }], 7000 + 15 * MINUTE],
  ['despite containers, where the user says so', [{ runningContainers: 3, despiteContainers: true }], 1000 + 15 * MINUTE],
  ['open requests keep it in spite of that', [{ open: 1, runningContainers: 3, despiteContainers: true }], undefined],
  ['not while it starts', [{ state: 'starting' }], undefined],
  ['not while it is suspended', [{ state: 'suspended' }], undefined],
  ['a start begins anew', [{}, { now: 9000, state: 'suspended' }, { now: 9500, state: 'resuming' }, { now: 10_000 }], 10_000 + 15 * MINUTE],
])('%s', (_, facts, expected) => {
  expect(due(...facts)).toBe(expected);
});

test('a suspend that failed is not tried again before the next use, or the next start', () => {
  const facts = { ...unused, now: 16 * MINUTE, lastUse: 1000 };
  const after = failed(judge({ since: 1000 }, facts).idleness, facts);
  expect(judge(after, { ...facts, now: 60 * MINUTE }).due).toBeUndefined();
  expect(judge(after, { ...facts, now: 61 * MINUTE, lastUse: 60 * MINUTE }).due).toBe(75 * MINUTE);
  const off = judge(after, { ...facts, state: 'suspended' });
  expect(judge(off.idleness, { ...facts, now: 70 * MINUTE }).due).toBe(85 * MINUTE);
});
