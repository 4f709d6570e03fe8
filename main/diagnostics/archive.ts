// A folder as one .tar.gz, written beside its name first: a report is there whole or not at all, and what lay there stays.
import { createReadStream, createWriteStream } from 'node:fs';
import { link, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';

export interface ArchiveOptions {
  readonly folder: string;
  /** Relative to the folder. */
  readonly files: readonly string[];
  /** The one folder in the archive. */
  readonly root: string;
  readonly path: string;
}

/** Its size in bytes. Rejects with EEXIST where the name is taken. */
export async function writeArchive({ folder, files, root, path }: ArchiveOptions): Promise<number> {
  const half = `${path}.${process.pid}.part`;
  const tar = pack();
  const fill = async (): Promise<void> => {
    for (const file of files) {
      const { size, mtime } = await stat(join(folder, file));
      await pipeline(createReadStream(join(folder, file)), tar.entry({ name: `${root}/${file}`, size, mtime, mode: 0o600 }));
    }
    tar.finalize();
  };
  try {
    await Promise.all([
      fill().catch((error: unknown) => {
        tar.destroy(error instanceof Error ? error : new Error(String(error)));
        throw error;
      }),
      pipeline(tar, createGzip(), createWriteStream(half, { flags: 'wx', mode: 0o600 })),
    ]);
    // Unlike a rename, a link does not take another file's place.
    await link(half, path);
    return (await stat(path)).size;
  } finally {
    await rm(half, { force: true });
  }
}
