import { expect, test } from 'vitest';
import { contextUse } from './connect-lines';

test('somebody else’s context of that name is none of ours, whatever is selected', () => {
  expect(contextUse({ state: 'ours', selected: true })).toBe('selected');
  expect(contextUse({ state: 'ours', selected: false })).toBe('present');
  for (const state of ['foreign', 'elsewhere', 'missing'] as const) {
    expect(contextUse({ state, selected: true })).toBe('none');
  }
});
