// The list that is kept: mirrors in order with names, notes and results, prefix mirrors, test image. One file, written whole; what cannot be read is
// kept aside, never dropped. Knows the engine's configuration only as the addresses that `followDocument` is handed.
import { createHash } from 'node:crypto';
import { rename, stat } from 'node:fs/promises';
import { z } from 'zod';
import { BerthError, MAX_MIRRORS, mirrorVerdicts, mirrorTestSteps } from '../../preload/contract';
import type { MirrorTest, Notice, PrefixMirror } from '../../preload/contract';
import { asError, createQueue } from '../lib/async';
import { readText, writeJson } from '../lib/atomic-file';
import type { Logger } from '../lib/logger';
import { createObservable } from '../lib/observable';
import type { Observable } from '../lib/observable';

/** 64 mirrors with their notes and results are tens of KiB. */
const MAX_FILE_BYTES = 1024 * 1024;
export const DEFAULT_TEST_IMAGE = 'library/busybox';

const testSchema = z.object({
  at: z.number(),
  image: z.string(),
  verdict: z.enum(mirrorVerdicts),
  steps: z.array(
    z.object({ name: z.enum(mirrorTestSteps), milliseconds: z.number(), ok: z.boolean(), status: z.number().exactOptional() }),
  ),
  totalMilliseconds: z.number(),
  bytesPerSecond: z.number().exactOptional(),
  digest: z.string().exactOptional(),
  issuer: z.string().exactOptional(),
  intercepted: z.boolean().exactOptional(),
  words: z.string().exactOptional(),
  olderDays: z.number().exactOptional(),
});

const keptSchema = z.object({
  format: z.literal(1),
  mirrors: z.array(
    z.object({
      url: z.string().min(1),
      name: z.string().default(''),
      note: z.string().default(''),
      enabled: z.boolean().default(true),
      failures: z.number().int().min(0).default(0),
      // A result that cannot be read costs itself only.
      lastTest: testSchema.optional().catch(undefined),
    }),
  ),
  prefixes: z.array(z.object({ registry: z.string(), prefix: z.string(), always: z.boolean() })).default([]),
  testImage: z.string().min(1).default(DEFAULT_TEST_IMAGE),
  presetFile: z.string().nullable().default(null),
});

export interface KeptMirror {
  readonly url: string;
  readonly name: string;
  readonly note: string;
  readonly enabled: boolean;
  readonly failures: number;
  readonly lastTest?: MirrorTest | undefined;
}

export interface Kept {
  readonly mirrors: readonly KeptMirror[];
  readonly prefixes: readonly PrefixMirror[];
  readonly testImage: string;
  /** Of the company's list of presets. */
  readonly presetFile: string | null;
}

export interface MirrorList {
  readonly kept: Observable<Kept>;
  /** One after the other; in memory once it is on the disk. Rejects with `home.notWritable`, and with what `edit` throws. */
  update(edit: (kept: Kept) => Kept): Promise<void>;
}

export interface ListDeps {
  readonly path: string;
  readonly log: Logger;
  notify(level: Notice['level'], error: BerthError): void;
  readonly now?: () => number;
}

export async function openMirrorList(deps: ListDeps): Promise<MirrorList> {
  const kept = createObservable<Kept>(await load(deps));
  const inTurn = createQueue();
  return {
    kept,
    update: (edit) =>
      inTurn(async () => {
        const next = edit(kept.get());
        if (next !== kept.get()) {
          await write(deps.path, next);
          kept.set(next);
        }
      }),
  };
}

/** Names what a user edits; a test's result that comes meanwhile is no conflict. */
export function revisionOf(mirrors: readonly KeptMirror[]): string {
  const text = JSON.stringify(mirrors.map(({ url, name, note, enabled }) => [url, name, note, enabled]));
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/**
 * The list after somebody else changed `registry-mirrors`: those in it are on, in its order; the rest is off and stays where it was; new ones appear.
 * The same list where nothing differs.
 */
export function followDocument(mirrors: readonly KeptMirror[], urls: readonly string[]): readonly KeptMirror[] {
  const wanted = [...new Set(urls)];
  if (wanted.join('\n') === enabledOf(mirrors).join('\n')) {
    return mirrors;
  }
  const known = new Map(mirrors.map((mirror) => [mirror.url, mirror]));
  const queue = wanted.map((url) => ({ ...(known.get(url) ?? { url, name: '', note: '', failures: 0 }), enabled: true }));
  const inPlace = mirrors.map((mirror) => (wanted.includes(mirror.url) ? queue.shift() : undefined) ?? { ...mirror, enabled: false });
  return [...inPlace, ...queue];
}

export function enabledOf(mirrors: readonly KeptMirror[]): readonly string[] {
  return mirrors.filter(({ enabled }) => enabled).map(({ url }) => url);
}

async function load(deps: ListDeps): Promise<Kept> {
  const { path, log, now = Date.now } = deps;
  const empty: Kept = { mirrors: [], prefixes: [], testImage: DEFAULT_TEST_IMAGE, presetFile: null };
  let text: string | undefined;
  try {
    const found = await stat(path).catch(() => undefined);
    text = (found?.size ?? 0) > MAX_FILE_BYTES ? '' : await readText(path);
  } catch (error) {
    throw new BerthError('home.notWritable', { path, reason: asError(error).message }, { cause: error });
  }
  if (text === undefined) {
    return empty;
  }
  try {
    const { mirrors, prefixes, testImage, presetFile } = keptSchema.parse(JSON.parse(text));
    return { mirrors: mirrors.slice(0, 2 * MAX_MIRRORS), prefixes, testImage, presetFile };
  } catch (error) {
    const keptAs = `${path}.corrupt-${new Date(now()).toISOString().replace(/[:.]/g, '-')}`;
    await rename(path, keptAs);
    log.warn('the list of mirrors was kept aside', { path, keptAs, error });
    deps.notify('warn', new BerthError('mirrors.corrupt', { path, keptAs }));
    return empty;
  }
}

async function write(path: string, kept: Kept): Promise<void> {
  try {
    await writeJson(path, { format: 1, ...kept });
  } catch (error) {
    throw new BerthError('home.notWritable', { path, reason: asError(error).message }, { cause: error });
  }
}
