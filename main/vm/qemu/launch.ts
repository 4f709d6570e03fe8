// Starting QEMU: detached, in the home, private files, its words in logs/qemu.log; and what its early end means.
// Knows no QMP and no guest.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { BerthError } from '../../../preload/contract/errors';
import { hasCode } from '../../lib/atomic-file';
import { lastLine } from './verdicts';

export interface Launched {
  readonly child: ChildProcess;
  /** How it ended: exit status or signal; rejects where it never started. */
  readonly ended: Promise<string>;
}

export function launch(command: string, args: readonly string[], home: string, logPath: string): Launched {
  const log = openSync(logPath, 'a', 0o600);
  // Files and sockets that QEMU makes are the user's alone. The mask is the whole process's, and spawn is synchronous up to the fork.
  const mask = process.umask(0o177);
  try {
    const child = spawn(command, args, { cwd: home, detached: true, stdio: ['ignore', log, log] });
    child.unref();
    const ended = new Promise<string>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve(signal === null ? `exit ${code ?? 0}` : `signal ${signal}`));
    });
    ended.catch(() => undefined);
    return { child, ended };
  } finally {
    process.umask(mask);
    closeSync(log);
  }
}

/** A port of 127.0.0.1 that was free a moment ago; QEMU says when it was taken since. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

export async function logSize(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

/** The text that a log gained since an offset, its last 8 KiB. */
export async function textSince(path: string, offset: number): Promise<string> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const from = Math.max(size < offset ? 0 : offset, size - 8192);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.max(0, size - from)), 0, Math.max(0, size - from), from);
      return buffer.subarray(0, bytesRead).toString('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    if (hasCode(error, 'ENOENT')) {
      return '';
    }
    throw error;
  }
}

export type LaunchProblem = 'portTaken' | 'sandbox' | BerthError;

/** What QEMU's stderr says about a start that ended early; two of them are tried again in another way. */
export function explainLaunch(
  stderr: string,
  facts: { readonly dataDisk: string; readonly memoryBytes: number; readonly availableBytes: number; readonly ended: string },
): LaunchProblem {
  if (/Could not set up host forwarding/i.test(stderr)) {
    return 'portTaken';
  }
  if (/seccomp|-sandbox/i.test(stderr)) {
    return 'sandbox';
  }
  if (/Failed to get .*lock|Is another process using the image/i.test(stderr)) {
    return new BerthError('disk.inUse', { path: facts.dataDisk });
  }
  if (/cannot set up guest memory|Cannot allocate memory/i.test(stderr)) {
    return new BerthError('vm.notEnoughMemory', { neededBytes: facts.memoryBytes, availableBytes: facts.availableBytes });
  }
  return new BerthError('vm.spawnFailed', { detail: lastLine(stderr) || facts.ended });
}
