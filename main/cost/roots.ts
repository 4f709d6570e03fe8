// Where Berth's processes begin: this one, QEMU, and servers that an earlier backend started, by what was written down of them.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readJsonOr } from '../lib/atomic-file';
import type { HomeFiles } from '../lib/home';
import { isSameProcess } from '../lib/process';
import { read } from './counters';
import type { OwnProcess, ProcessRoots } from './processes';

const recordSchema = z.object({ pid: z.number(), startTime: z.string(), bootId: z.string() });

export async function findRoots(files: HomeFiles, vm: number | undefined): Promise<ProcessRoots> {
  return { backend: process.pid, vm, others: vm === undefined ? [] : [...(await servers(files)), ...network(files)] };
}

async function servers(files: HomeFiles): Promise<readonly OwnProcess[]> {
  const names = (await readdir(files.state.shares).catch((): string[] => [])).filter((name) => name.endsWith('.json'));
  const found: OwnProcess[] = [];
  for (const name of names) {
    const record = await readJsonOr(join(files.state.shares, name), (value) => recordSchema.parse(value), undefined);
    if (record !== undefined && (await isSameProcess(record))) {
      found.push({ pid: record.pid, part: 'shares' });
    }
  }
  return found;
}

/** Its pid file says no more than a pid: whose it is now, its command line says. */
function network(files: HomeFiles): readonly OwnProcess[] {
  const pid = Number(read(join(files.run.folder, 'net.pid'))?.trim() ?? '');
  const isPasst = pid > 0 && /(^|\/|\0)passt/.test(read(`/proc/${pid}/cmdline`) ?? '');
  return isPasst ? [{ pid, part: 'network' }] : [];
}
