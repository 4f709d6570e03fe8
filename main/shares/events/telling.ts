// What is told to the guest and when: a change at once, the same path again after a pause, one batch at a time, so that a busy guest is told less
// and not later. What waits is bounded: beyond it folders are told in place of files, and beyond that only what is bound. Knows no watcher.
import type { Logger } from '../../lib/logger';
import { isWithin } from '../../lib/within';
import { folderOf } from './byte-path';
import type { BytePath } from './byte-path';
import type { Change, ChangeKind } from './records';

/** Between two events of one path; doubled up to the second while it goes on changing (a database, a log). */
const PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 200;
/** A checkout of 5,000 files is told file by file. */
const MAX_WAITING = 8192;
/** A change that comes meanwhile waits for one batch only. */
const BATCH = 256;

export interface TellingDeps {
  /** Resolves when the guest has made the events; rejects when it cannot be reached. */
  readonly send: (changes: readonly Change[]) => Promise<void>;
  /** The guest could be reached again after changes were lost to it: `add` what watchers should look at. */
  readonly onMissed: () => void;
  readonly log: Logger;
  readonly maxWaiting?: number;
}

export interface Telling {
  add(kind: ChangeKind, path: BytePath): void;
  /** What is bound; changes elsewhere that still wait are dropped. */
  bound(folders: readonly BytePath[]): void;
  /** Paths that wait. */
  waiting(): number;
  dispose(): void;
}

/** What a change stands for while too many wait. */
type Detail = 'files' | 'folders' | 'roots';

export function createTelling({ send, onMissed, log, maxWaiting = MAX_WAITING }: TellingDeps): Telling {
  let waiting = new Map<BytePath, ChangeKind>();
  const told = new Map<BytePath, { readonly at: number; readonly pause: number }>();
  let roots: readonly BytePath[] = [];
  let detail: Detail = 'files';
  let missed = false;
  let running = false;
  let timer: NodeJS.Timeout | undefined;
  let disposed = false;

  /** At the end of what waits: a folder is told after the names that went from it. */
  const put = (kind: ChangeKind, path: BytePath, last = false): void => {
    const before = waiting.get(path);
    if (last) {
      waiting.delete(path);
    }
    waiting.set(path, kind === 'c' && before !== undefined ? before : kind);
  };
  const place = (kind: ChangeKind, path: BytePath): void => {
    if (detail === 'roots') {
      return;
    }
    if (detail === 'folders') {
      put('c', folderOf(path));
      return;
    }
    put(kind, path);
    if (kind === 'd') {
      put('c', folderOf(path), true);
    }
  };
  const coarser = (): void => {
    const before = waiting;
    waiting = new Map();
    if (detail === 'files') {
      detail = 'folders';
      log.info('many changes at once: watchers are told of folders', { changes: before.size });
      before.forEach((kind, path) => place(kind, path));
      if (waiting.size <= maxWaiting) {
        return;
      }
    }
    detail = 'roots';
    waiting = new Map(roots.map((root) => [root, 'c']));
  };

  const due = (): { readonly batch: readonly Change[]; readonly next: number } => {
    const now = Date.now();
    const batch: Change[] = [];
    let next = Infinity;
    for (const [path, kind] of waiting) {
      const last = told.get(path);
      const at = last === undefined ? 0 : last.at + last.pause;
      if (at > now) {
        next = Math.min(next, at);
        continue;
      }
      waiting.delete(path);
      told.delete(path);
      const pause = last !== undefined && now - at <= last.pause ? Math.min(last.pause * 2, LONGEST_PAUSE_MS) : PAUSE_MS;
      told.set(path, { at: now, pause });
      batch.push({ kind, path });
      if (batch.length === BATCH) {
        break;
      }
    }
    if (waiting.size === 0) {
      detail = 'files';
    }
    for (const [path, { at, pause }] of told) {
      if (now - at <= 2 * pause) {
        break;
      }
      told.delete(path);
    }
    return { batch, next };
  };

  async function run(): Promise<void> {
    while (!disposed) {
      const { batch, next } = due();
      if (batch.length === 0) {
        if (waiting.size > 0) {
          timer = setTimeout(start, Math.max(1, next - Date.now()));
        }
        return;
      }
      try {
        await send(batch);
        if (missed) {
          missed = false;
          onMissed();
        }
      } catch (error) {
        // Nobody can be told now; the first change that gets through brings a look at everything with it.
        missed = true;
        waiting.clear();
        detail = 'files';
        log.debug('changes were not told', { error });
      }
    }
  }

  function start(): void {
    clearTimeout(timer);
    timer = undefined;
    if (running || disposed) {
      return;
    }
    running = true;
    // What came in one read of the watcher goes out in one batch.
    setImmediate(() => {
      void run().finally(() => {
        running = false;
        if (waiting.size > 0 && timer === undefined) {
          start();
        }
      });
    });
  }

  return {
    add(kind, path) {
      if (disposed) {
        return;
      }
      place(kind, path);
      if (waiting.size > maxWaiting && detail !== 'roots') {
        coarser();
      }
      start();
    },
    bound(folders) {
      roots = folders;
      for (const path of waiting.keys()) {
        if (!roots.some((root) => isWithin(root, path))) {
          waiting.delete(path);
        }
      }
    },
    waiting: () => waiting.size,
    dispose() {
      disposed = true;
      clearTimeout(timer);
      waiting.clear();
    },
  };
}
