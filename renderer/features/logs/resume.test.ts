import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LogBatch } from '../../../preload/contract';
import { createResume } from './resume';

type Line = LogBatch['lines'][number];

const FIRST = Date.parse('2026-11-21T05:00:00Z');
const at = (second: number, text: string): Line => ['o', new Date(FIRST + second * 1000).toISOString().replace('Z', '000000Z'), text];
const batch = (...lines: Line[]): LogBatch => ({ lines, dropped: 0 });
const texts = ({ lines }: LogBatch) => lines.map(([, , text]) => text);
/** What dockerd sends when it is asked again: everything since then, in the order in which it was written. */
const since = (lines: readonly Line[], seconds = 0): Line[] => lines.filter(([, time]) => Date.parse(time) >= seconds * 1000);

test('goes on without a gap and without a line twice', () => {
  const resume = createResume();
  expect(resume.since()).toBeUndefined();
  resume.take(batch(at(1, 'a'), at(2, 'b'), at(2, 'c')));
  expect(resume.since()).toBe(FIRST / 1000 + 1);
  resume.again();
  // The same second again: b and c were seen, d was not, although its time is theirs.
  expect(texts(resume.take(batch(at(1, 'a'), at(2, 'b'), at(2, 'c'), at(2, 'd'), at(3, 'e'))))).toEqual(['d', 'e']);
});

test('while a stream follows, every line is kept: of one moment, and of an earlier one', () => {
  const resume = createResume();
  const came = [at(1, 'a'), at(1, 'b'), at(3, 'out'), at(2.9, 'err'), at(3, 'c')];
  expect(came.flatMap((line) => texts(resume.take(batch(line))))).toEqual(['a', 'b', 'out', 'err', 'c']);
});

test('after a new stream began, lines that are late are kept, and those that were seen are not', () => {
  const resume = createResume();
  resume.take(batch(at(1, 'a'), at(3, 'out'), at(2.9, 'err')));
  resume.again();
  expect(texts(resume.take(batch(at(3, 'out'))))).toEqual([]);
  expect(texts(resume.take(batch(at(2.9, 'err'), at(2.8, 'late'))))).toEqual(['late']);
  expect(texts(resume.take(batch(at(4, 'next'), at(3.9, 'later'))))).toEqual(['next', 'later']);
});

test('a line that a new stream does not repeat is not waited for', () => {
  const resume = createResume();
  resume.take(batch(at(5, 'a'), at(1, 'clock set back'), at(4.9, 'b')));
  resume.again();
  expect(texts(resume.take(batch(at(5, 'a'), at(4.9, 'b'), at(4.8, 'late'))))).toEqual(['late']);
});

test('where what was seen last is gone from the log, the first line after it is new', () => {
  const resume = createResume();
  resume.take(batch(at(1, 'a'), at(2, 'b')));
  resume.again();
  expect(texts(resume.take(batch(at(3, 'c'), at(2.9, 'd'))))).toEqual(['c', 'd']);
});

test('wherever it is cut, and however often, the log is whole', () => {
  // Steps forwards and back, as two streams make them; a step of 0 is the same stamp twice.
  const steps = fc.array(fc.integer({ min: -400, max: 700 }), { minLength: 1, maxLength: 40 });
  const cuts = fc.array(fc.nat({ max: 40 }), { maxLength: 4 });
  fc.assert(
    fc.property(steps, cuts, (jitter, places) => {
      const log = jitter.map((step, index) => at(index * 0.1 + step / 1000, String(index)));
      const resume = createResume();
      const seen: string[] = [];
      for (const place of [...places.sort((a, b) => a - b), log.length]) {
        resume.again();
        // One line at a time and in a batch alike.
        const repeated = since(log.slice(0, place), resume.since());
        seen.push(...texts(resume.take(batch(...repeated.slice(0, 2)))), ...texts(resume.take(batch(...repeated.slice(2)))));
      }
      expect(seen).toEqual(texts(batch(...log)));
    }),
  );
});
