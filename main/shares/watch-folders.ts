// Tells when a folder comes, goes or becomes another one, by events of the nearest folder above it that exists. Knows no shares.
import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { existsSync } from 'node:fs';
import { dirname, relative, sep } from 'node:path';

export interface FolderWatch {
  /** What is watched from now on; `missing` are those that are not there. */
  set(folders: readonly { readonly path: string; readonly missing: boolean }[]): void;
  dispose(): void;
}

/** A file system that is mounted over a folder makes no event, so folders that are missing are looked for now and then besides. */
const LOOK_MS = 5000;
const SETTLE_MS = 100;

export function createFolderWatch(changed: () => void): FolderWatch {
  let watchers: FSWatcher[] = [];
  let looking: NodeJS.Timeout | undefined;
  let settling: NodeJS.Timeout | undefined;

  const soon = (): void => {
    clearTimeout(settling);
    settling = setTimeout(changed, SETTLE_MS);
  };
  const clear = (): void => {
    watchers.forEach((watcher) => watcher.close());
    watchers = [];
    clearInterval(looking);
  };
  const watchOne = (path: string): void => {
    let above = dirname(path);
    while (!existsSync(above) && above !== dirname(above)) {
      above = dirname(above);
    }
    const [name] = relative(above, path).split(sep);
    try {
      const watcher = watch(above, { persistent: false }, (_, file) => {
        if (file === null || file === name) {
          soon();
        }
      });
      watcher.on('error', soon);
      watchers.push(watcher);
    } catch {
      // Gone again, or no watches left: the looking does it.
    }
  };

  return {
    set(folders) {
      clear();
      folders.forEach(({ path }) => watchOne(path));
      if (folders.some(({ missing }) => missing)) {
        looking = setInterval(changed, LOOK_MS);
        looking.unref();
      }
    },
    dispose() {
      clear();
      clearTimeout(settling);
    },
  };
}
