// macOS and Windows: Node's own recursive watch, which is the system's there (FSEvents, ReadDirectoryChangesW) and costs the same for any tree.
// Not for Linux, where Node walks the tree in JavaScript and loses what share-watch.c does not.
import { statSync, watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { basename, dirname } from 'node:path';
import { isWithin } from '../../lib/within';
import { bytePath } from './byte-path';
import type { BytePath } from './byte-path';
import type { HostWatcher, WatchListener } from './host-watcher';

export interface SystemWatcherDeps {
  readonly excluded: readonly string[];
  readonly listener: WatchListener;
}

export function createSystemWatcher({ excluded, listener }: SystemWatcherDeps): HostWatcher {
  const watched = new Map<string, () => void>();
  const hidden = excluded.map(bytePath);
  const say = (kind: 'c' | 'n', path: BytePath): void => {
    if (!hidden.some((folder) => isWithin(folder, path))) {
      listener.change(kind, path);
    }
  };

  /** A folder by itself, a file by its name in its folder; one that is not there is waited for in the nearest folder that is. */
  function begin(root: string): () => void {
    let current: FSWatcher | undefined;
    let ended = false;
    const kind = kindOf(root);
    const again = (): void => {
      if (!ended) {
        ended = true;
        current?.close();
        watched.set(root, begin(root));
        say('n', bytePath(root));
      }
    };
    try {
      if (kind === 'folder') {
        current = watch(root, { recursive: true, encoding: 'buffer', persistent: false }, (event, name) => {
          if (name === null) {
            listener.lost();
            say('c', bytePath(root));
            return;
          }
          say(event === 'rename' ? 'n' : 'c', `${bytePath(root)}/${name.toString('latin1').replaceAll('\\', '/')}`);
          if (event === 'rename' && kindOf(root) !== 'folder') {
            again();
          }
        });
      } else {
        const [folder, name] = nearest(root);
        current = watch(folder, { persistent: false }, (event, changed) => {
          if (changed !== name) {
            return;
          }
          if (kind === 'file' && event === 'change') {
            say('c', bytePath(root));
          } else if (kindOf(root) !== kind || kind === 'none') {
            again();
          } else {
            say('n', bytePath(root));
          }
        });
      }
      current.on('error', () => again());
    } catch {
      listener.limit(bytePath(root));
    }
    return () => {
      ended = true;
      current?.close();
    };
  }

  return {
    watch(folders) {
      for (const [folder, end] of watched) {
        if (!folders.includes(folder)) {
          end();
          watched.delete(folder);
        }
      }
      const fresh = folders.filter((folder) => !watched.has(folder));
      fresh.forEach((folder) => watched.set(folder, begin(folder)));
      if (fresh.length > 0) {
        listener.ready(watched.size);
      }
    },
    again() {
      [...watched.keys()].forEach((root) => say('c', bytePath(root)));
    },
    dispose() {
      watched.forEach((end) => end());
      watched.clear();
    },
  };
}

function kindOf(path: string): 'folder' | 'file' | 'none' {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? 'none' : stat.isDirectory() ? 'folder' : 'file';
}

/** The nearest folder that exists, and the name in it that leads to `path`. */
function nearest(path: string): [string, string] {
  const folder = dirname(path);
  return kindOf(folder) === 'folder' || folder === path ? [folder, basename(path)] : nearest(folder);
}
