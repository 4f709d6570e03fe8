// Copies of guest and bundle in the home, one folder a slot: a package replaces its own files at an upgrade, and what ran before must outlive that.
// A slot is whole or not there. Knows manifests and files; which pair is kept, and why, is slots.ts's.
import { constants } from 'node:fs';
import { copyFile, link, lstat, mkdir, open, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncFolder } from '../lib/atomic-file';
import type { Logger } from '../lib/logger';
import { freeDisk, MIN_FREE_DISK } from './limits';
import { readManifest } from './resources';
import type { Manifest, Resources } from './resources';

export type SlotName = 'a' | 'b';

export function slotFolder(folder: string, slot: SlotName): Resources {
  return { guest: join(folder, slot, 'guest'), bundle: join(folder, slot, 'bundle') };
}

/** The slot that is not taken, emptied. The record names no pair in it, so nothing that could be booted goes. */
export async function freeSlot(folder: string, taken: SlotName | undefined): Promise<SlotName> {
  const slot = taken === 'a' ? 'b' : 'a';
  await Promise.all([slot, `${slot}.part`].map((name) => rm(join(folder, name), { recursive: true, force: true })));
  return slot;
}

export interface KeepOptions {
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** False where there is no room for it, or it was given up. */
export async function keepPair(from: Resources, to: Resources, { log, signal }: KeepOptions): Promise<boolean> {
  const slot = dirname(to.guest);
  const part = `${slot}.part`;
  await mkdir(part, { recursive: true, mode: 0o700 });
  const parts = [
    { source: from.guest, name: 'guest', manifest: await readManifest(from.guest) },
    { source: from.bundle, name: 'bundle', manifest: await readManifest(from.bundle) },
  ];
  const bytes = parts.reduce((sum, { manifest }) => sum + sizeOf(manifest), 0);
  const copy = await copierFor(join(from.guest, 'manifest.json'), join(part, 'trial'));
  if (copy === 'bytes' && (await freeDisk(part)) < bytes + 5 * MIN_FREE_DISK) {
    log.warn('no room to keep guest and QEMU; an upgrade could not go back', { bytes });
    await rm(part, { recursive: true, force: true });
    return false;
  }
  for (const { source, name, manifest } of parts) {
    for (const file of [...Object.keys(manifest.files), 'manifest.json']) {
      if (signal.aborted) {
        return false;
      }
      const entry = manifest.files[file];
      const target = join(part, name, file);
      await mkdir(dirname(target), { recursive: true, mode: 0o700 });
      await (entry !== undefined && 'link' in entry ? symlink(entry.link, target) : copyOne(copy, join(source, file), target));
    }
  }
  await syncFolder(part);
  await rename(part, slot);
  await syncFolder(dirname(slot));
  return true;
}

function sizeOf({ files }: Manifest): number {
  return Object.values(files).reduce((sum, entry) => sum + ('size' in entry ? entry.size : 0), 0);
}

/** A clone shares its blocks and is a file of its own; a hard link costs nothing and is right for who replaces files and does not write into them. */
type Copier = 'clone' | 'link' | 'bytes';

async function copierFor(sample: string, target: string): Promise<Copier> {
  for (const how of ['clone', 'link'] as const) {
    try {
      await rm(target, { force: true });
      await copyOne(how, sample, target);
      await rm(target);
      return how;
    } catch {
      // Another file system, or one without it, or not our own file.
    }
  }
  return 'bytes';
}

async function copyOne(how: Copier, source: string, target: string): Promise<void> {
  if (how === 'link') {
    // A symlink to the file would be a link to the symlink.
    if (!(await lstat(source)).isFile()) {
      throw new Error(`${source} is no file`);
    }
    return link(source, target);
  }
  await copyFile(source, target, how === 'clone' ? constants.COPYFILE_FICLONE_FORCE : constants.COPYFILE_EXCL);
  const file = await open(target, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
