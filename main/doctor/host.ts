// Checks that need no backend and no VM: the machine, the home, its sockets, who owns it.
import { access, constants, lstat } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';
import { BerthError } from '../../preload/contract';
import { asError } from '../lib/async';
import { readText } from '../lib/atomic-file';
import type { HomeFiles } from '../lib/home';
import type { DoctorProbe } from '../vm/vm';

const GB = 1_000_000_000;

export function hostProbes(files: HomeFiles): readonly DoctorProbe[] {
  return [
    {
      id: 'host',
      run: () =>
        Promise.resolve({
          status: 'ok',
          detail: `${process.platform} ${release()} ${process.arch}, ${cpus().length} CPUs, ${(totalmem() / GB).toFixed(1)} GB, Node ${process.versions.node}`,
        }),
    },
    { id: 'home', run: () => checkHome(files) },
    { id: 'settings', run: () => checkSettings(files.settings) },
    { id: 'sockets', run: () => checkSockets(files) },
  ];
}

type Result = ReturnType<DoctorProbe['run']>;

async function checkHome({ root }: HomeFiles): Result {
  try {
    await access(root, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new BerthError('home.notWritable', { path: root, reason: asError(error).message });
  }
  const { mode } = await lstat(root);
  const open = process.platform !== 'win32' && (mode & 0o077) !== 0;
  return { status: open ? 'warn' : 'ok', detail: `${root} (${(mode & 0o777).toString(8)})` };
}

async function checkSettings(path: string): Result {
  const text = await readText(path);
  if (text === undefined) {
    return { status: 'ok', detail: '' };
  }
  try {
    JSON.parse(text.replace(/^\uFEFF/, ''));
    return { status: 'ok', detail: path };
  } catch (error) {
    return { status: 'warn', detail: `${path}: ${asError(error).message}` };
  }
}

/** Private, and really sockets: 0600 in a 0700 folder. */
async function checkSockets({ run }: HomeFiles): Result {
  const wrong: string[] = [];
  const seen: string[] = [];
  for (const path of [run.folder, run.docker, run.control]) {
    const found = await lstat(path).catch(() => undefined);
    if (found === undefined) {
      continue;
    }
    seen.push(path);
    const mode = found.mode & 0o777;
    if (process.platform !== 'win32' && ((mode & 0o077) !== 0 || (path !== run.folder && !found.isSocket()))) {
      wrong.push(`${path} (${mode.toString(8)})`);
    }
  }
  return wrong.length > 0
    ? { status: 'fail', detail: wrong.join(', ') }
    : { status: 'ok', detail: seen.length > 1 ? seen.slice(1).join(', ') : run.folder };
}
