// What a start, a crash and an engine that cannot start need of the configuration: which text to boot with, how a change that was left half done
// ends, and the way back to the last good document. Says how it ended: in the history and by a notice.
import { randomUUID } from 'node:crypto';
import { BerthError, sameJson, toWireError } from '../../preload/contract';
import type { ConfigHistoryEntry } from '../../preload/contract';
import { classOfChanges, diffDocuments } from './diff';
import { forGuest, formatDocument } from './document';
import type { History } from './history';
import { documentOf } from './store';
import { finish } from './transaction';
import type { Plan, TransactionDeps } from './transaction';
import { errorWords, keyOfWords } from './words';

const ANSWER_MS = 60_000;

export interface RecoveryDeps extends TransactionDeps {
  readonly history: History;
  readonly now: () => number;
}

export interface Recovery {
  forBoot(): Promise<string>;
  /** dockerd does not start; `words` is the end of its log. False = there is nothing better to try. */
  recover(words: string): Promise<boolean>;
  /** Back to the last good document because somebody asked for it; the keys that change. */
  revert(): Promise<readonly string[]>;
  /** The engine answers. */
  settle(): Promise<void>;
}

export function createRecovery(deps: RecoveryDeps): Recovery {
  const { store, guest, history, now, log } = deps;
  /** The guest began with what `forBoot` gave it, and the engine has not answered since. */
  let booted = false;

  async function settleJournal(): Promise<void> {
    const journal = store.journal();
    if (journal === undefined) {
      return;
    }
    log.info('ending a change that was left half done', { stage: journal.stage, booted });
    const ended = await finish(deps, journal, booted);
    const keys = journal.changes.map(({ key }) => key).join(', ');
    const error = new BerthError(ended === 'new' ? 'config.recoveredNew' : 'config.recoveredOld', { keys });
    await history.add(entryOf(journal, 'recovered', error));
    await store.writeJournal(undefined);
    deps.notify('warn', error);
  }

  /** A document that was kept while the engine was off, and that it now answered with, is a good one. */
  async function settlePending(): Promise<void> {
    const { text } = store.current();
    if (booted && text !== store.lastGood().text) {
      await store.keep(text, true);
    }
  }

  /** What an earlier backend had overridden for its own time ends with it. */
  async function settleOverride(): Promise<void> {
    const before = store.guestTexts().at(-1);
    const { document, text } = store.current();
    if (booted || before === undefined || text !== store.lastGood().text) {
      return;
    }
    const given = documentOf(before)['registry-mirrors'] ?? [];
    if (!sameJson(given, document['registry-mirrors'] ?? [])) {
      const after = formatDocument(forGuest(document, documentOf(before)));
      await store.setGuestTexts([before, after]);
      await guest.reload(after, AbortSignal.timeout(ANSWER_MS));
      await store.setGuestTexts([after]);
    }
  }

  /** What was tried stays in the history. */
  async function toLastGood(why: (changes: Plan['changes']) => BerthError | undefined): Promise<Plan['changes']> {
    const tried = store.current();
    const good = store.lastGood();
    const changes = diffDocuments(good.document, tried.document);
    const origin = history.originOf(tried.text);
    const error = why(changes);
    await store.keep(good.text, true);
    const cost = classOfChanges(changes, good.document, tried.document);
    await history.add(entryOf({ id: randomUUID(), at: now(), origin, text: tried.text, changes, class: cost }, 'rolledBack', error));
    if (error !== undefined) {
      deps.notify('error', error);
    }
    return changes;
  }

  return {
    async forBoot() {
      const journal = store.journal();
      if (journal?.stage === 'keep') {
        // It was in force already when the crash came.
        await store.keep(journal.text, true);
      }
      const text = formatDocument(forGuest(store.current().document));
      await store.setGuestTexts([text]);
      booted = true;
      return text;
    },
    async recover(tail) {
      const words = errorWords(tail.split('\n'), 'start');
      const journal = store.journal();
      if (journal !== undefined && journal.stage !== 'keep' && !booted) {
        // What was there before the change is what `forBoot` gives.
        return true;
      }
      if (store.current().text !== store.lastGood().text) {
        await toLastGood((changes) => lastGoodError(words, changes));
        return true;
      }
      const file = booted ? undefined : await guest.read().catch(() => undefined);
      if (file !== undefined && !store.guestTexts().includes(file)) {
        // Somebody edited it by hand and restarted dockerd: the edit stays in the history.
        const changes = diffDocuments(store.current().document, documentOf(file));
        const error = lastGoodError(words, changes);
        const cost = classOfChanges(changes, store.current().document, documentOf(file));
        await history.add(entryOf({ id: randomUUID(), at: now(), origin: 'guest', text: file, changes, class: cost }, 'rolledBack', error));
        deps.notify('error', error);
        return true;
      }
      return false;
    },
    async revert() {
      if (store.current().text === store.lastGood().text) {
        return [];
      }
      return (await toLastGood(() => undefined)).map(({ key }) => key);
    },
    async settle() {
      if (store.guestTexts().length === 0) {
        // A guest that another version of Berth left running: what it has is what it was given.
        await store.setGuestTexts([await guest.read()]);
      }
      await settleJournal();
      await settlePending();
      await settleOverride();
      booted = false;
    },
  };
}

function lastGoodError(words: string, changes: Parameters<typeof keyOfWords>[1]): BerthError {
  const key = keyOfWords(words, changes);
  return new BerthError('config.lastGood', { key: key === '' ? 'none' : key, detail: words });
}

export function entryOf(
  of: Pick<Plan, 'id' | 'at' | 'origin' | 'text' | 'changes' | 'class'>,
  result: ConfigHistoryEntry['result'],
  error?: unknown,
): ConfigHistoryEntry {
  const { id, at, origin, text, changes } = of;
  const wire = error === undefined ? undefined : toWireError(error);
  const { key, detail } = wire?.params ?? {};
  return {
    ...{ id, at, origin, text, changes, class: of.class, result },
    ...(wire === undefined ? {} : { error: wire }),
    ...(typeof detail === 'string' && detail !== '' ? { words: detail } : {}),
    ...(typeof key === 'string' && key !== 'none' ? { key } : {}),
  };
}
