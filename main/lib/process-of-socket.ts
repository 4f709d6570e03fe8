// Which process holds a socket, by its inodes: Linux only, and only processes of the same user (all of them for root).
import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';

/** `name (pid)`, or undefined. A process that is not the system's first one is preferred: that one only holds sockets for others. */
export async function processOfSocket(inodes: ReadonlySet<string>): Promise<string | undefined> {
  const pids = inodes.size === 0 ? [] : (await readdir('/proc').catch(() => [])).filter((name) => /^[0-9]+$/.test(name));
  for (const pid of [...pids.filter((each) => each !== '1'), ...pids.filter((each) => each === '1')]) {
    if (await holdsSocket(pid, inodes)) {
      return `${await nameOf(pid)} (${pid})`;
    }
  }
  return undefined;
}

/** Of the program's file: what a process calls its threads may be `MainThread`. */
async function nameOf(pid: string): Promise<string> {
  const file = await readlink(`/proc/${pid}/exe`).catch(() => '');
  const name = file === '' ? await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '') : basename(file.replace(/ \(deleted\)$/, ''));
  return name.trim() || '?';
}

async function holdsSocket(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const links = await Promise.all(descriptors.map((descriptor) => readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '')));
  return links.some((link) => inodes.has(/^socket:\[([0-9]+)\]$/.exec(link)?.[1] ?? ''));
}
