// Files with what is or was on the data disk: copied before a repair, set aside by a reset. Nothing here deletes one unasked.
import { execFile } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { open, rename, rm, stat, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BerthError } from '../../preload/contract/errors';
import type { KeptDisk } from '../../preload/contract';
import { asError } from '../lib/async';
import { hasCode } from '../lib/atomic-file';
import type { HomeFiles } from '../lib/home';
import type { Progress } from './progress';

/** `20261121-154500`, local time: for a person who looks into the folder. */
export function stamp(at: number): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return `${day}-${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
}

export async function hostBytesOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).blocks * 512;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) {
      return undefined;
    }
    throw error;
  }
}

export async function freeBytesAt(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** Those of the paths that are there, newest first. */
export async function listKept(paths: readonly string[]): Promise<KeptDisk[]> {
  const found = await Promise.all(
    paths.map(async (path) => {
      const info = await stat(path).catch(() => undefined);
      return info === undefined ? [] : [{ name: basename(path), path, at: info.birthtimeMs || info.mtimeMs, hostBytes: info.blocks * 512 }];
    }),
  );
  return found.flat().toSorted((a, b) => b.at - a.at);
}

/** A copy beside it, holes kept, on the disk when this resolves; nothing is left of one that did not end. */
export async function copyDisk(qemuImg: string, path: string, at: number, progress: Progress): Promise<string> {
  const folder = dirname(path);
  const neededBytes = (await hostBytesOf(path)) ?? 0;
  const availableBytes = await freeBytesAt(folder);
  if (availableBytes < neededBytes) {
    throw new BerthError('repair.noSpaceForCopy', { folder, neededBytes, availableBytes });
  }
  const copy = join(folder, `data-${stamp(at)}-copy.raw`);
  try {
    await convert(qemuImg, path, copy, (share) => progress.bytes(Math.round(neededBytes * share), neededBytes), progress.signal);
    const file = await open(copy, 'r+');
    await file.chmod(0o600);
    await file.sync();
    await file.close();
  } catch (error) {
    await rm(copy, { force: true }); // Made by this very call, and not whole.
    progress.signal.throwIfAborted();
    throw error instanceof BerthError ? error : new BerthError('repair.copyFailed', { path: copy, detail: asError(error).message });
  }
  progress.fact('copied', { path: copy, sizeBytes: (await hostBytesOf(copy)) ?? 0 });
  return copy;
}

function convert(qemuImg: string, from: string, to: string, tell: (share: number) => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    // `file:` keeps a name with a colon from being read as a protocol.
    const args = ['convert', '-p', '-f', 'raw', '-O', 'raw', '-S', '4k', `file:${from}`, `file:${to}`];
    const child: ChildProcess = execFile(qemuImg, args, { signal, maxBuffer: 16 * 2 ** 20 }, (error, _out, words) =>
      error === null ? resolve() : reject(new Error(words.trim() === '' ? error.message : words.trim(), { cause: error })),
    );
    child.stdout?.on('data', (chunk: string) => {
      const percent = /\(([\d.]+)\/100%\)/.exec(chunk)?.[1];
      if (percent !== undefined) {
        tell(Number(percent) / 100);
      }
    });
  });
}

/** The disk and its record under names of their own; the next start makes a new disk. One that is missing leaves only its record to set aside. */
export async function setAside(files: HomeFiles, path: string, at: number): Promise<readonly string[]> {
  const name = `data-${stamp(at)}`;
  const moves = [[path, join(dirname(path), `${name}.raw`)]];
  if (path !== files.disks.data) {
    // What an earlier move of the disk left in its first place, where the new one will lie.
    moves.push([files.disks.data, join(files.disks.folder, `${name}-old.raw`)]);
  }
  const aside: string[] = [];
  for (const [from = '', to = ''] of moves) {
    if (await moveIfThere(from, to)) {
      aside.push(to);
    }
  }
  await moveIfThere(files.disks.record, join(files.disks.folder, `${name}.json`));
  return aside;
}

async function moveIfThere(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) {
      return false;
    }
    throw error;
  }
}
