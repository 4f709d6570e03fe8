// The data disk: made once, sparse, under a UUID of its own; afterwards only ever opened. A disk that is missing or not ours is an error
// with its words, never a reason to make another. Its record says where it lies; `files.disks.data` is only where it is made.
// Knows files; what is on the disk is the guest's business.
import { randomUUID } from 'node:crypto';
import { open, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { BerthError } from '../../preload/contract/errors';
import { ensureFolder, hasCode, readJson, writeJson } from '../lib/atomic-file';
import type { HomeFiles } from '../lib/home';
import type { AgentFailure } from './agent';

export const DATA_DISK_BYTES = 64 * 2 ** 30;

const recordSchema = z.object({
  format: z.number(),
  uuid: z.uuid(),
  createdAt: z.number(),
  /** `making`: the record was written and the file may be missing; `new`: the file is there and empty; `formatted`: the guest has written its file system. */
  state: z.enum(['making', 'new', 'formatted']),
  /** Where it lies since it was moved; missing = `files.disks.data`. */
  path: z.string().refine(isAbsolute).optional(),
  /** A copy that is being made: not whole, never used, and deleted when nobody makes it any more. */
  copyingTo: z.string().refine(isAbsolute).optional(),
  /** The file before the last move, kept until the user lets it go. */
  oldPath: z.string().refine(isAbsolute).optional(),
  /** The file has grown and the file system on it has not. */
  grown: z.boolean().optional(),
});
export type DiskRecord = z.output<typeof recordSchema>;

export interface DataDisk {
  readonly uuid: string;
  /** The one-time order: this backend's home made the file and nobody has formatted it yet. The guest checks that its first MiB is zero. */
  readonly formatOrder: boolean;
}

/** The disk to boot with. Makes it only where neither a file nor a record says that there was one. */
export async function prepareDisk(files: HomeFiles, bytes: number = DATA_DISK_BYTES): Promise<DataDisk> {
  const record = await readRecord(files);
  const path = placeOf(files, record);
  const exists = await fileExists(path);
  if (record === undefined && exists) {
    // A disk without its record: perhaps the user's, brought back from elsewhere. Its UUID is not known, so it is not touched.
    throw new BerthError('disk.wrongUuid', { path, expected: '-', found: 'data.json is missing' });
  }
  if (record === undefined || (record.state === 'making' && !exists)) {
    return create(files, bytes);
  }
  if (!exists) {
    throw new BerthError('disk.missing', { path });
  }
  if (record.copyingTo !== undefined) {
    // What a guest writes now would not be in the copy.
    throw new BerthError('disk.busy', {});
  }
  if (record.state === 'making') {
    const handle = await open(path, 'r+');
    try {
      await makeWhole(handle, bytes);
    } finally {
      await handle.close();
    }
    await saveRecord(files, { ...record, state: 'new' });
  }
  return { uuid: record.uuid, formatOrder: record.state !== 'formatted' };
}

/** Said by the guest: our UUID is mounted. From now on a format is never ordered again. */
export async function markFormatted(files: HomeFiles): Promise<void> {
  const record = await readRecord(files);
  if (record !== undefined && record.state !== 'formatted') {
    await saveRecord(files, { ...record, state: 'formatted' });
  }
}

/** Where the data disk is or should be. A record that cannot be read is the start's error; until then its usual place is meant. */
export async function diskPath(files: HomeFiles): Promise<string> {
  return placeOf(files, await readRecord(files).catch(() => undefined));
}

/** One after the other is the caller's business. Undefined where there is no disk yet. */
export async function changeRecord(files: HomeFiles, change: (record: DiskRecord) => DiskRecord): Promise<DiskRecord | undefined> {
  const record = await readRecord(files);
  if (record === undefined || record.state === 'making') {
    return undefined;
  }
  const next = change(record);
  await saveRecord(files, next);
  return next;
}

/** For messages: the UUID that this home's disk must have. */
export async function diskUuid(files: HomeFiles): Promise<string> {
  return (await readRecord(files).catch(() => undefined))?.uuid ?? '-';
}

/** For doctor: what is there, in words, or the error that a start would meet. Changes nothing. */
export async function inspectDisk(files: HomeFiles): Promise<string> {
  const record = await readRecord(files);
  const path = placeOf(files, record);
  if (record === undefined || record.state === 'making') {
    return `${path}: -`;
  }
  if (!(await fileExists(path))) {
    throw new BerthError('disk.missing', { path });
  }
  const { size, blocks } = await stat(path);
  return `${path}: ${Math.round((blocks * 512) / 2 ** 20)} / ${Math.round(size / 2 ** 20)} MiB, ${record.uuid}`;
}

async function create(files: HomeFiles, bytes: number): Promise<DataDisk> {
  await ensureFolder(files.disks.folder);
  const record: DiskRecord = { format: 1, uuid: randomUUID(), createdAt: Date.now(), state: 'making' };
  // The record first: a crash after it leaves a record that says so, and the next start finishes it.
  await saveRecord(files, record);
  const handle = await open(files.disks.data, 'wx', 0o600);
  try {
    await makeWhole(handle, bytes);
  } catch (error) {
    await rm(files.disks.data, { force: true }); // Made a moment ago by this very call and still empty.
    throw error;
  } finally {
    await handle.close();
  }
  await saveRecord(files, { ...record, state: 'new' });
  return { uuid: record.uuid, formatOrder: true };
}

/** Of a disk that no guest has seen. */
async function makeWhole(handle: FileHandle, bytes: number): Promise<void> {
  if ((await handle.stat()).size < bytes) {
    await handle.truncate(bytes);
  }
  await handle.sync();
}

export async function readRecord(files: HomeFiles): Promise<DiskRecord | undefined> {
  const path = files.disks.record;
  let value: unknown;
  try {
    value = await readJson(path);
  } catch (error) {
    throw new BerthError('disk.damaged', { path, detail: 'data.json' }, { cause: error });
  }
  if (value === undefined) {
    return undefined;
  }
  const parsed = recordSchema.safeParse(value);
  if (parsed.success && parsed.data.format === 1) {
    return parsed.data;
  }
  if (parsed.success && parsed.data.format > 1) {
    throw new BerthError('disk.newer', { path, detail: `format ${parsed.data.format}` });
  }
  throw new BerthError('disk.damaged', { path, detail: 'data.json' });
}

function placeOf(files: HomeFiles, record: DiskRecord | undefined): string {
  return record?.path ?? files.disks.data;
}

async function saveRecord(files: HomeFiles, record: DiskRecord): Promise<void> {
  await writeJson(files.disks.record, record);
}

async function fileExists(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (hasCode(error, 'ENOENT')) {
      return false;
    }
    throw new BerthError('disk.damaged', { path, detail: error instanceof Error ? error.message : String(error) }, { cause: error });
  }
}

/** What the guest found on the disk, as an error of ours. */
export function diskError(path: string, expected: string, failure: AgentFailure): BerthError {
  const { code, detail } = failure;
  switch (code) {
    case 'missing':
      return new BerthError('disk.missing', { path });
    case 'wrongUuid':
      return new BerthError('disk.wrongUuid', { path, expected, found: detail });
    case 'notEmpty':
      return new BerthError('disk.notEmpty', { path });
    case 'format':
      return new BerthError('disk.formatFailed', { path, detail });
    case 'newer':
      return new BerthError('disk.newer', { path, detail });
    default:
      return new BerthError('disk.damaged', { path, detail });
  }
}
