// Who owns a home: one file, made by link(2) with its content already in it. A lock whose process is gone is broken by one starter at a time.
// An identity is pid, start time and boot (main/lib/process.ts), so that a pid used again by another program locks nobody out.
import { createHash, randomUUID } from 'node:crypto';
import { link, unlink } from 'node:fs/promises';
import { z } from 'zod';
import { hasCode, readText, writeAtomic } from '../lib/atomic-file';
import { bootId, identify, isSameProcess } from '../lib/process';
import type { Logger } from '../lib/logger';

const recordSchema = z.object({
  pid: z.int(),
  startTime: z.string(),
  bootId: z.string(),
  nonce: z.string(),
  kind: z.string(),
  build: z.string(),
});
export type LockRecord = z.output<typeof recordSchema>;

export interface HomeLock {
  readonly record: LockRecord;
  release(): Promise<void>;
}

export type LockResult = { readonly kind: 'owned'; readonly lock: HomeLock } | { readonly kind: 'taken'; readonly owner: LockRecord };

/** A breaker that dies leaves a lock of its own behind, which is broken in the same way; deeper than this somebody is playing with us. */
const MAX_DEPTH = 8;

export async function acquireLock(path: string, who: { readonly kind: string; readonly build: string }, log: Logger): Promise<LockResult> {
  const self = (await identify(process.pid)) ?? { pid: process.pid, startTime: '', bootId: await bootId() };
  return acquire(path, { ...self, ...who, nonce: randomUUID() }, log, 0);
}

/** The living owner, or undefined. */
export async function readOwner(path: string): Promise<LockRecord | undefined> {
  const { record } = await read(path);
  return record !== undefined && (await isSameProcess(record)) ? record : undefined;
}

async function acquire(path: string, record: LockRecord, log: Logger, depth: number): Promise<LockResult> {
  for (;;) {
    if (await create(path, record)) {
      return { kind: 'owned', lock: { record, release: () => release(path, record) } };
    }
    const found = await read(path);
    if (found.text === undefined) {
      continue;
    }
    if (found.record !== undefined && (await isSameProcess(found.record))) {
      return { kind: 'taken', owner: found.record };
    }
    await breakLock(path, found.text, record, log, depth);
  }
}

/**
 * Only who holds the breaker's lock for exactly this content may remove it, and looks again before doing so. Without that, a slow starter
 * could remove the fresh lock of a faster one, and two backends would write to one data disk.
 */
async function breakLock(path: string, stale: string, record: LockRecord, log: Logger, depth: number): Promise<void> {
  const ticket = `${path}.${createHash('sha256').update(stale).digest('hex').slice(0, 12)}`;
  const breaker = depth < MAX_DEPTH ? await acquire(ticket, record, log, depth + 1) : undefined;
  if (breaker?.kind !== 'owned') {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return;
  }
  try {
    if ((await read(path)).text === stale) {
      log.info('removed the lock of a backend that is gone', { path, stale: stale.slice(0, 500) });
      await unlink(path);
    }
  } finally {
    await breaker.lock.release();
  }
}

async function create(path: string, record: LockRecord): Promise<boolean> {
  const temporary = `${path}.${record.nonce}`;
  await writeAtomic(temporary, `${JSON.stringify(record)}\n`);
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) {
      return false;
    }
    throw error;
  } finally {
    await unlink(temporary).catch(() => undefined);
  }
}

async function release(path: string, record: LockRecord): Promise<void> {
  if ((await read(path)).record?.nonce === record.nonce) {
    await unlink(path).catch(() => undefined);
  }
}

/** A lock that cannot be parsed has no owner: it was cut short by a power cut. */
async function read(path: string): Promise<{ readonly text?: string; readonly record?: LockRecord }> {
  const text = await readText(path);
  if (text === undefined) {
    return {};
  }
  try {
    const parsed = recordSchema.safeParse(JSON.parse(text));
    return parsed.success ? { text, record: parsed.data } : { text };
  } catch {
    return { text };
  }
}
