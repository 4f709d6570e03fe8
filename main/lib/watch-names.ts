// Tells when an entry of a folder comes, changes, is replaced or goes. By the folder: files are replaced, and a watch on the old one would hear no more.
import { watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/** Calls back without a name, and more than once for one change. Returns the way to stop; undefined where the folder cannot be watched. */
export function watchNames(folder: string, isOne: (name: string) => boolean, listener: () => void): (() => void) | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, (_event, name) => {
      if (name === null || isOne(name)) {
        listener();
      }
    });
    watcher.on('error', () => watcher.close());
    return () => watcher.close();
  } catch {
    return undefined;
  }
}

export function watchFile(path: string, listener: () => void): () => void {
  const name = basename(path);
  return watchNames(dirname(path), (each) => each === name, listener) ?? (() => undefined);
}
