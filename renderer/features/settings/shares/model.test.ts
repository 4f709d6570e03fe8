import { expect, test } from 'vitest';
import { isFull, nameOf, parentOf, troubleOf } from './model';

test('a folder’s name and its parent', () => {
  expect(['/home/me', '/home/me/', '/', '/项目'].map(nameOf)).toEqual(['me', 'me', '/', '项目']);
  expect(['/home/me/a.txt', '/home/me/', '/srv', '/'].map(parentOf)).toEqual(['/home/me', '/home', '/', '/']);
});

test('open files are told before they run out', () => {
  expect([79, 80, 100].map((open) => isFull({ open, limit: 100 }))).toEqual([false, true, true]);
});

test('what the backend says goes before what the state asks for', () => {
  const share = { path: '/srv', readOnly: false, usedBy: [] } as const;
  const error = { code: 'shares.serverDied', params: { path: '/srv', detail: '' } } as const;
  expect(troubleOf({ ...share, state: 'missing', error })).toBe(error);
  expect(troubleOf({ ...share, state: 'missing' })?.code).toBe('shares.missing');
  expect(troubleOf({ ...share, state: 'restart' })?.code).toBe('shares.noSlot');
  expect(troubleOf({ ...share, state: 'mounted' })).toBeUndefined();
});
