// What the engine has, by id, so that one changed container renders one row. Pure: a change in, a slice out.
import type { ContainerSummary, Delta, EngineChange, EngineCounts, ImageSummary } from '../../../preload/contract';

export interface EngineSlice {
  /** `loading` until the first item; `away` keeps the last content with its time. */
  readonly status: 'loading' | 'ready' | 'away';
  /** When the content was true, milliseconds since the epoch. */
  readonly at: number;
  /** False until a snapshot arrived in this window. */
  readonly known: boolean;
  readonly containers: Readonly<Record<string, ContainerSummary>>;
  /** Changes identity only when a container comes or goes. */
  readonly containerIds: readonly string[];
  readonly images: Readonly<Record<string, ImageSummary>>;
  readonly imageIds: readonly string[];
  readonly counts: EngineCounts;
}

export const initialEngine: EngineSlice = {
  status: 'loading',
  at: 0,
  known: false,
  containers: {},
  containerIds: [],
  images: {},
  imageIds: [],
  counts: { volumes: 0, networks: 0 },
};

export function applyEngineChange(slice: EngineSlice, change: EngineChange): EngineSlice {
  switch (change.kind) {
    case 'snapshot':
      return {
        status: 'ready',
        at: change.at,
        known: true,
        containers: byId(change.containers),
        containerIds: change.containers.map((c) => c.id),
        images: byId(change.images),
        imageIds: change.images.map((i) => i.id),
        counts: change.counts,
      };
    case 'delta': {
      const [containers, containerIds] = applyDelta(slice.containers, slice.containerIds, change.containers);
      const [images, imageIds] = applyDelta(slice.images, slice.imageIds, change.images);
      return {
        ...slice,
        status: 'ready',
        at: change.at,
        containers,
        containerIds,
        images,
        imageIds,
        counts: change.counts ?? slice.counts,
      };
    }
    case 'away':
      return { ...slice, status: 'away', at: slice.known ? slice.at : change.at };
    default:
      // A newer backend may say more than this window knows.
      return slice;
  }
}

type ById<T> = Readonly<Record<string, T>>;

function byId<T extends { readonly id: string }>(items: readonly T[]): ById<T> {
  return Object.fromEntries(items.map((item) => [item.id, item]));
}

function applyDelta<T extends { readonly id: string }>(
  items: ById<T>,
  ids: readonly string[],
  delta: Delta<T> | undefined,
): [ById<T>, readonly string[]] {
  if (delta === undefined) {
    return [items, ids];
  }
  const upserted = byId(delta.upsert);
  const removed = new Set(delta.remove.filter((id) => id in items && !(id in upserted)));
  const added = delta.upsert.map(({ id }) => id).filter((id) => !(id in items));
  const kept = removed.size === 0 ? items : Object.fromEntries(Object.entries(items).filter(([id]) => !removed.has(id)));
  const sameMembers = added.length === 0 && removed.size === 0;
  return [{ ...kept, ...upserted }, sameMembers ? ids : [...ids.filter((id) => !removed.has(id)), ...added]];
}
