// The system made whole again: every file of guest image and QEMU against its sum, and one that is wrong replaced by the same file of a pair that was
// kept beside. What nobody has a whole copy of stays as it is and is said. Knows manifests; the data disk it never sees.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, readlink, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { slotFolder } from '../vm/kept-resources';
import { readManifest } from '../vm/resources';
import type { Checker, Manifest, Resources } from '../vm/resources';

export interface SystemChecked {
  readonly files: number;
  /** Those that were replaced. */
  readonly mended: readonly string[];
}

export interface SystemDeps {
  /** What the application came with. */
  readonly resources: Resources;
  /** The folder of the pairs that are kept (main/vm/slots.ts). */
  readonly kept: string;
  /** Has the last word; what it rejects with says what could not be made whole. */
  readonly checker: Checker;
}

const PARTS = ['guest', 'bundle'] as const;

export async function makeWhole({ resources, kept, checker }: SystemDeps): Promise<SystemChecked> {
  const mended: string[] = [];
  let files = 0;
  for (const part of PARTS) {
    const { files: entries } = await readManifest(resources[part]);
    const spares = (['a', 'b'] as const).map((slot) => slotFolder(kept, slot)[part]);
    for (const [file, entry] of Object.entries(entries)) {
      files += 1;
      if (!(await isWhole(resources[part], file, entry)) && (await replace(resources[part], spares, file, entry))) {
        mended.push(`${part}/${file}`);
      }
    }
  }
  await checker.verify({ full: true });
  return { files, mended };
}

type Entry = Manifest['files'][string];

async function isWhole(folder: string, file: string, entry: Entry): Promise<boolean> {
  const path = join(folder, file);
  try {
    return 'link' in entry ? (await readlink(path)) === entry.link : (await sumOf(path)) === entry.sha256;
  } catch {
    return false;
  }
}

/** Copied beside and renamed: a kept pair may be links to the same files, and whoever has the damaged one open keeps it. */
async function replace(folder: string, spares: readonly string[], file: string, entry: Entry): Promise<boolean> {
  for (const spare of spares) {
    if ('sha256' in entry && (await isWhole(spare, file, entry))) {
      const part = join(folder, `${file}.part`);
      try {
        await copyFile(join(spare, file), part);
        await rename(part, join(folder, file));
        return true;
      } catch {
        await rm(part, { force: true }); // A package that only its installer may write to: the checker says which file it is.
      }
    }
  }
  return false;
}

async function sumOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) {
    hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}
