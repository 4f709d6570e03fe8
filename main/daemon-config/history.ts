// Every change of the engine's configuration and how it ended, the last 200. On disk whole, for a restore; on its way out with credentials masked.
import { rename } from 'node:fs/promises';
import { z } from 'zod';
import { BerthError, configOrigins } from '../../preload/contract';
import type { ConfigChange, ConfigHistoryEntry, ConfigOrigin, WireError } from '../../preload/contract';
import { readJson, writeJson } from '../lib/atomic-file';
import type { DaemonConfigDeps } from './daemon-config';
import { maskDocumentText } from './mask';

export const MAX_ENTRIES = 200;

const anObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
const entrySchema = z.object({
  id: z.string(),
  at: z.number(),
  origin: z.enum(configOrigins),
  text: z.string(),
  changes: z.array(z.custom<ConfigChange>(anObject)),
  class: z.enum(['none', 'reload', 'restart', 'disruptive']),
  result: z.enum(['applied', 'rolledBack', 'cancelled', 'recovered']),
  error: z.custom<WireError>(anObject).exactOptional(),
  words: z.string().exactOptional(),
  key: z.string().exactOptional(),
});

export interface History {
  /** Newest first. */
  list(): readonly ConfigHistoryEntry[];
  /** The document that was asked for, with its credentials. */
  textOf(id: string): string | undefined;
  /** Who asked for it last. */
  originOf(text: string): ConfigOrigin;
  add(entry: ConfigHistoryEntry): Promise<void>;
}

export async function openHistory({ files, notify, now = Date.now }: Pick<DaemonConfigDeps, 'files' | 'notify' | 'now'>): Promise<History> {
  const path = files.history;
  let entries: readonly ConfigHistoryEntry[] = [];
  try {
    entries = z.array(entrySchema).parse((await readJson(path)) ?? []);
  } catch {
    const keptAs = `${path}.corrupt-${new Date(now()).toISOString().replace(/[:.]/g, '-')}`;
    await rename(path, keptAs);
    notify('warn', new BerthError('config.historyCorrupt', { path, keptAs }));
  }
  return {
    list: () => entries.map((entry) => ({ ...entry, text: maskDocumentText(entry.text) })),
    textOf: (id) => entries.find((entry) => entry.id === id)?.text,
    originOf: (text) => entries.find((entry) => entry.text === text)?.origin ?? 'editor',
    async add(entry) {
      // The same id again: a crash came between the entry and the end of its change.
      entries = [entry, ...entries.filter(({ id }) => id !== entry.id)].slice(0, MAX_ENTRIES);
      await writeJson(path, entries);
    },
  };
}
