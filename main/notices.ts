// What the user should know and did not ask for: kept until dismissed, the newest first, the same one once.
import { randomUUID } from 'node:crypto';
import { toWireError } from '../preload/contract';
import type { BackendHandlers, BerthError, Notice } from '../preload/contract';
import type { Logger } from './lib/logger';
import { createObservable, follow } from './lib/observable';

const MAX_NOTICES = 50;

export interface Notices {
  readonly notify: (level: Notice['level'], error: BerthError) => void;
  readonly handlers: Pick<BackendHandlers, 'app.notices' | 'app.dismissNotice'>;
}

export function createNotices(log: Logger, now: () => number = Date.now): Notices {
  const list = createObservable<readonly Notice[]>([]);
  return {
    notify(level, error) {
      log[level](error.message, { code: error.code });
      const wire = toWireError(error);
      const others = list.get().filter((notice) => JSON.stringify(notice.error) !== JSON.stringify(wire));
      list.set([{ id: randomUUID(), at: now(), level, error: wire }, ...others].slice(0, MAX_NOTICES));
    },
    handlers: {
      'app.notices': (_input, { signal }) => follow(list, signal),
      'app.dismissNotice': ({ id }) => list.set(list.get().filter((notice) => notice.id !== id)),
    },
  };
}
