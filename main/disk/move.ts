// The data disk to another folder: off, copied, compared, and only then the record names the new file; until that moment, and after a crash at any other,
// the old one is in force. It is kept until somebody lets it go. What is deleted here is an unfinished copy of ours, or the old disk on that word.
import { access, constants, realpath, rm, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { BerthError, isBerthError } from '../../preload/contract';
import type { DiskStep } from '../../preload/contract';
import { asError, deferred } from '../lib/async';
import { hasCode } from '../lib/atomic-file';
import type { HomeFiles } from '../lib/home';
import type { Logger } from '../lib/logger';
import type { TaskRun } from '../lib/task-runner';
import { createTaskSteps } from '../lib/task-steps';
import { changeRecord, readRecord } from '../vm/disk';
import type { DiskRecord } from '../vm/disk';
import { freeDisk, MIN_FREE_DISK } from '../vm/limits';
import type { Vm } from '../vm/vm';
import { cloneDisk, compareDisks, copyDisk } from './copy';
import { diskFile } from './ledger';

export interface MoveDeps {
  readonly files: HomeFiles;
  readonly qemuImg: string;
  readonly vm: Pick<Vm, 'start' | 'status' | 'whileOff'>;
  readonly log: Logger;
}

export interface MovePlan {
  readonly from: string;
  readonly to: string;
  readonly folder: string;
  readonly hostBytes: number;
}

/** Everything that can be known before anything is stopped. */
export async function planMove({ files }: Pick<MoveDeps, 'files'>, given: string): Promise<MovePlan> {
  const record = await readRecord(files);
  const from = record?.path ?? files.disks.data;
  const found = await diskFile(from);
  if (record === undefined || found === undefined) {
    throw new BerthError('disk.missing', { path: from });
  }
  if (record.oldPath !== undefined && (await diskFile(record.oldPath)) !== undefined) {
    throw new BerthError('disk.oldKept', { path: record.oldPath });
  }
  const folder = await writableFolder(given);
  const to = folder === (await realpath(files.disks.folder)) ? files.disks.data : join(folder, `berth-${record.uuid.slice(0, 8)}.raw`);
  if (folder === (await realpath(dirname(from)))) {
    throw new BerthError('disk.moveFolder', { folder, reason: 'same', detail: from });
  }
  if ((await diskFile(to)) !== undefined) {
    throw new BerthError('disk.moveFolder', { folder, reason: 'taken', detail: to });
  }
  return { from, to, folder, hostBytes: found.hostBytes };
}

export async function moveDisk(
  deps: MoveDeps,
  { from, to, folder, hostBytes }: MovePlan,
  { signal, update }: Pick<TaskRun, 'signal' | 'update'>,
): Promise<void> {
  const { files, qemuImg, vm, log } = deps;
  const ran = ['running', 'starting', 'resuming'].includes(vm.status.get().state);
  const steps = createTaskSteps<DiskStep>(['stop', 'copy', 'compare', 'switch', ...(ran ? (['start'] as const) : [])], update);
  update({ totalBytes: 2 * hostBytes });
  const spec = (part: 0 | 1) => ({
    ...{ qemuImg, from, to, signal },
    onProgress: (ratio: number) => update({ currentBytes: Math.round((part + ratio) * hostBytes) }),
  });
  const transfer = async (): Promise<void> => {
    const before = await stat(from, { bigint: true });
    await changeRecord(files, (record) => ({ ...record, copyingTo: to }));
    const cloned = await steps.run('copy', async () => {
      if (await cloneDisk({ from, to })) {
        return true;
      }
      const availableBytes = await freeDisk(folder);
      const neededBytes = hostBytes + MIN_FREE_DISK;
      if (availableBytes < neededBytes) {
        throw new BerthError('disk.moveNoSpace', { folder, neededBytes, availableBytes });
      }
      await copyDisk(spec(0));
      return false;
    });
    if (cloned) {
      steps.skip('compare'); // The same blocks under two names.
    } else {
      await steps.run('compare', async () => {
        const difference = await compareDisks(spec(1));
        if (difference !== undefined) {
          throw new BerthError('disk.moveDiffers', { folder, detail: difference });
        }
      });
    }
    signal.throwIfAborted();
    update({ cancellable: false, currentBytes: 2 * hostBytes });
    await steps.run('switch', async () => {
      const after = await stat(from, { bigint: true });
      if (after.mtimeNs !== before.mtimeNs || after.size !== before.size) {
        throw new BerthError('disk.moveDiffers', { folder, detail: `${from}: ${new Date(Number(after.mtimeMs)).toISOString()}` });
      }
      await changeRecord(files, ({ copyingTo: _, path: __, ...record }) => ({
        ...record,
        ...(to === files.disks.data ? {} : { path: to }),
        oldPath: from,
      }));
    });
  };
  try {
    const off = deferred<void>();
    const moved = vm.whileOff(async (alone) => {
      off.resolve();
      await alone.claim();
      signal.throwIfAborted();
      try {
        await transfer();
      } catch (error) {
        await dropCopy(files, log, hasCode(error, 'EEXIST'));
        throw error;
      }
    });
    moved.catch((error: unknown) => off.reject(error));
    await steps.run('stop', () => off.promise);
    await moved;
    log.info('the data disk was moved', { from, to });
  } catch (error) {
    if (ran) {
      vm.start().catch((problem: unknown) => log.warn('no start after a move that failed', { problem }));
    }
    signal.throwIfAborted();
    throw isBerthError(error) ? error : new BerthError('disk.moveFailed', { folder, detail: asError(error).message }, { cause: error });
  }
  if (ran) {
    await steps.run('start', () => vm.start());
  }
}

/** A copy that nobody makes any more: after a crash, a cancel, a failure. The disk in force is never it, and what `isForeign` was not made by us. */
export async function dropCopy(files: HomeFiles, log: Logger, isForeign = false): Promise<void> {
  const record = await readRecord(files);
  const copy = record?.copyingTo;
  if (record === undefined || copy === undefined) {
    return;
  }
  if (!isForeign && copy !== inForce(files, record) && copy !== record.oldPath) {
    await rm(copy, { force: true }).catch((error: unknown) => log.warn('an unfinished copy of the data disk stays', { copy, error }));
  }
  await changeRecord(files, ({ copyingTo: _, ...rest }) => rest);
}

/** The disk in force must be there: otherwise the old one may be all that is left. */
export async function forgetOldDisk(files: HomeFiles, path: string): Promise<void> {
  const record = await readRecord(files);
  if (record?.oldPath === undefined || record.oldPath !== path) {
    throw new BerthError('disk.noOld', { path });
  }
  const current = inForce(files, record);
  if (path === current || (await diskFile(current)) === undefined) {
    throw new BerthError('disk.missing', { path: current });
  }
  await rm(path, { force: true });
  await changeRecord(files, ({ oldPath: _, ...rest }) => rest);
}

function inForce(files: HomeFiles, record: DiskRecord): string {
  return record.path ?? files.disks.data;
}

async function writableFolder(given: string): Promise<string> {
  const refuse = (reason: 'relative' | 'missing' | 'notFolder' | 'notWritable', detail = ''): BerthError =>
    new BerthError('disk.moveFolder', { folder: given, reason, detail });
  if (!isAbsolute(given)) {
    throw refuse('relative');
  }
  try {
    const folder = await realpath(given);
    if (!(await stat(folder)).isDirectory()) {
      throw refuse('notFolder');
    }
    await access(folder, constants.W_OK | constants.X_OK);
    return folder;
  } catch (error) {
    if (isBerthError(error)) {
      throw error;
    }
    throw hasCode(error, 'ENOENT', 'ENOTDIR') ? refuse('missing') : refuse('notWritable', asError(error).message);
  }
}
