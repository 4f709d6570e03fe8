import { expect, test } from 'vitest';
import { countsOf, imageRows, isIn, searchFor, sizesOf, splitReference } from './model';
import type { ImageSummary } from '../../../preload/contract';

function image(part: Partial<ImageSummary>): ImageSummary {
  return { id: 'sha256:abc', tags: [], digests: [], sizeBytes: 10, createdAt: 0, dangling: false, usedBy: [], ...part };
}

test('references are cut at the tag, not at a port', () => {
  expect(splitReference('localhost:5000/shop-api:2.8.0')).toEqual({ repository: 'localhost:5000/shop-api', tag: '2.8.0' });
  expect(splitReference('localhost:5000/shop-api')).toEqual({ repository: 'localhost:5000/shop-api', tag: '' });
});

test('one row for each tag, one for a dangling image, and the counts are of rows', () => {
  const rows = imageRows([
    image({ id: 'a', tags: ['nginx:1', 'nginx:latest'], usedBy: ['c'] }),
    image({ id: 'b', dangling: true, digests: ['repo/x@sha256:1'] }),
  ]);
  expect(rows.map((row) => `${row.repository} ${row.tag}`)).toEqual(['nginx 1', 'nginx latest', 'repo/x ']);
  const counts = countsOf(rows);
  expect(counts).toEqual({ all: 3, used: 2, unused: 1, dangling: 1 });
  expect(rows.filter((row) => isIn('dangling', row))).toHaveLength(1);
  expect(rows.filter(searchFor('latest'))).toHaveLength(1);
  expect(rows.filter(searchFor('nginx zz'))).toHaveLength(0);
});

test('sizes count an image once, however many tags it has', () => {
  expect(sizesOf([image({ tags: ['a:1', 'a:2'], usedBy: ['c'] }), image({ id: 'b' })])).toEqual({ total: 20, unused: 10 });
});
