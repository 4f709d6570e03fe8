import { expect, test } from 'vitest';
import { lineDiff, pieces } from './diff-lines';
import { editDraft, isStale, settle } from '../../../state/slices/config';
import type { ConfigDraft } from '../../../state/slices/config';
import { rebase } from './rebase';

const saved = { text: '{\n  "bip": "172.17.0.1/16",\n  "debug": false\n}\n', revision: '1' };
const typed: ConfigDraft = { base: saved, text: saved.text.replace('17.0', '30.0'), origin: 'form' };

test('a draft that says what is saved is none', () => {
  expect(editDraft(undefined, saved, typed.text, 'form')).toEqual(typed);
  expect(settle(typed, saved)).toEqual(typed);
  expect(settle(typed, { text: typed.text, revision: '2' })).toBeUndefined();
  expect(editDraft(typed, saved, saved.text, 'form')).toBeUndefined();
});

test('a new name for the same saved text is followed', () => {
  expect(settle(typed, { text: saved.text, revision: '7' })).toEqual({ ...typed, base: { text: saved.text, revision: '7' } });
});

test('what another window changed and what is typed come together, key by key', () => {
  const theirs = { text: saved.text.replace('"debug": false', '"debug": true,\n  "mtu": 1400'), revision: '2' };
  expect(isStale(settle(typed, theirs), theirs)).toBe(true);
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
  expect(
    lineDiff('{\n"a": 1,\n"b": 2\n}', '{\n"a": 1,\n"b": 3,\n"c": 4\n}\n').map(({ kind, number, text }) => `${kind} ${number} ${text}`),
  ).toEqual(['same 1 {', 'same 2 "a": 1,', 'gone 3 "b": 2', 'new 3 "b": 3,', 'new 4 "c": 4', 'same 5 }']);
  expect(lineDiff('{}\r\n', '{}')).toHaveLength(1);
});

test('keys and values of a line, and what is none of both', () => {
  const line = '  { "base": "10.0.0.0/8", "size": 24 }, oops';
  expect(
    pieces(line)
      .filter(({ kind }) => kind !== 'other')
      .map(({ kind, text }) => `${kind} ${text}`),
  ).toEqual(['key "base"', 'value "10.0.0.0/8"', 'key "size"', 'value 24']);
  expect(
    pieces(line)
      .map(({ text }) => text)
      .join(''),
  ).toBe(line);
});
