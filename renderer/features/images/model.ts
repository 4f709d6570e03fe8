// Images as rows: one for each tag, as `docker images` shows them; filters, counts, search. Pure.
import type { ContainerSummary, ImageSummary } from '../../../preload/contract';

export interface ImageRow {
  /** Tag or image id: what a removal names, so that one tag of several goes alone. */
  readonly id: string;
  readonly image: ImageSummary;
  /** Empty where dangling. */
  readonly repository: string;
  readonly tag: string;
}

export type Filter = 'all' | 'used' | 'unused' | 'dangling';
export const filters: readonly Filter[] = ['all', 'used', 'unused', 'dangling'];

/** The last colon after the last slash; before it may be a registry's port. */
export function splitReference(reference: string): { readonly repository: string; readonly tag: string } {
  const at = reference.lastIndexOf(':');
  return at > reference.lastIndexOf('/')
    ? { repository: reference.slice(0, at), tag: reference.slice(at + 1) }
    : { repository: reference, tag: '' };
}

export function imageRows(images: readonly ImageSummary[]): readonly ImageRow[] {
  return images.flatMap((image): readonly ImageRow[] =>
    image.tags.length === 0
      ? [
          {
            id: image.id,
            image,
            ...(image.digests[0] === undefined
              ? { repository: '', tag: '' }
              : { repository: image.digests[0].split('@')[0] ?? '', tag: '' }),
          },
        ]
      : image.tags.map((reference) => ({ id: reference, image, ...splitReference(reference) })),
  );
}

export function shortId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12);
}

export function isIn(filter: Filter, { image }: ImageRow): boolean {
  switch (filter) {
    case 'used':
      return image.usedBy.length > 0;
    case 'unused':
      return image.usedBy.length === 0;
    case 'dangling':
      return image.dangling;
    default:
      return true;
  }
}

export function countsOf(rows: readonly ImageRow[]): Readonly<Record<Filter, number>> {
  const count = (filter: Filter): number => rows.reduce((sum, row) => sum + (isIn(filter, row) ? 1 : 0), 0);
  return { all: rows.length, used: count('used'), unused: count('unused'), dangling: count('dangling') };
}

export interface Sizes {
  readonly total: number;
  readonly unused: number;
}

/** Layers that images share are counted in each: an upper bound, and the only figure a list gives. */
export function sizesOf(images: readonly ImageSummary[]): Sizes {
  return images.reduce(
    (sum, image) => ({ total: sum.total + image.sizeBytes, unused: sum.unused + (image.usedBy.length === 0 ? image.sizeBytes : 0) }),
    {
      total: 0,
      unused: 0,
    },
  );
}

export function searchFor(query: string): (row: ImageRow) => boolean {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return ({ id, image, repository }) =>
    words.every(
      (word) =>
        id.toLowerCase().includes(word) ||
        repository.toLowerCase().includes(word) ||
        image.id.includes(word) ||
        image.digests.some((digest) => digest.includes(word)),
    );
}

/** Why a removal needs force: containers stand on it, or other tags would go with it. */
export function usersOf(row: ImageRow, containers: Readonly<Record<string, ContainerSummary>>): readonly ContainerSummary[] {
  return row.image.usedBy.flatMap((id) => containers[id] ?? []);
}
