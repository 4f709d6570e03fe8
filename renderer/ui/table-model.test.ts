import { describe, expect, test } from 'vitest';
import { arrange, extend, present, step, toggle } from './table-model';

const rows = ['b1', 'a1', 'b2', 'a2', 'x'];
const base = { rows, rowId: (row: string) => row, collapsed: new Set<string>(), noticed: () => false };
const keys = (items: readonly { readonly key: string }[]) => items.map((item) => item.key);

describe('arrange', () => {
  test('without groups: the rows as they come, notices under theirs', () => {
    expect(keys(arrange({ ...base, noticed: (id) => id === 'a1' }))).toEqual(['b1', 'a1', 'notice:a1', 'b2', 'a2', 'x']);
  });
  test('groups are ordered, rows keep their order inside, collapsed ones hide theirs', () => {
    const items = arrange({
      ...base,
      groupOf: (row) => row.charAt(0),
      compareGroups: (a, b) => a.localeCompare(b),
      collapsed: new Set(['b']),
    });
    expect(keys(items)).toEqual(['group:a', 'a1', 'a2', 'group:b', 'group:x', 'x']);
  });
});

describe('focus and selection', () => {
  const items = arrange({ ...base, noticed: (id) => id === 'a1' || id === 'x' });
  test('steps over notices and stays inside', () => {
    expect(step(items, 1, 1)).toBe(3);
    expect(step(items, 3, -1)).toBe(1);
    expect(step(items, 0, -1)).toBe(0);
    expect(step(items, 5, 1)).toBe(5);
    expect(step(items, 0, 1000)).toBe(5);
  });
  test('shift extends over rows only', () => {
    expect([...extend(new Set(['x']), items, 3, 1)].sort()).toEqual(['a1', 'b2', 'x']);
  });
  test('toggling a group selects all, then none', () => {
    const all = toggle(new Set(['a1']), ['a1', 'a2']);
    expect([...all]).toEqual(['a1', 'a2']);
    expect([...toggle(all, ['a1', 'a2'])]).toEqual([]);
  });
  test('what is gone is not selected', () => {
    expect(present(new Set(['a', 'b']), ['b', 'c'])).toEqual(['b']);
  });
});
