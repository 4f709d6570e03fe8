import { expect, test } from 'vitest';
import type { ContainerSummary, EngineSnapshot } from '../../../preload/contract';
import { containerSummary } from '../../../test/fakes/container-summary';
import { applyEngineChange, initialEngine } from './engine';

const container = (id: string, name = id): ContainerSummary => containerSummary({ id, name });
const snapshot: EngineSnapshot = {
  kind: 'snapshot',
  at: 1,
  containers: [container('a'), container('b')],
  images: [],
  counts: { volumes: 1, networks: 3 },
};
const ready = applyEngineChange(initialEngine, snapshot);

test('a changed container is one new object; its neighbours and the list of ids stay the same', () => {
  const next = applyEngineChange(ready, { kind: 'delta', at: 2, containers: { upsert: [container('b', 'renamed')], remove: [] } });
  expect(next.containers['b']?.name).toBe('renamed');
  expect(next.containers['a']).toBe(ready.containers['a']);
  expect(next.containerIds).toBe(ready.containerIds);
  expect(next.images).toBe(ready.images);
  expect(next.counts).toEqual({ volumes: 1, networks: 3 });
});

test('coming and going changes the list of ids, in order, once', () => {
  const next = applyEngineChange(ready, { kind: 'delta', at: 2, containers: { upsert: [container('c')], remove: ['a', 'unknown'] } });
  expect(next.containerIds).toEqual(['b', 'c']);
  expect(next.containers).not.toHaveProperty('a');
});

test('what is removed and comes again in one delta is there once', () => {
  const next = applyEngineChange(ready, { kind: 'delta', at: 2, containers: { upsert: [container('a', 'again')], remove: ['a'] } });
  expect(next.containerIds).toEqual(['a', 'b']);
  expect(next.containers['a']?.name).toBe('again');
});

test('an engine that is away keeps the last content with its time; a snapshot replaces all of it', () => {
  const away = applyEngineChange(ready, { kind: 'away', at: 9 });
  expect(away).toMatchObject({ status: 'away', at: 1, containerIds: ['a', 'b'] });
  expect(applyEngineChange(away, { ...snapshot, at: 10, containers: [] })).toMatchObject({
    status: 'ready',
    at: 10,
    containerIds: [],
    known: true,
  });
});

test('a kind of change that this window does not know changes nothing', () => {
  expect(applyEngineChange(ready, { kind: 'later' } as never)).toBe(ready);
});
