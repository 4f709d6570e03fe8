// The guest's memory where it is a file of the host's (Linux): saved and put back beside QEMU, page by page that was used. Knows vm/bundle's starter, which
// makes the file, and memory-file, which copies; nothing of QMP.
import { execFile } from 'node:child_process';
import { readlink, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { retryUntil } from '../../lib/async';
import { hasCode } from '../../lib/atomic-file';

const DESCRIPTOR = 61;

/** As QEMU opens it: what its starter left open (vm/bundle/starter.c). */
export const MEMORY_PATH = `/proc/self/fd/${DESCRIPTOR}`;

/** Undefined where QEMU has the memory to itself: on other systems, and in one that an earlier Berth started. */
export async function memoryOf(pid: number): Promise<string | undefined> {
  const path = `/proc/${pid}/fd/${DESCRIPTOR}`;
  try {
    return (await readlink(path)).startsWith('/memfd:berth-memory') ? path : undefined;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) {
      return undefined;
    }
    throw error;
  }
}

/** What saving it takes on the disk, at most; pages that the host has swapped out count too. */
export async function usedBytes(memory: string): Promise<number> {
  return (await stat(memory)).blocks * 512;
}

/** Of a process that has only just begun. */
export function memoryOfNew(pid: number, signal: AbortSignal): Promise<string> {
  return retryUntil(async () => (await memoryOf(pid)) ?? Promise.reject(new Error('QEMU has no memory of its own')), 2, signal);
}

export interface MemoryFile {
  /** The guest is halted. */
  save(memory: string, file: string): Promise<void>;
  /** Into memory that nothing has been in. Rejects where the file is not exactly what was saved. */
  load(file: string, memory: string): Promise<void>;
}

export function createMemoryFile(program: () => string): MemoryFile {
  const run = async (...args: readonly string[]): Promise<void> => {
    try {
      await promisify(execFile)(program(), args);
    } catch (error) {
      const words = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
      throw words === '' ? error : new Error(words, { cause: error });
    }
  };
  return { save: (memory, file) => run('save', memory, file), load: (file, memory) => run('load', file, memory) };
}
