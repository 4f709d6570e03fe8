// The engine's state as values: from lists to states, from two states to a delta, from deltas to fewer deltas. Pure; knows no engine.
import type {
  ContainerSummary,
  Delta,
  EngineChange,
  EngineCounts,
  EngineDelta,
  EngineSnapshot,
  ImageSummary,
} from '../../preload/contract';

export interface EngineState {
  readonly connected: boolean;
  /** Milliseconds since the epoch of the last answer. */
  readonly at: number;
  readonly containers: ReadonlyMap<string, ContainerSummary>;
  readonly images: ReadonlyMap<string, ImageSummary>;
  readonly counts: EngineCounts;
}

export const emptyState: EngineState = {
  connected: false,
  at: 0,
  containers: new Map(),
  images: new Map(),
  counts: { volumes: 0, networks: 0 },
};

interface Identified {
  readonly id: string;
}

/** Values are normalised, so equal ones have their keys in the same order. */
function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** The items as listed; without `scope` nothing else is left, with it only those ids were asked for. Unchanged items keep their identity. */
export function replaceItems<T extends Identified>(
  before: ReadonlyMap<string, T>,
  listed: readonly T[],
  scope?: readonly string[],
): ReadonlyMap<string, T> {
  const after = scope === undefined ? new Map<string, T>() : new Map(before);
  for (const id of scope ?? []) {
    after.delete(id);
  }
  for (const item of listed) {
    const old = before.get(item.id);
    after.set(item.id, old !== undefined && same(old, item) ? old : item);
  }
  return after;
}

/** Who uses an image: by its id, else by its tag, because the containerd store gives a container the id of its platform's manifest. */
export function withUsers(
  images: ReadonlyMap<string, ImageSummary>,
  containers: ReadonlyMap<string, ContainerSummary>,
): ReadonlyMap<string, ImageSummary> {
  const byTag = new Map([...images.values()].flatMap((image) => image.tags.map((tag) => [tag, image.id] as const)));
  const users = new Map<string, string[]>();
  for (const container of containers.values()) {
    const name = container.image.includes(':') ? container.image : `${container.image}:latest`;
    const id = images.has(container.imageId) ? container.imageId : byTag.get(name);
    if (id !== undefined) {
      users.set(id, [...(users.get(id) ?? []), container.id]);
    }
  }
  let changed = false;
  const after = new Map<string, ImageSummary>();
  for (const image of images.values()) {
    const usedBy = (users.get(image.id) ?? []).sort();
    const equal = same(usedBy, image.usedBy);
    changed ||= !equal;
    after.set(image.id, equal ? image : { ...image, usedBy });
  }
  return changed ? after : images;
}

function itemsDelta<T extends Identified>(before: ReadonlyMap<string, T>, after: ReadonlyMap<string, T>): Delta<T> | undefined {
  if (before === after) {
    return undefined;
  }
  const upsert = [...after.values()].filter((item) => before.get(item.id) !== item && !same(before.get(item.id), item));
  const remove = [...before.keys()].filter((id) => !after.has(id));
  return upsert.length === 0 && remove.length === 0 ? undefined : { upsert, remove };
}

/** undefined where a reader would see no difference. */
export function diff(before: EngineState, after: EngineState): EngineDelta | undefined {
  const containers = itemsDelta(before.containers, after.containers);
  const images = itemsDelta(before.images, after.images);
  const counts = same(before.counts, after.counts) ? undefined : after.counts;
  if (containers === undefined && images === undefined && counts === undefined) {
    return undefined;
  }
  return { kind: 'delta', at: after.at, ...(containers && { containers }), ...(images && { images }), ...(counts && { counts }) };
}

export function snapshotOf(state: EngineState): EngineSnapshot {
  return {
    kind: 'snapshot',
    at: state.at,
    containers: [...state.containers.values()],
    images: [...state.images.values()],
    counts: state.counts,
  };
}

function applyItems<T extends Identified>(before: ReadonlyMap<string, T>, delta: Delta<T> | undefined): ReadonlyMap<string, T> {
  if (delta === undefined) {
    return before;
  }
  const after = new Map(before);
  delta.remove.forEach((id) => after.delete(id));
  delta.upsert.forEach((item) => after.set(item.id, item));
  return after;
}

/** What a reader of the changes makes of them. */
export function apply(state: EngineState, change: EngineChange): EngineState {
  switch (change.kind) {
    case 'snapshot':
      return { connected: true, at: change.at, counts: change.counts, containers: byId(change.containers), images: byId(change.images) };
    case 'delta':
      return {
        connected: true,
        at: change.at,
        counts: change.counts ?? state.counts,
        containers: applyItems(state.containers, change.containers),
        images: applyItems(state.images, change.images),
      };
    case 'away':
      return { ...state, connected: false };
  }
}

function byId<T extends Identified>(items: readonly T[]): ReadonlyMap<string, T> {
  return new Map(items.map((item) => [item.id, item]));
}

function mergeItems<T extends Identified>(a: Delta<T> | undefined, b: Delta<T> | undefined): Delta<T> | undefined {
  if (a === undefined || b === undefined) {
    return a ?? b;
  }
  const upsert = byId(a.upsert) as Map<string, T>;
  const remove = new Set(a.remove);
  for (const id of b.remove) {
    upsert.delete(id);
    remove.add(id);
  }
  for (const item of b.upsert) {
    upsert.set(item.id, item);
    remove.delete(item.id);
  }
  return { upsert: [...upsert.values()], remove: [...remove] };
}

/**
 * What a slow reader has not read yet, and one change more: at most a state and an `away` after it, so the memory it costs
 * is bounded by the state's size, and reading it leads to the same state.
 */
export function merge(pending: readonly EngineChange[], next: EngineChange): readonly EngineChange[] {
  const last = pending.at(-1);
  if (next.kind === 'snapshot' || last === undefined) {
    return [next];
  }
  if (next.kind === 'away') {
    return last.kind === 'away' ? pending : [...pending, next];
  }
  if (last.kind === 'delta') {
    const containers = mergeItems(last.containers, next.containers);
    const images = mergeItems(last.images, next.images);
    const counts = next.counts ?? last.counts;
    return [
      ...pending.slice(0, -1),
      { kind: 'delta', at: next.at, ...(containers && { containers }), ...(images && { images }), ...(counts && { counts }) },
    ];
  }
  if (last.kind === 'snapshot') {
    return [...pending.slice(0, -1), snapshotOf(apply(apply(emptyState, last), next))];
  }
  // A delta straight after an away cannot come from `watch`, which sends a snapshot first; it would mean that the engine is back.
  return merge(pending.slice(0, -1), next);
}
