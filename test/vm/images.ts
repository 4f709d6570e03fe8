// The image that tests on a real engine run: Debian's static busybox and a page to serve, made here because no registry can be reached.
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runDocker, type DockerHost } from './cli';

export const TEST_IMAGE = 'berth-test:busybox';
export const TEST_PAGE = 'hello from berth\n';

const applets =
  'sh ash ls cat sleep httpd nc wget echo printf sha256sum dd tee true false seq env id stty tty ps head tail wc mkdir rm touch kill trap yes cmp chmod chown mount df'.split(
    ' ',
  );

/** A folder with the image's root file system; the caller removes it. */
export async function makeRootfs(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'berth-rootfs-'));
  for (const folder of ['bin', 'etc', 'tmp', 'www', 'data', 'proc', 'sys', 'dev']) {
    await mkdir(join(root, folder));
  }
  await copyFile('/bin/busybox', join(root, 'bin/busybox'));
  await Promise.all(applets.map((applet) => symlink('busybox', join(root, 'bin', applet))));
  await writeFile(join(root, 'etc/passwd'), 'root:x:0:0:root:/:/bin/sh\n');
  await writeFile(join(root, 'etc/group'), 'root:x:0:\n');
  await writeFile(join(root, 'www/index.html'), TEST_PAGE);
  return root;
}

/** TEST_IMAGE is in the engine when it resolves. */
export async function ensureTestImage(box: DockerHost): Promise<void> {
  const { code } = await runDocker(box, ['image', 'inspect', TEST_IMAGE]);
  if (code === 0) {
    return;
  }
  const root = await makeRootfs();
  try {
    const { stdout } = await promisify(execFile)('tar', ['-C', root, '-c', '.'], { encoding: 'buffer', maxBuffer: 64 * 2 ** 20 });
    const imported = await runDocker(box, ['import', '--change', 'CMD ["sh"]', '-', TEST_IMAGE], { input: stdout });
    if (imported.code !== 0) {
      throw new Error(`the tests' image was not imported: ${imported.stderr}`);
    }
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
