import { expect, test } from 'vitest';
import { lineDiff, pieces } from './diff-lines';
import { editDraft, rebase, settle } from './draft';

const saved = { text: '{\n  "bip": "172.17.0.1/16",\n  "debug": false\n}\n', revision: '1' };
const typed = editDraft(undefined, saved, saved.text.replace('17.0', '30.0'), 'form');

test('a draft that says what is saved is none', () => {
  expect(settle(undefined, saved)).toEqual({ stale: false });
  expect(settle(typed, saved)).toEqual({ draft: typed, stale: false });
  expect(settle(typed, { text: typed.text, revision: '2' })).toEqual({ stale: false });
  expect(settle(editDraft(typed, saved, saved.text, 'form'), saved)).toEqual({ stale: false });
});

test('a new name for the same saved text is followed', () => {
  expect(settle(typed, { text: saved.text, revision: '7' })).toEqual({
    draft: { ...typed, base: { text: saved.text, revision: '7' } },
    stale: false,
  });
});

test('what another window changed and what is typed come together, key by key', () => {
  const theirs = { text: saved.text.replace('"debug": false', '"debug": true,\n  "mtu": 1400'), revision: '2' };
  expect(settle(typed, theirs)).toEqual({ draft: typed, stale: true });
  const result = rebase(typed, theirs);
  expect(result?.both).toEqual([]);
  expect(result?.draft).toMatchObject({ base: theirs, text: theirs.text.replace('17.0', '30.0') });
});

test('where both changed a key the typed value stays and the key is named', () => {
  const theirs = { text: saved.text.replace('17.0', '40.0'), revision: '2' };
  expect(rebase(typed, theirs)).toMatchObject({ both: ['bip'], draft: { text: typed.text } });
  expect(rebase({ ...typed, text: '{' }, theirs)).toBeUndefined();
});

test('a difference has the numbers of the text that a line belongs to', () => {
  expect(lineDiff('{\n"a": 1,\n"b": 2\n}', '{\n"a": 1,\n"b": 3,\n"c": 4\n}\n').map(({ kind, number, text }) => `${kind} ${number} ${text}`)).toEqual([
    'same 1 {',
    'same 2 "a": 1,',
    'gone 3 "b": 2',
    'new 3 "b": 3,',
    'new 4 "c": 4',
    'same 5 }',
  ]);
  expect(lineDiff('{}\r\n', '{}')).toHaveLength(1);
});

test('keys and values of a line, and what is none of both', () => {
  const line = '  { "base": "10.0.0.0/8", "size": 24 }, oops';
  expect(pieces(line).filter(({ kind }) => kind !== 'other').map(({ kind, text }) => `${kind} ${text}`)).toEqual([
    'key "base"',
    'value "10.0.0.0/8"',
    'key "size"',
    'value 24',
  ]);
  expect(pieces(line).map(({ text }) => text).join('')).toBe(line);
});
