// The file that takes what a guest writes while the data disk is only read: an empty qcow2 image of the disk's size, which grows by what is written.
import { execFile } from 'node:child_process';
import { chmod, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Resources } from '../resources';

export async function createScratch(resources: Resources, path: string, dataDisk: string): Promise<void> {
  await rm(path, { force: true }); // Of a repair that was killed: nobody's data.
  const { size } = await stat(dataDisk);
  await promisify(execFile)(join(resources.bundle, 'bin', 'qemu-img'), ['create', '-q', '-f', 'qcow2', path, String(size)]);
  await chmod(path, 0o600);
}
