// Files that are either the old or the new ones, whatever happens in between: temporary name, fsync, rename, fsync of the folder.
// Everything Berth keeps is private: 0600 in folders of 0700.
import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import writeFileAtomic from 'write-file-atomic';

export async function ensureFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
}

export async function writeAtomic(path: string, content: string | Buffer): Promise<void> {
  await ensureFolder(dirname(path));
  await writeFileAtomic(path, content, { mode: 0o600, fsync: true });
  await syncFolder(dirname(path));
}

export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeAtomic(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** Undefined where there is no file; what is there and cannot be parsed rejects with a SyntaxError. */
export async function readJson(path: string): Promise<unknown> {
  const text = await readText(path);
  return text === undefined ? undefined : (JSON.parse(text) as unknown);
}

/** For caches and histories that may be lost: what cannot be read or parsed counts as absent. */
export async function readJsonOr<T>(path: string, parse: (value: unknown) => T, otherwise: T): Promise<T> {
  try {
    const value = await readJson(path);
    return value === undefined ? otherwise : parse(value);
  } catch {
    return otherwise;
  }
}

export async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) {
      return undefined;
    }
    throw error;
  }
}

export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code);
}

export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') {
    return; // A folder cannot be opened for fsync there; NTFS journals the rename.
  }
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
