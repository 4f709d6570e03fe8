// Changes of files on the host, told to watchers in containers: a watcher of the host, the pace of telling, the guest's program. Never writes to a
// file: what the guest does is passed over by the share's server (vm/guest/notify.c). Knows no engine and no driver of shares.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { BerthError } from '../../../preload/contract/errors';
import type { Logger } from '../../lib/logger';
import type { Observable } from '../../lib/observable';
import { bytePath, outermost, readable } from './byte-path';
import type { BytePath } from './byte-path';
import { createInotifyWatcher } from './inotify-watcher';
import { createNotifier } from './notifier';
import type { ChangeKind } from './records';
import { createSystemWatcher } from './system-watcher';
import { createTelling } from './telling';

export interface ShareEventsDeps {
  /** A stream to `/proc/1/exe notify` in the guest; rejects while the guest cannot be reached. */
  readonly execStream: () => Promise<Duplex>;
  /** Whether there is an engine whose containers could watch; without one nothing is. */
  readonly active: Observable<boolean>;
  /** The bundle's folder; share-watch lies in its bin. */
  readonly bundle: string;
  /** Never looked into: Berth's own home. */
  readonly excluded: readonly string[];
  readonly notify: (error: BerthError) => void;
  readonly log: Logger;
  readonly platform?: NodeJS.Platform;
  /** Everything bound is watched; the number of watches. */
  readonly onReady?: (watches: number) => void;
}

export interface ShareEvents {
  /** Absolute paths of the host that containers that run have bound. */
  bound(folders: readonly string[]): void;
  dispose(): void;
}

export function createShareEvents(deps: ShareEventsDeps): ShareEvents {
  const { log, excluded } = deps;
  const notifier = createNotifier({ dial: deps.execStream, log });
  const telling = createTelling({ send: (changes) => notifier.tell(changes), onMissed: () => watcher.again(), log });
  let limited = false;

  async function limit(path: BytePath): Promise<void> {
    if (limited) {
      return;
    }
    limited = true;
    const text = await readFile('/proc/sys/fs/inotify/max_user_watches', 'utf8').catch(() => '');
    deps.notify(new BerthError('shares.watchLimit', { path: path === '' ? '/' : readable(path), limit: Number(text.trim()) || 0 }));
  }

  const listener = {
    change: (kind: ChangeKind, path: BytePath): void => telling.add(kind, path),
    lost: (): void => log.warn('changes of files were lost; watchers are told of every folder'),
    limit: (path: BytePath): void => void limit(path),
    ready(watches: number): void {
      log.debug('watching bound folders', { watches });
      deps.onReady?.(watches);
    },
  };
  const watcher =
    (deps.platform ?? process.platform) === 'linux'
      ? createInotifyWatcher({ program: join(deps.bundle, 'bin', 'share-watch'), excluded, listener, log })
      : createSystemWatcher({ excluded, listener });

  let wanted: readonly string[] = [];
  const apply = (): void => {
    const roots = deps.active.get() ? wanted : [];
    limited &&= roots.length > 0;
    telling.bound(roots.map(bytePath));
    watcher.watch(roots);
  };
  const unsubscribe = deps.active.subscribe(apply);

  return {
    bound(folders) {
      wanted = outermost(folders);
      apply();
    },
    dispose() {
      unsubscribe();
      watcher.dispose();
      telling.dispose();
      notifier.dispose();
    },
  };
}
