// A tar of one file of bytes that nothing can make smaller: as an image it takes from a disk what it is said to.
import { randomBytes } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';
import type { Pack } from 'tar-stream';

const CHUNK = 2 ** 20;

export function randomTar(bytes: number): Pack {
  const tar = pack();
  pipeline(chunks(bytes), tar.entry({ name: 'big', size: bytes })).then(
    () => tar.finalize(),
    (error: unknown) => tar.destroy(error as Error),
  );
  return tar;
}

function* chunks(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= CHUNK) {
    yield randomBytes(Math.min(left, CHUNK));
  }
}
