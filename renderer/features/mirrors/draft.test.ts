import { describe, expect, test } from 'vitest';
import { switchedOff } from '../../state/slices/mirrors';
import { addAll, adopt, changesOf, inConflict, itemsOf, move, newKey, order, patch, rebase, sameList, settle, wanted } from './draft';

const [a, b, c] = ['https://a.example', 'https://b.example', 'https://c.example'] as const;
const base = itemsOf([a, b, c].map((url) => ({ url, name: url.slice(8, 9), note: '', enabled: url !== c })));
const urls = (items: typeof base): readonly string[] => items.map(({ url }) => url);

describe('moves', () => {
  test('to a place, past both ends, and to where it is', () => {
    expect(urls(move(base, c, 0))).toEqual([c, a, b]);
    expect(urls(move(base, a, 1))).toEqual([b, a, c]);
    expect(urls(move(base, a, 99))).toEqual([b, c, a]);
    expect(urls(move(base, b, -5))).toEqual([b, a, c]);
    expect(move(base, b, 1)).toBe(base);
    expect(move(base, 'nobody', 1)).toBe(base);
  });
});

describe('changes', () => {
  const of = (items: typeof base) => changesOf(base, items);

  test('none', () => {
    expect(of(base).total).toBe(0);
    expect(sameList(base, itemsOf(base))).toBe(true);
  });

  test('order is one change, however far it goes', () => {
    expect(of(move(base, c, 0))).toMatchObject({ order: true, total: 1 });
  });

  test('a removal or an addition in the middle is no change of order', () => {
    expect(of(base.filter(({ url }) => url !== b))).toMatchObject({ order: false, removed: 1, total: 1 });
    expect(of(move(addAll(base, [{ url: 'https://d.example', name: '', note: '', enabled: true }]), 'https://d.example', 0))).toMatchObject(
      {
        order: false,
        added: 1,
        total: 1,
      },
    );
  });

  test('an edited address stays the same mirror; a switch is told apart', () => {
    const edited = patch(base, a, { url: 'https://other.example' });
    expect(of(edited)).toMatchObject({ edited: 1, added: 0, removed: 0, total: 1 });
    expect(of(patch(edited, c, { enabled: true }))).toMatchObject({ edited: 1, switched: 1, total: 2 });
    expect(of(patch(patch(base, c, { enabled: true }), c, { enabled: false })).total).toBe(0);
  });

  test('an address that an edited entry came from can be added again', () => {
    const edited = patch(base, a, { url: 'https://other.example' });
    const again = addAll(edited, [{ url: a, name: '', note: '', enabled: true }]);
    expect(new Set(again.map(({ key }) => key)).size).toBe(4);
    expect(newKey(again, a)).not.toBe(a);
  });
});

test('adding leaves out what is there', () => {
  const added = addAll(base, [
    { url: b, name: 'twice', note: '', enabled: true },
    { url: 'https://d.example', name: '', note: '', enabled: true },
    { url: 'https://d.example', name: '', note: '', enabled: true },
  ]);
  expect(urls(added)).toEqual([a, b, c, 'https://d.example']);
  expect(added[1]?.name).toBe('b');
});

test('an order puts the named first and loses nobody', () => {
  expect(urls(order(base, [c, a, 'https://unknown.example']))).toEqual([c, a, b]);
});

test('a list is taken over: its order, others kept and off', () => {
  const taken = adopt(base, [{ url: c }, { url: 'https://hand.example', name: 'hand' }]);
  expect(urls(taken)).toEqual([c, 'https://hand.example', a, b]);
  expect(wanted(taken)).toEqual([c, 'https://hand.example']);
});

describe('after an apply', () => {
  const draft = { revision: '1', base, items: move(base, c, 0) };

  test('what was sent is no draft any more', () => {
    expect(settle(draft, draft.items)).toBeUndefined();
    expect(settle(undefined, draft.items)).toBeUndefined();
  });

  test('what was edited meanwhile goes on from what was sent, and is no conflict with it', () => {
    const left = settle({ ...draft, items: patch(draft.items, a, { enabled: false }) }, draft.items);
    expect(changesOf(left?.base ?? [], left?.items ?? [])).toMatchObject({ switched: 1, total: 1 });
    expect(inConflict(left, itemsOf(draft.items), '2')).toBe(false);
  });

  test('a mirror that the way out of a notice switched off is off in both lists', () => {
    const left = switchedOff(draft, a);
    const saved = patch(base, a, { enabled: false });
    expect(inConflict(left, saved, '2')).toBe(false);
    expect(changesOf(left.base, left.items)).toMatchObject({ order: true, total: 1 });
  });
});

describe('two windows', () => {
  const draft = { revision: '1', base, items: move(base, c, 0) };

  test('a new revision of the same list, or of what the draft asks for, is no conflict', () => {
    expect(inConflict(draft, base, '2')).toBe(false);
    expect(inConflict(draft, itemsOf(draft.items), '2')).toBe(false);
    expect(inConflict(undefined, base, '2')).toBe(false);
  });

  test('another list is one; over it the draft says what it would take away', () => {
    const theirs = addAll(base, [{ url: 'https://d.example', name: '', note: '', enabled: true }]);
    expect(inConflict(draft, theirs, '2')).toBe(true);
    const over = rebase(draft, theirs, '2');
    expect(inConflict(over, theirs, '2')).toBe(false);
    expect(changesOf(over.base, over.items)).toMatchObject({ removed: 1, order: true, total: 2 });
  });

  test('what both added is one mirror', () => {
    const added = { url: 'https://d.example', name: '', note: '', enabled: true };
    const mine = { ...draft, items: addAll(base, [added]) };
    const over = rebase(mine, addAll(base, [added]), '2');
    expect(changesOf(over.base, over.items).total).toBe(0);
  });
});
