// Files with what is or was on the data disk: copied before a repair, set aside by a reset. Nothing here deletes one unasked.
import { rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BerthError } from '../../preload/contract/errors';
import type { KeptDisk } from '../../preload/contract';
import { copyDisk } from '../disk/copy';
import { diskFile } from '../disk/ledger';
import { asError } from '../lib/async';
import { hasCode } from '../lib/atomic-file';
import type { HomeFiles } from '../lib/home';
import { freeDisk } from '../vm/limits';
import type { Progress } from './progress';

/** `20261121-154500`, local time: for a person who looks into the folder. */
export function stamp(at: number): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return `${day}-${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
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
export async function copyBeside(qemuImg: string, path: string, at: number, progress: Progress): Promise<string> {
  const folder = dirname(path);
  const neededBytes = (await diskFile(path))?.hostBytes ?? 0;
  const availableBytes = await freeDisk(folder);
  if (availableBytes < neededBytes) {
    throw new BerthError('repair.noSpaceForCopy', { folder, neededBytes, availableBytes });
  }
  const copy = join(folder, `data-${stamp(at)}-copy.raw`);
  const onProgress = (ratio: number): void => progress.bytes(Math.round(neededBytes * ratio), neededBytes);
  try {
    await copyDisk({ qemuImg, from: path, to: copy, signal: progress.signal, onProgress });
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) {
      await rm(copy, { force: true }); // Made by this very call, and not whole.
    }
    progress.signal.throwIfAborted();
    throw new BerthError('repair.copyFailed', { path: copy, detail: asError(error).message }, { cause: error });
  }
  progress.fact('copied', { path: copy, sizeBytes: (await diskFile(copy))?.hostBytes ?? 0 });
  return copy;
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
