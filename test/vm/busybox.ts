// An image without a registry: the host's static busybox, imported. Made once a VM.
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { docker } from './harness';
import type { OpenVm } from './open-vm';

const run = promisify(execFile);

export const BUSYBOX = 'berth-test/busybox:1';

const commands = ['sh', 'sleep', 'cat', 'ls', 'echo', 'id', 'mount', 'grep', 'wc', 'nc', 'true', 'kill', 'touch', 'dd', 'head', 'stat', 'test', 'mkdir', 'rm', 'printf', 'date', 'ip', 'tr', 'stty'];

/** Debian's busybox-static is among the packages that set-up installs. */
export async function loadBusybox(open: Pick<OpenVm, 'dockerHost' | 'resources'>): Promise<string> {
  const found = await docker(open, ['image', 'ls', '--quiet', BUSYBOX]);
  if (found.trim() !== '') {
    return BUSYBOX;
  }
  const folder = await mkdtemp(join(tmpdir(), 'berth-busybox-'));
  try {
    const root = join(folder, 'root');
    await Promise.all(['bin', 'tmp', 'proc', 'etc'].map((name) => mkdir(join(root, name), { recursive: true })));
    await copyFile('/usr/bin/busybox', join(root, 'bin/busybox')).catch(() => copyFile('/bin/busybox', join(root, 'bin/busybox')));
    await Promise.all(commands.map((name) => symlink('busybox', join(root, 'bin', name))));
    await run('tar', ['-c', '-f', join(folder, 'busybox.tar'), '--owner=0', '--group=0', '-C', root, '.']);
    await docker(open, ['import', '--change', 'CMD ["sh"]', join(folder, 'busybox.tar'), BUSYBOX]);
    return BUSYBOX;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
