// A data disk without a guest: a sparse file with as many blocks as the fake engine says it holds, and some that were deleted and not given back.
import { open } from 'node:fs/promises';
import type { Model } from './dockerd/model';

export interface FakeGuestDisk {
  /** The file, as it stands after a boot. */
  attach(path: string): Promise<void>;
  /** Undefined for what is no matter of the disk. */
  answer(op: string): Promise<unknown> | undefined;
}

const SIZE_BYTES = 64 * 2 ** 30;
/** The file system's own, and what an earlier removal left. */
const OVERHEAD_BYTES = 4 * 2 ** 20;
const DELETED_BYTES = 8 * 2 ** 20;

export function createFakeGuestDisk(model: () => Model): FakeGuestDisk {
  let file = '';

  function usedBytes(): number {
    const { images, volumes, buildCache, containers, writtenBytes } = model();
    const held = [
      ...[...images.values()].map(({ sizeBytes }) => sizeBytes),
      ...[...volumes.values()].map(({ bytes = 0 }) => bytes),
      ...buildCache.values(),
    ];
    return held.reduce((total, bytes) => total + bytes, OVERHEAD_BYTES + containers.size * writtenBytes);
  }

  async function hold(bytes: number): Promise<void> {
    const handle = await open(file, 'w');
    await handle.write(Buffer.alloc(bytes, 1));
    await handle.truncate(SIZE_BYTES);
    // Blocks are counted when they are allocated, not when they are written.
    await handle.sync();
    await handle.close();
  }

  return {
    async attach(path) {
      file = path;
      await hold(usedBytes() + DELETED_BYTES);
    },
    answer(op) {
      switch (op) {
        case 'disk':
          return Promise.resolve({ totalBytes: SIZE_BYTES, usedBytes: usedBytes(), freeBytes: SIZE_BYTES - usedBytes() });
        case 'sync':
          return Promise.resolve({});
        case 'trim':
          return hold(usedBytes());
        default:
          return undefined;
      }
    },
  };
}
