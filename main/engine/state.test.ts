import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ContainerSummary, EngineChange, ImageSummary } from '../../preload/contract';
import { apply, diff, emptyState, merge, replaceItems, snapshotOf, withUsers } from './state';
import type { EngineState } from './state';

function container(id: string, status: string, imageId = 'i1'): ContainerSummary {
  return {
    id,
    name: id,
    image: 'a:1',
    imageId,
    command: '',
    state: 'running',
    status,
    health: 'none',
    createdAt: 1,
    ports: [],
    labels: {},
  };
}

function image(id: string, tags: readonly string[] = []): ImageSummary {
  return { id, tags, digests: [], sizeBytes: 1, createdAt: 1, dangling: tags.length === 0, usedBy: [] };
}

/** What a reader shows; the order of rows is the reader's own. */
function shown(state: EngineState): unknown {
  const sorted = (items: Iterable<{ readonly id: string }>): unknown[] => [...items].sort((a, b) => (a.id < b.id ? -1 : 1));
  return {
    connected: state.connected,
    containers: sorted(state.containers.values()),
    images: sorted(state.images.values()),
    counts: state.counts,
  };
}

const anyState = fc
  .record({
    containers: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('Up', 'Exited')),
    images: fc.uniqueArray(fc.constantFrom('i1', 'i2', 'i3')),
    volumes: fc.nat(3),
  })
  .map(({ containers, images, volumes }): EngineState => {
    const rows = new Map(Object.entries(containers).map(([id, status]) => [id, container(id, status)]));
    return {
      connected: true,
      at: 1,
      containers: rows,
      images: withUsers(new Map(images.map((id) => [id, image(id)])), rows),
      counts: { volumes, networks: 0 },
    };
  });

describe('the engine state', () => {
  test('a delta leads from any state to any other', () => {
    fc.assert(
      fc.property(anyState, anyState, (before, after) => {
        const delta = diff(before, after);
        expect(shown(delta === undefined ? before : apply(before, delta))).toEqual(shown(after));
      }),
    );
  });

  test('no difference is no delta', () => {
    fc.assert(fc.property(anyState, (state) => diff(state, { ...state, containers: new Map(state.containers), at: 2 }) === undefined));
  });

  test('a reader of any slowness ends in the same state and never has more than two changes before it', () => {
    const step = fc.record({ next: anyState, away: fc.boolean(), reads: fc.nat(2) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let truth = emptyState;
        let mirror = emptyState;
        let pending: readonly EngineChange[] = [];
        const publish = (change: EngineChange): void => {
          pending = merge(pending, change);
          expect(pending.length).toBeLessThanOrEqual(2);
          for (const each of pending) {
            const ids =
              each.kind === 'delta' ? [...(each.containers?.upsert.map(({ id }) => id) ?? []), ...(each.containers?.remove ?? [])] : [];
            expect(new Set(ids).size).toBe(ids.length);
          }
        };
        const read = (): void => {
          const [first, ...rest] = pending;
          pending = rest;
          mirror = first === undefined ? mirror : apply(mirror, first);
        };
        for (const { next, away, reads } of steps) {
          const change = truth.connected ? diff(truth, next) : snapshotOf(next);
          if (change !== undefined) {
            publish(change);
          }
          truth = next;
          if (away) {
            truth = { ...truth, connected: false };
            publish({ kind: 'away', at: 1 });
          }
          for (let count = 0; count < reads; count++) {
            read();
          }
        }
        read();
        read();
        expect(shown(mirror)).toEqual(shown(truth));
      }),
    );
  });

  test('rows that were asked for and not found are gone, the others stay', () => {
    const before = new Map([
      ['a', container('a', 'Up')],
      ['b', container('b', 'Up')],
    ]);
    expect([...replaceItems(before, [], ['a']).keys()]).toEqual(['b']);
    expect([...replaceItems(before, [container('a', 'Up')]).keys()]).toEqual(['a']);
    expect(replaceItems(before, [container('a', 'Up')], ['a']).get('a')).toBe(before.get('a'));
  });

  test('an image is used by its id, else by its tag', () => {
    const images = new Map([
      ['i1', image('i1', ['a:1'])],
      ['i2', image('i2', ['b:1'])],
    ]);
    const rows = new Map([
      ['x', container('x', 'Up', 'i2')],
      ['y', container('y', 'Up', 'sha256:manifest')],
    ]);
    const used = withUsers(images, rows);
    expect(used.get('i2')?.usedBy).toEqual(['x']);
    expect(used.get('i1')?.usedBy).toEqual(['y']);
    expect(withUsers(used, rows)).toBe(used);
  });
});
