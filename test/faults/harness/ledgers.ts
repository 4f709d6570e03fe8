// What must be as it was after every fault: bytes in volumes, the settings' files, operations with an end, the window's list and the engine's,
// and nothing left behind. Each ledger is read before and after; what differs is said in words.
import { createHash } from 'node:crypto';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Stage } from './stage';

export interface Ledgers {
  /** Of every file in the volumes, by the guest's own sha256sum. */
  readonly volumes: string;
  readonly settings: string;
  /** Names of programs that run for this home, here and in the guest. */
  readonly processes: string;
  readonly files: string;
  readonly descriptors: number;
  /** Id, start time and restarts of the containers that run. */
  readonly containers: string;
}

/** Kept connections come and go. */
const DESCRIPTORS = 12;

export async function readLedgers(stage: Stage): Promise<Ledgers> {
  const [volumes, settings, processes, files, descriptors, containers] = await Promise.all([
    readVolumes(stage),
    readSettings(stage),
    readProcesses(stage.home),
    readFiles(stage),
    readdir('/proc/self/fd').then((list) => list.length),
    readContainers(stage),
  ]);
  return { volumes, settings, processes, files, descriptors, containers };
}

/** Words on what is not as it was; none where all is. */
export function compareLedgers(before: Ledgers, after: Ledgers, { endsVm }: { readonly endsVm: boolean }): string[] {
  const differences = (['volumes', 'settings', 'processes', 'files'] as const).filter((name) => before[name] !== after[name]);
  const words = differences.map((name) => `${name}: ${difference(before[name], after[name])}`);
  if (!endsVm && before.containers !== after.containers) {
    words.push(`containers: ${difference(before.containers, after.containers)}`);
  }
  if (after.descriptors > before.descriptors + DESCRIPTORS) {
    words.push(`descriptors: ${before.descriptors} before, ${after.descriptors} after`);
  }
  return words;
}

/** Operations without an end. */
export async function unendedTasks(stage: Stage): Promise<string[]> {
  const tasks = await stage.backend.first((context) => stage.handlers['tasks.changes']({}, context));
  return tasks.filter(({ state }) => state === 'running').map(({ kind, subject }) => `task without an end: ${kind} ${subject}`);
}

/** What the window shows is what the engine says. */
export async function untruths(stage: Stage): Promise<string[]> {
  const shown = await stage.backend.first((context) => stage.handlers['engine.changes']({}, context));
  const window = shown.kind === 'snapshot' ? shown.containers.map(({ id, state }) => `${id} ${state}`) : [];
  const engine = await stage.docker('ps', '--all', '--no-trunc', '--format', '{{.ID}} {{.State}}');
  const [seen, real] = [window.sort().join('\n'), engine.trim().split('\n').sort().join('\n')];
  return seen === real ? [] : [`the window's list: ${difference(real, seen)}`];
}

async function readVolumes(stage: Stage): Promise<string> {
  const { stdout, stderr, code } = await stage.guest(
    'cd /var/lib/docker/volumes && find ledger-* -type f -exec sha256sum {} + | sort -k 2',
  );
  if (code !== 0) {
    throw new Error(`the volumes cannot be read: ${stderr}`);
  }
  return stdout;
}

async function readSettings({ backend: { files } }: Stage): Promise<string> {
  const sums = [files.settings, files.daemonJson, files.mirrors].map(async (path) => {
    const content = await readFile(path).catch(() => undefined);
    return `${path} ${content === undefined ? 'missing' : createHash('sha256').update(content).digest('hex')}`;
  });
  return (await Promise.all(sums)).join('\n');
}

/** A process is the home's where it works in it or was told of it. Clients that are on their way out are not looked at. */
export async function processesOf(home: string): Promise<readonly { readonly pid: number; readonly name: string }[]> {
  const pids = (await readdir('/proc')).filter((name) => /^[0-9]+$/.test(name) && name !== String(process.pid));
  const found = pids.map(async (pid) => {
    const [cwd, command, name] = await Promise.all([
      readlink(`/proc/${pid}/cwd`).catch(() => ''),
      readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
      readFile(`/proc/${pid}/comm`, 'utf8').catch(() => ''),
    ]);
    return cwd.startsWith(home) || command.includes(home) ? [{ pid: Number(pid), name: name.trim() }] : [];
  });
  return (await Promise.all(found)).flat().filter(({ name }) => name !== '' && name !== 'docker');
}

async function readProcesses(home: string): Promise<string> {
  return (await processesOf(home))
    .map(({ name }) => name)
    .sort()
    .join('\n');
}

async function readFiles({ home, backend: { files } }: Stage): Promise<string> {
  const folders = [home, files.run.folder, files.state.folder, files.disks.folder, join(home, 'suspend')];
  const names = folders.map(async (folder) => (await readdir(folder).catch(() => [])).map((name) => join(folder, name)));
  // Shares have another tag at each start.
  const plain = (await Promise.all(names)).flat().map((name) => name.replace(/fs-[0-9a-f]{12}/, 'fs-TAG'));
  // The folder of saved memory stays from the first suspend on.
  return [...new Set(plain)]
    .filter((name) => name !== files.suspend.folder)
    .sort()
    .join('\n');
}

async function readContainers(stage: Stage): Promise<string> {
  const ids = (await stage.docker('ps', '--quiet')).trim().split('\n');
  const lines = await stage.docker('inspect', '--format', '{{.Name}} {{.State.StartedAt}} {{.State.Pid}} {{.RestartCount}}', ...ids);
  return lines.trim().split('\n').sort().join('\n');
}

function difference(before: string, after: string): string {
  const [old, now] = [before.split('\n'), after.split('\n')];
  const gone = old.filter((line) => !now.includes(line)).map((line) => `- ${line}`);
  const come = now.filter((line) => !old.includes(line)).map((line) => `+ ${line}`);
  const words = [...gone, ...come].slice(0, 6).join(' ');
  return words === '' ? `${old.length} lines before, ${now.length} after` : words;
}
