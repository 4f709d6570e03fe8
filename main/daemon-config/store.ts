// The files of the engine's configuration: the user's document, the last one that an engine answered with, the journal of a change under way, and
// what the guest was given. Each write is whole and on disk before it returns. What cannot be read is kept aside, never dropped.
import { createHash } from 'node:crypto';
import { rename, stat } from 'node:fs/promises';
import { z } from 'zod';
import { BerthError, MAX_CONFIG_CHARACTERS, configOrigins, defaultDaemonDocument } from '../../preload/contract';
import type { ConfigChange, ConfigProblem } from '../../preload/contract';
import { asError } from '../lib/async';
import { readJsonOr, readText, writeAtomic, writeJson } from '../lib/atomic-file';
import type { Logger } from '../lib/logger';
import type { DaemonConfigDeps, DaemonDocument } from './daemon-config';
import { checkText } from './check';
import { formatDocument } from './document';
import { parseDocument } from './parse';

/** How far a change came; what it says happened, happened at least in part. */
export const journalStages = ['write', 'reload', 'restart', 'ping', 'keep', 'rollBack', 'rolledBack'] as const;
export type JournalStage = (typeof journalStages)[number];

const journalSchema = z.object({
  format: z.literal(1),
  id: z.string(),
  at: z.number(),
  origin: z.enum(configOrigins),
  stage: z.enum(journalStages),
  way: z.enum(['reload', 'restart']),
  /** The new document as the host will have it. */
  text: z.string(),
  /** As written to the guest. */
  guestBefore: z.string(),
  guestAfter: z.string(),
  /** Names of the containers that it stops and starts again. */
  containers: z.array(z.string()),
  changes: z.array(z.custom<ConfigChange>((value) => typeof value === 'object' && value !== null)),
  class: z.enum(['none', 'reload', 'restart', 'disruptive']),
});
export type Journal = z.output<typeof journalSchema>;

export interface Version {
  readonly text: string;
  readonly document: DaemonDocument;
  /** Names the text. */
  readonly revision: string;
}

export interface Store {
  current(): Version;
  lastGood(): Version;
  journal(): Journal | undefined;
  writeJournal(journal: Journal | undefined): Promise<void>;
  /** The document that holds from now on; `good` = an engine answered with it. */
  keep(text: string, good: boolean): Promise<void>;
  /** Of the file that the guest has: the text last given, and one whose writing may not have ended. Undefined until a guest was given one. */
  guestTexts(): readonly string[];
  setGuestTexts(texts: readonly string[]): Promise<void>;
}

type Deps = Pick<DaemonConfigDeps, 'files' | 'notify' | 'now'> & { readonly log: Logger };

/** Rejects with `home.notWritable` only. */
export async function openStore(deps: Deps): Promise<Store> {
  const { files } = deps;
  let lastGood = await loadLastGood(deps);
  let current = await loadCurrent(deps, lastGood);
  let journal = await readJsonOr(files.journal, (value) => journalSchema.parse(value), undefined);
  let guestTexts = await readJsonOr<readonly string[]>(files.guest, (value) => z.array(z.string()).parse(value), []);

  const store: Store = {
    current: () => current,
    lastGood: () => lastGood,
    journal: () => journal,
    async writeJournal(next) {
      // An empty one instead of none: the end of a change is as surely on disk as its beginning.
      await write(files.journal, next ?? null);
      journal = next;
    },
    async keep(text, good) {
      const next = versionOf(text);
      await write(files.document, text);
      current = next;
      if (good) {
        await write(files.lastGood, text);
        lastGood = next;
      }
    },
    guestTexts: () => guestTexts,
    async setGuestTexts(texts) {
      await write(files.guest, texts);
      guestTexts = texts;
    },
  };
  return store;
}

export function versionOf(text: string): Version {
  const { document } = parseDocument(text);
  if (document === undefined) {
    throw new Error('not a document');
  }
  return { text, document, revision: createHash('sha256').update(text).digest('hex').slice(0, 32) };
}

/** Of what our own hand wrote, or a hand edit that was taken. */
export function documentOf(text: string): DaemonDocument {
  return parseDocument(text).document ?? {};
}

async function loadLastGood({ files, log }: Deps): Promise<Version> {
  try {
    const text = await readText(files.lastGood);
    if (text !== undefined) {
      return versionOf(text);
    }
  } catch (error) {
    log.warn('the last good configuration could not be read', { error });
  }
  return versionOf(formatDocument(defaultDaemonDocument));
}

async function loadCurrent(deps: Deps, lastGood: Version): Promise<Version> {
  const { files, log, notify, now = Date.now } = deps;
  const text = await readSmall(files.document);
  if (text === undefined) {
    // No file: the first start, or one that somebody removed; the last good copy is not brought back against their will.
    return versionOf(formatDocument(defaultDaemonDocument));
  }
  const { document, problems } = checkText(text);
  if (document !== undefined) {
    return versionOf(text);
  }
  const first = problems.find(({ severity }) => severity === 'error');
  const keptAs = `${files.document}.corrupt-${new Date(now()).toISOString().replace(/[:.]/g, '-')}`;
  await rename(files.document, keptAs);
  await write(files.document, lastGood.text);
  log.warn('the configuration file was kept aside', { keptAs });
  notify('warn', new BerthError('config.corrupt', { path: files.document, keptAs, detail: first === undefined ? '' : placed(first) }));
  return lastGood;
}

/** `3:5 registry-mirrors.0`, which needs no language. */
function placed({ path, place }: ConfigProblem): string {
  return [place === undefined ? '' : `${place.line}:${place.column}`, path.join('.')].filter((part) => part !== '').join(' ');
}

/** '' (which is no document) for one that is too large. */
async function readSmall(path: string): Promise<string | undefined> {
  try {
    const found = await stat(path).catch(() => undefined);
    return (found?.size ?? 0) > 4 * MAX_CONFIG_CHARACTERS ? '' : await readText(path);
  } catch (error) {
    throw new BerthError('home.notWritable', { path, reason: asError(error).message }, { cause: error });
  }
}

async function write(path: string, content: unknown): Promise<void> {
  try {
    await (typeof content === 'string' ? writeAtomic(path, content) : writeJson(path, content));
  } catch (error) {
    throw new BerthError('home.notWritable', { path, reason: asError(error).message }, { cause: error });
  }
}
