// A larger data disk: file and device at once while the VM runs, the file alone while it does not; the file system follows by the guest's agent, and
// where it could not, when the engine next answers. Never smaller, and never larger than the host could hold.
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BerthError, isBerthError } from '../../preload/contract';
import { asError } from '../lib/async';
import type { HomeFiles } from '../lib/home';
import { changeRecord, diskPath, readRecord } from '../vm/disk';
import { freeDisk } from '../vm/limits';
import type { Vm } from '../vm/vm';
import { diskFile } from './ledger';

const MIB = 2 ** 20;
const RESIZE_MS = 120_000;

export interface GrowDeps {
  readonly files: HomeFiles;
  readonly vm: Pick<Vm, 'agent' | 'disk' | 'start' | 'status' | 'whileOff'>;
}

export async function growDisk({ files, vm }: GrowDeps, bytes: number): Promise<void> {
  const path = await diskPath(files);
  const found = await diskFile(path);
  if (found === undefined) {
    throw new BerthError('disk.missing', { path });
  }
  const wanted = Math.ceil(bytes / MIB) * MIB;
  if (wanted <= found.sizeBytes) {
    throw new BerthError('disk.notShrunk', { askedBytes: bytes, sizeBytes: found.sizeBytes });
  }
  // What is added must fit into what is free, though the file takes it only as it is written.
  const maxBytes = found.sizeBytes + (await freeDisk(dirname(path)));
  if (wanted > maxBytes) {
    throw new BerthError('disk.growTooLarge', { askedBytes: bytes, maxBytes });
  }
  if (vm.status.get().state === 'suspended') {
    // Its memory knows the disk by its old size.
    await vm.start();
  }
  const { state } = vm.status.get();
  if (state !== 'running' && state !== 'stopped' && state !== 'failed') {
    throw new BerthError('vm.busy', { state });
  }
  await changeRecord(files, (record) => ({ ...record, grown: true }));
  try {
    await (state === 'running' ? vm.disk.resize(wanted) : whileOff(vm, () => extend(path, wanted)));
  } catch (error) {
    if (isBerthError(error)) {
      throw error;
    }
    throw new BerthError('disk.growFailed', { path, detail: asError(error).message }, { cause: error });
  }
  if (state === 'running') {
    await growFileSystem({ files, vm });
  }
}

/** Nothing where the file has not grown since the last time. */
export async function growFileSystem({ files, vm }: Pick<GrowDeps, 'files'> & { readonly vm: Pick<Vm, 'agent'> }): Promise<void> {
  const record = await readRecord(files);
  if (record?.grown !== true) {
    return;
  }
  try {
    await vm.agent.call('resize', {}, { timeoutMs: RESIZE_MS });
  } catch (error) {
    throw new BerthError('disk.growLater', { path: await diskPath(files), detail: asError(error).message }, { cause: error });
  }
  await changeRecord(files, ({ grown: _, ...rest }) => rest);
}

/** Saved memory knows the disk by its old size. */
function whileOff(vm: GrowDeps['vm'], work: () => Promise<void>): Promise<void> {
  return vm.whileOff(async (alone) => {
    await alone.claim();
    await work();
  });
}

async function extend(path: string, bytes: number): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.truncate(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
