// Who a process is: a pid alone says little, because pids are used again, after a reboot above all.
// An identity is pid, start time and boot; only when all three agree is it the process that was written down.
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { hasCode } from './atomic-file';

const run = promisify(execFile);

export interface ProcessIdentity {
  readonly pid: number;
  /** The system's own words for the start time: clock ticks after boot on Linux, a date elsewhere. */
  readonly startTime: string;
  readonly bootId: string;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
}

/** Undefined where no such process runs; a zombie counts as gone. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const startTime = await startTimeOf(pid);
  return startTime === undefined ? undefined : { pid, startTime, bootId: await bootId() };
}

export async function isSameProcess(identity: ProcessIdentity): Promise<boolean> {
  const now = await identify(identity.pid);
  return now?.startTime === identity.startTime && now.bootId === identity.bootId;
}

export async function bootId(): Promise<string> {
  if (process.platform === 'linux') {
    return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  }
  if (process.platform === 'darwin') {
    return (await run('sysctl', ['-n', 'kern.bootsessionuuid'])).stdout.trim();
  }
  return ''; // Windows: the start time is a full date and enough.
}

async function startTimeOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    return startTimeFromProc(pid);
  }
  try {
    const command: [string, string[]] =
      process.platform === 'win32'
        ? ['powershell.exe', ['-NoProfile', '-Command', `(Get-Process -Id ${pid}).StartTime.ToFileTimeUtc()`]]
        : ['ps', ['-o', 'lstart=', '-p', String(pid)]];
    const { stdout } = await run(...command);
    return stdout.trim() === '' ? undefined : stdout.trim();
  } catch {
    return undefined;
  }
}

/** Whether a process that led a group is gone and others of its group are not: as long as they live, its number is nobody else's. Linux only. */
export async function hasOrphans(leader: ProcessIdentity): Promise<boolean> {
  if (leader.bootId !== (await bootId()) || (await identify(leader.pid)) !== undefined) {
    return false;
  }
  const pids = (await readdir('/proc').catch((): string[] => [])).filter((name) => /^\d+$/.test(name));
  const groups = await Promise.all(pids.map(async (pid) => (await statFields(Number(pid)))?.[2]));
  return groups.includes(String(leader.pid));
}

async function startTimeFromProc(pid: number): Promise<string | undefined> {
  return (await statFields(pid))?.[19];
}

/** From the state on; undefined for a process that is not there, or is a zombie. */
async function statFields(pid: number): Promise<string[] | undefined> {
  let text: string;
  try {
    text = await readFile(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The name in parentheses may hold anything, spaces and parentheses too: count fields after the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (fields[0] === 'Z' || fields[0] === 'X') && !(await hasThreads(pid)) ? undefined : fields;
}

/** The first thread may be done while others still hold the process's files and locks. */
async function hasThreads(pid: number): Promise<boolean> {
  return readdir(`/proc/${pid}/task`).then(
    (threads) => threads.length > 1,
    () => false,
  );
}
