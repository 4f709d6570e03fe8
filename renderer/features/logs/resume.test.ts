import { expect, test } from 'vitest';
import { createResume } from './resume';

const at = (second: number, text: string) => ['o', `2026-11-21T05:00:0${String(second)}.000000000Z`, text] as const;
const batch = (...lines: ReturnType<typeof at>[]) => ({ lines, dropped: 0 });
const texts = (result: ReturnType<typeof batch>) => result.lines.map(([, , text]) => text);

test('goes on without a gap and without a line twice', () => {
  const resume = createResume();
  expect(resume.since()).toBeUndefined();
  resume.take(batch(at(1, 'a'), at(2, 'b'), at(2, 'c')));
  expect(resume.since()).toBe(Date.parse('2026-11-21T05:00:02Z') / 1000);
  resume.again();
  // The same second again: b and c were seen, d was not, although its time is theirs.
  expect(texts(resume.take(batch(at(2, 'b'), at(2, 'c'), at(2, 'd'), at(3, 'e'))) as ReturnType<typeof batch>)).toEqual(['d', 'e']);
});

test('lines of one moment in two batches are all kept', () => {
  const resume = createResume();
  expect(resume.take(batch(at(1, 'a'))).lines).toHaveLength(1);
  expect(resume.take(batch(at(1, 'b'))).lines).toHaveLength(1);
});
