// An open folder, read in portions: a folder of a million files costs no more memory than one of a hundred.
import { lstat, opendir } from 'node:fs/promises';
import type { Dir } from 'node:fs';
import { attrsOf } from './attrs';
import { bytesOf } from './beneath';
import type { Beneath } from './beneath';
import { despiteMode } from './despite-mode';
import type { Owners } from './owners';
import type { Attrs } from './wire';

export interface Entry {
  readonly name: string;
  readonly attrs: Attrs;
}

export interface Listing {
  /** Undefined at the end. */
  next(): Promise<readonly Entry[] | undefined>;
  close(): Promise<void>;
}

/** 100 names of 255 bytes with what goes with each are 32 KB, of which every client takes twice as much. */
const PORTION = 100;

interface ListingDeps {
  readonly path: Buffer;
  readonly beneath: Beneath;
  readonly owners: Owners;
  readonly readOnly: boolean;
}

export async function openListing({ path, beneath, owners, readOnly }: ListingDeps): Promise<Listing> {
  const folder = await beneath.folder(path);
  let dir: Dir;
  try {
    dir = await despiteMode({ path, beneath, readOnly, kind: 'folder' }, () =>
      opendir(folder.at, { encoding: 'latin1', bufferSize: PORTION }),
    );
  } catch (error) {
    await folder.close();
    throw error;
  }
  const entry = async (name: string): Promise<Entry | undefined> => {
    try {
      return { name, attrs: attrsOf(await lstat(bytesOf(`${folder.at}/${name}`), { bigint: true }), owners) };
    } catch (error) {
      // Removed in between.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
        return undefined;
      }
      throw error;
    }
  };
  let first = true;
  return {
    async next() {
      const names: string[] = [];
      for (let found = await dir.read(); found !== null; found = names.length < PORTION ? await dir.read() : null) {
        names.push(found.name);
      }
      const entries = await Promise.all(names.map(entry));
      if (first) {
        first = false;
        const own = await entry('.');
        entries.unshift(own, own && { ...own, name: '..' });
      } else if (names.length === 0) {
        return undefined;
      }
      return entries.filter((each) => each !== undefined);
    },
    async close() {
      await dir.close();
      await folder.close();
    },
  };
}
