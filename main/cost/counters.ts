// Counters of one process since its start, as this system tells them: /proc on Linux, `ps` on macOS, Node's own of this process elsewhere.
// What is not told is missing. Knows no parts and keeps nothing.
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Counters {
  /** With the pid it names one process. */
  readonly startTime: string;
  /** Seconds since its start. */
  readonly age?: number;
  readonly cpuSeconds?: number;
  readonly memory?: Memory;
  readonly writtenBytes?: number;
  /** Ends of a wait, of all its threads. */
  readonly wakeups?: number;
}

export interface Memory {
  /** Its own and that of files. */
  readonly privateBytes: number;
  /** Memory that was made to be shared: the guest's, for QEMU and for those that serve its shares. */
  readonly sharedBytes: number;
}

/** Linux has told it in hundredths to programs since ever, whatever the kernel's own tick is. */
const TICKS = 100;
const KIB = 1024;

export function readCounters(pids: readonly number[], proc = '/proc'): Promise<ReadonlyMap<number, Counters>> {
  switch (process.platform) {
    case 'linux':
      return Promise.resolve(collect(pids, (pid) => fromProc(proc, pid)));
    case 'darwin':
      return fromPs(pids);
    default:
      return Promise.resolve(collect(pids, (pid) => (pid === process.pid ? own() : undefined)));
  }
}

/** The share of its pages that is its own where several processes map them; slow, because the kernel walks them all. */
export function proportional(pid: number, proc = '/proc'): number | undefined {
  const text = read(join(proc, String(pid), 'smaps_rollup'));
  return kib(text, 'Pss');
}

function collect(pids: readonly number[], read: (pid: number) => Counters | undefined): Map<number, Counters> {
  return new Map(
    pids.flatMap((pid) => {
      const counters = read(pid);
      return counters === undefined ? [] : [[pid, counters]];
    }),
  );
}

function fromProc(proc: string, pid: number): Counters | undefined {
  const folder = join(proc, String(pid));
  const fields = statFields(read(join(folder, 'stat')));
  if (fields === undefined) {
    return undefined;
  }
  const status = read(join(folder, 'status'));
  const written = /^write_bytes: (\d+)$/m.exec(read(join(folder, 'io')) ?? '')?.[1];
  const anonymous = kib(status, 'RssAnon');
  return {
    startTime: fields[19] ?? '',
    age: uptime() - Number(fields[19]) / TICKS,
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS,
    wakeups: waits(folder),
    ...(written === undefined ? {} : { writtenBytes: Number(written) }),
    ...(anonymous === undefined
      ? {}
      : { memory: { privateBytes: anonymous + (kib(status, 'RssFile') ?? 0), sharedBytes: kib(status, 'RssShmem') ?? 0 } }),
  };
}

/** Behind the name, which may hold anything. */
export function statFields(stat: string | undefined): readonly string[] | undefined {
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** The process's own file counts its first thread only. */
function waits(folder: string): number {
  let sum = 0;
  for (const thread of names(join(folder, 'task'))) {
    sum += Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(read(join(folder, 'task', thread, 'status')) ?? '')?.[1] ?? 0);
  }
  return sum;
}

async function fromPs(pids: readonly number[]): Promise<ReadonlyMap<number, Counters>> {
  try {
    const { stdout } = await run('ps', ['-o', 'pid=,rss=,time=,lstart=', '-p', pids.join(',')], { env: { ...process.env, LC_ALL: 'C' } });
    return parsePs(stdout);
  } catch {
    return new Map();
  }
}

/** `  412  51234   1:02.33 Sat Nov 21 10:00:00 2026`; the time may have hours. */
export function parsePs(text: string): ReadonlyMap<number, Counters> {
  const lines = text.matchAll(/^\s*(\d+)\s+(\d+)\s+(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)\s+(.+)$/gm);
  return new Map(
    [...lines].map(([, pid, rss, hours = '0', minutes, seconds, startTime = '']) => [
      Number(pid),
      {
        startTime: startTime.trim(),
        age: (Date.now() - Date.parse(startTime)) / 1000,
        cpuSeconds: Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds),
        memory: { privateBytes: Number(rss) * KIB, sharedBytes: 0 },
      },
    ]),
  );
}

function own(): Counters {
  const { user, system } = process.cpuUsage();
  return { startTime: '', cpuSeconds: (user + system) / 1e6, memory: { privateBytes: process.memoryUsage().rss, sharedBytes: 0 } };
}

function kib(text: string | undefined, name: string): number | undefined {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text ?? '')?.[1];
  return found === undefined ? undefined : Number(found) * KIB;
}

/** /proc does not wait for a disk, and a call at once costs a tenth of a promise of it. */
export function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}

export function names(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
