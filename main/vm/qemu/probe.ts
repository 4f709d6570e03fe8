// The proof of an accelerator: QEMU boots our kernel to the first line of init, watched all the way. That /dev/kvm opens, and that a VM can
// be created, proves nothing: on some machines the guest stops later with an internal error, or never moves.
import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { asError } from '../../lib/async';
import { isObject } from '../../lib/json';
import { dialQmp } from './qmp';
import type { Evidence } from './verdicts';

export interface ProbeSpec {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly qmpSocket: string;
  /** Seconds to the whole proof, and without a new byte on the console. */
  readonly deadline: number;
  readonly silence: number;
  /** Told the process while it runs; the result is called when it is gone. */
  guard?(pid: number): Promise<() => Promise<void>>;
}

const MARK = 'BERTH-PROBE-OK';

export async function probe(spec: ProbeSpec, signal: AbortSignal): Promise<Evidence> {
  await rm(spec.qmpSocket, { force: true });
  const began = performance.now();
  const ending = new AbortController();
  const child = spawn(spec.command, spec.args, { cwd: spec.cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const guarded = child.pid === undefined ? undefined : spec.guard?.(child.pid);
  let stderr = '';
  let serial = '';
  const evidence = await new Promise<Evidence>((resolve, reject) => {
    const end = (outcome: Evidence['outcome']): void =>
      resolve({ outcome, command: spec.command, stderr, serial, seconds: (performance.now() - began) / 1000 });
    const whole = setTimeout(() => end('timeout'), spec.deadline * 1000);
    let quiet = setTimeout(() => end('timeout'), spec.silence * 1000);
    ending.signal.addEventListener('abort', () => {
      clearTimeout(whole);
      clearTimeout(quiet);
    });
    signal.addEventListener('abort', () => reject(asError(signal.reason)), { once: true });
    child.on('error', (error) => {
      stderr += error.message;
      end('spawn-failed');
    });
    child.on('close', () => end(serial.includes(MARK) ? 'ok' : 'exited'));
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString('utf8');
      if (/internal error/i.test(stderr)) {
        end('internal-error');
      }
    });
    child.stdout.on('data', (chunk: Buffer) => {
      serial = (serial + chunk.toString('utf8')).slice(-64 * 1024);
      clearTimeout(quiet);
      quiet = setTimeout(() => end('timeout'), spec.silence * 1000);
      if (serial.includes(MARK)) {
        end('ok');
      }
    });
    void watchStatus(spec.qmpSocket, ending.signal, () => end('internal-error'));
  }).finally(async () => {
    ending.abort(new Error('the proof has ended'));
    child.kill('SIGKILL');
    await (
      await guarded
    )?.();
    await rm(spec.qmpSocket, { force: true });
  });
  return evidence;
}

/** QEMU halts a guest whose accelerator failed and stays up; its STOP event is the first to say so. */
async function watchStatus(path: string, signal: AbortSignal, failed: () => void): Promise<void> {
  try {
    const check = async (): Promise<void> => {
      const status = await qmp.execute('query-status');
      if (isObject(status) && status['status'] === 'internal-error') {
        failed();
      }
    };
    const qmp = await dialQmp(
      path,
      ({ event }) => {
        if (event === 'STOP') {
          check().catch(() => undefined);
        }
      },
      signal,
    );
    signal.addEventListener('abort', () => qmp.close(), { once: true });
    await check();
  } catch {
    // No QMP: the process's own end, or the deadline, decides.
  }
}
