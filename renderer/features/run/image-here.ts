// Whether an image reference as typed is on this engine already: docker's short names mean docker.io/library and :latest.
import type { ImageSummary } from '../../../preload/contract';

export function fullReference(reference: string): string {
  let name = reference
    .trim()
    .replace(/^(?:docker\.io|index\.docker\.io)\//, '')
    .replace(/^library\//, '');
  if (!name.includes('@') && name.lastIndexOf(':') <= name.lastIndexOf('/')) {
    name += ':latest';
  }
  return name;
}

export function findImage(reference: string, images: Iterable<ImageSummary>): ImageSummary | undefined {
  const text = reference.trim();
  const wanted = fullReference(text);
  const id = text.replace(/^sha256:/, '');
  const isId = /^[0-9a-f]{12,64}$/.test(id);
  for (const image of images) {
    const matchesId = isId && image.id.replace(/^sha256:/, '').startsWith(id);
    if (
      matchesId ||
      image.tags.some((tag) => fullReference(tag) === wanted) ||
      image.digests.some((digest) => fullReference(digest) === wanted)
    ) {
      return image;
    }
  }
  return undefined;
}
