// The rung that gets data out of a disk that the engine cannot start on: the disk is only read, volumes and images become tar files on the host.
// Whatever is written (a journal, a mending, dockerd's own) goes to a file that is thrown away. Names on the disk are the guest's word: checked here.
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { appendFile, mkdir, rename, rm } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { BerthError, isBerthError } from '../../preload/contract';
import type { RepairResult } from '../../preload/contract';
import { asError } from '../lib/async';
import { shellCommand } from '../ssh/quote';
import type { RepairGuest } from '../vm/repair-guest';
import type { OffVm } from '../vm/vm';
import { readAccount } from './fsck';
import { stamp } from './kept-disks';
import type { Progress } from './progress';
import { exportImages } from './rescue-images';

export interface RescueOrder {
  /** As `exportFolder` made it. */
  readonly folder: string;
  readonly volumes?: readonly string[] | undefined;
  readonly images: boolean;
}

export interface RescueDeps {
  /** Of the data disk. */
  readonly path: string;
  /** Where dockerd keeps images is in it. */
  readonly document: Readonly<Record<string, unknown>>;
}

/** As dockerd has them; anything else on the disk is not a volume of dockerd's. */
const VOLUME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/;
const VOLUMES = '/data/docker/volumes';

export async function rescue(deps: RescueDeps, off: OffVm, order: RescueOrder, progress: Progress): Promise<RepairResult> {
  const { folder } = order;
  const guest = await progress.step('boot', () => off.guest({ disk: 'throwaway', daemonJson: forImages(deps.document) }, progress.signal));
  await progress.step('open', () => open(guest, deps.path, progress));
  let whole = await progress.step('volumes', () => exportVolumes(guest, order, folder, progress));
  if (order.images) {
    // Volumes are what cannot be had again: whatever becomes of the images, they are out by now.
    whole = (await exportImages(guest, folder, progress)) && whole;
  }
  await guest.end();
  progress.fact('exportedTo', { folder });
  return whole ? 'done' : 'partly';
}

/** A folder of its own in one that is there. */
export async function exportFolder(parent: string): Promise<string> {
  const folder = join(parent, `berth-export-${stamp(Date.now())}`);
  try {
    if (!isAbsolute(parent)) {
      throw new Error('not an absolute path');
    }
    await mkdir(folder, { mode: 0o700 });
    await mkdir(join(folder, 'volumes'), { mode: 0o700 });
    return folder;
  } catch (error) {
    throw new BerthError('repair.folder', { folder: parent, detail: asError(error).message }, { cause: error });
  }
}

/** No network of Docker's, nothing that runs: it only has to know its images. */
function forImages(document: RescueDeps['document']): string {
  const kept = ['storage-driver', 'storage-opts', 'features'].filter((key) => document[key] !== undefined);
  return JSON.stringify({
    ...Object.fromEntries(kept.map((key) => [key, document[key]])),
    bridge: 'none',
    iptables: false,
    ip6tables: false,
  });
}

async function open(guest: RepairGuest, path: string, progress: Progress): Promise<void> {
  const { device } = await readAccount(guest, path);
  const mount = shellCommand(['mount', '-t', 'ext4', '-o', 'noatime', device, '/data']);
  if ((await guest.exec(mount)).code === 0) {
    progress.fact('opened');
    return;
  }
  await guest.exec(`${shellCommand(['e2fsck', '-f', '-y', device])} 1>&2`, {
    signal: progress.signal,
    onStderr: (chunk) => progress.words(chunk),
  });
  const again = await guest.exec(mount);
  if (again.code !== 0) {
    throw new BerthError('repair.diskNotOpened', { path, detail: again.stderr.trim() });
  }
  progress.fact('openedMended');
}

async function exportVolumes(guest: RepairGuest, order: RescueOrder, folder: string, progress: Progress): Promise<boolean> {
  const listed = await guest.exec(`cd ${VOLUMES} 2>/dev/null && for each in */_data; do [ -d "$each" ] && echo "\${each%/_data}"; done`);
  const found = listed.stdout.split('\n').filter((name) => VOLUME.test(name));
  const names = order.volumes ?? found;
  const missing = names.filter((name) => !found.includes(name));
  missing.forEach((name) => progress.fact('volumeMissing', { name }));
  let whole = missing.length === 0;
  let count = 0;
  for (const name of names.filter((each) => found.includes(each))) {
    const tar = shellCommand([
      'tar',
      '-C',
      `${VOLUMES}/${name}/_data`,
      '--numeric-owner',
      '--xattrs',
      '--acls',
      '--sparse',
      '-cf',
      '-',
      '.',
    ]);
    const words = await save(guest, tar, folder, `volumes/${name}.tar`, progress);
    if (words === undefined) {
      count += 1;
    } else {
      whole = false;
      progress.fact('volumePartly', { name, detail: words });
    }
  }
  progress.fact('volumes', { count });
  return whole;
}

/**
 * What the command writes, in a file of the host's with its line in SHA256SUMS; undefined, or the command's last words where it failed: what it wrote until
 * then is kept under another name.
 */
export async function save(
  guest: RepairGuest,
  command: string,
  folder: string,
  name: string,
  progress: Progress,
): Promise<string | undefined> {
  const path = join(folder, name);
  const hash = createHash('sha256');
  let bytes = 0;
  const count = async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      hash.update(chunk);
      bytes += chunk.length;
      progress.bytes(bytes, 0);
      yield chunk;
    }
  };
  try {
    const stream = await guest.execStream(`${command} 2>/run/save.words; echo $? >/run/save.status`);
    stream.end();
    await pipeline(stream, count, createWriteStream(`${path}.part`, { mode: 0o600, flush: true }), { signal: progress.signal });
  } catch (error) {
    await rm(`${path}.part`, { force: true });
    progress.signal.throwIfAborted();
    throw isBerthError(error) ? error : new BerthError('repair.exportFailed', { folder, detail: asError(error).message }, { cause: error });
  }
  const { stdout } = await guest.exec('cat /run/save.status; tail -n 1 /run/save.words; rm -f /run/save.*');
  const [status = '', words = ''] = stdout.split('\n');
  if (status !== '0') {
    await rename(`${path}.part`, `${path}.incomplete`);
    return words === '' ? `exit ${status}` : words;
  }
  await rename(`${path}.part`, path);
  await appendFile(join(folder, 'SHA256SUMS'), `${hash.digest('hex')}  ${name}\n`, { mode: 0o600 });
  return undefined;
}
