// Tells when a folder comes, goes or becomes another one, by events of the nearest folder above it that exists. Knows no shares.
import { statSync, watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
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
  /** By the folder that is watched and the name in it that matters; kept while they stay, so that no change falls between two of them. */
  const watchers = new Map<string, FSWatcher>();
  let looking: NodeJS.Timeout | undefined;
  let settling: NodeJS.Timeout | undefined;

  const soon = (): void => {
    clearTimeout(settling);
    settling = setTimeout(changed, SETTLE_MS);
  };
  const open = (above: string, name: string): FSWatcher | undefined => {
    try {
      const watcher = watch(above, { persistent: false }, (_, file) => {
        if (file === null || file === name) {
          soon();
        }
      });
      return watcher.on('error', soon);
    } catch {
      // Gone again, or no watches left: the looking does it.
      return undefined;
    }
  };

  return {
    set(folders) {
      const wanted = new Map(folders.map(({ path }) => nearest(path)));
      for (const [key, watcher] of watchers) {
        if (!wanted.has(key)) {
          watcher.close();
          watchers.delete(key);
        }
      }
      for (const [key, [above, name]] of wanted) {
        const watcher = watchers.get(key) ?? open(above, name);
        if (watcher !== undefined) {
          watchers.set(key, watcher);
        }
      }
      clearInterval(looking);
      if (folders.some(({ missing }) => missing)) {
        looking = setInterval(changed, LOOK_MS);
        looking.unref();
      }
    },
    dispose() {
      watchers.forEach((watcher) => watcher.close());
      clearInterval(looking);
      clearTimeout(settling);
    },
  };
}

/** The nearest folder above that exists, and the name in it on the way; with what tells it from another folder of that path. */
function nearest(path: string): [string, [string, string]] {
  let above = dirname(path);
  let found = statSync(above, { throwIfNoEntry: false });
  while (found === undefined && above !== dirname(above)) {
    above = dirname(above);
    found = statSync(above, { throwIfNoEntry: false });
  }
  const [name = ''] = relative(above, path).split(sep);
  return [`${found?.dev ?? 0}:${found?.ino ?? 0}:${name}`, [above, name]];
}
