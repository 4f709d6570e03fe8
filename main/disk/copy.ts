// A data disk copied to a file that is made for it, and compared with it byte by byte. qemu-img does both, because the bundle has it on every system:
// it skips holes and zeros, tells its progress, and its lock on the image keeps every QEMU away meanwhile. Knows nothing of records and VMs.
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { copyFile, open, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasCode } from '../lib/atomic-file';

export interface CopySpec {
  readonly qemuImg: string;
  /** Absolute both, which keeps qemu-img from reading a protocol out of a name. */
  readonly from: string;
  readonly to: string;
  readonly signal: AbortSignal;
  /** From 0 to 1. */
  onProgress(ratio: number): void;
}

export function qemuImgOf(bundle: string): string {
  return join(bundle, 'bin', process.platform === 'win32' ? 'qemu-img.exe' : 'qemu-img');
}

/** Where the file system can: one that shares the blocks of the other. False where it cannot; `to` is not there then. */
export async function cloneDisk({ from, to }: Pick<CopySpec, 'from' | 'to'>): Promise<boolean> {
  try {
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
    await sync(to);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) {
      throw error;
    }
    await rm(to, { force: true });
    return false;
  }
}

export async function copyDisk(spec: CopySpec): Promise<void> {
  const { size } = await stat(spec.from);
  const made = await open(spec.to, 'wx', 0o600);
  try {
    await made.truncate(size);
  } finally {
    await made.close();
  }
  await run(spec, ['convert', '-p', '-n', '--target-is-zero', '-t', 'writeback', '-f', 'raw', '-O', 'raw', spec.from, spec.to]);
  await sync(spec.to);
}

/** Undefined where both hold the same; else qemu-img's words on the first difference. */
export async function compareDisks(spec: CopySpec): Promise<string | undefined> {
  const args = ['-p', '-f', 'raw', '-F', 'raw', spec.from, spec.to];
  try {
    // Past the page cache, so that what is compared is what the disk has.
    await run(spec, ['compare', '-T', 'none', ...args]);
  } catch (error) {
    spec.signal.throwIfAborted();
    if (error instanceof QemuImgError && error.code === DIFFERS) {
      return error.message;
    }
    // Not every file system reads like that.
    return run(spec, ['compare', ...args]).then(
      () => undefined,
      (again: unknown) => {
        if (again instanceof QemuImgError && again.code === DIFFERS) {
          return again.message;
        }
        throw again;
      },
    );
  }
  return undefined;
}

const DIFFERS = 1;
/** `    (12.34/100%)` and a carriage return. */
const PROGRESS = /\((\d+(?:\.\d+)?)\/100%\)/g;

class QemuImgError extends Error {
  constructor(
    readonly code: number | null,
    words: string,
  ) {
    super(words);
  }
}

function run(spec: CopySpec, args: readonly string[]): Promise<void> {
  const { qemuImg, signal } = spec;
  return new Promise((resolve, reject) => {
    const child = spawn(qemuImg, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const stop = (): void => void child.kill('SIGTERM');
    let words = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const last = [...text.matchAll(PROGRESS)].at(-1)?.[1];
      if (last !== undefined) {
        spec.onProgress(Number(last) / 100);
      }
      words = `${words}${text.replace(PROGRESS, '')}`.trim().slice(-2000);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (words = `${words}${text}`.trim().slice(-2000)));
    child.once('error', reject);
    child.once('close', (code) => {
      signal.removeEventListener('abort', stop);
      if (signal.aborted) {
        reject(signal.reason instanceof Error ? signal.reason : new Error('cancelled'));
      } else if (code === 0) {
        resolve();
      } else {
        reject(
          new QemuImgError(
            code,
            words
              .split(/[\r\n]+/)
              .at(-1)
              ?.trim() ?? '',
          ),
        );
      }
    });
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) {
      stop();
    }
  });
}

/** The file, and the name that it has in its folder. */
async function sync(path: string): Promise<void> {
  for (const each of process.platform === 'win32' ? [path] : [path, dirname(path)]) {
    const handle = await open(each, each === path ? 'r+' : 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}
