import fc from 'fast-check';
import { expect, test } from 'vitest';
import { foldLines, jsonLines, lineText } from './json-lines';

const join = (lines: ReturnType<typeof jsonLines>) => lines.map((line) => '  '.repeat(line.depth) + lineText(line)).join('\n');

test('the lines are the JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(join(jsonLines(value))).toBe(JSON.stringify(value, null, 2));
    }),
  );
});

test('a folded object is one line and loses nothing around it', () => {
  const lines = jsonLines({ a: { b: [1, 2], c: {} }, d: 'x' });
  expect(join(foldLines(lines, new Set(['/a'])))).toBe('{\n  "a": { … },\n  "d": "x"\n}');
  expect(join(foldLines(lines, new Set(['/a/b'])))).toContain('"b": [ … ],');
  expect(foldLines(lines, new Set())).toEqual(lines);
});
