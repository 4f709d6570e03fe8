// The image that tests on a real engine run: Debian's static busybox and a page to serve, made here because no registry can be reached.
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runDocker, type DockerHost } from './cli';
import { testResources } from './open-vm';

export const TEST_IMAGE = 'berth-test/busybox:1';
export const CLI_IMAGE = 'berth-test:cli';
export const TEST_PAGE = 'hello from berth\n';

const applets =
  'ash cat chmod chown cmp date dd df echo env false grep head httpd id ip kill ls mkdir mount nc printf ps rm seq sh sha256sum sleep stat stty tail tee test touch tr trap true tty wc wget yes'.split(
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
  for (const program of ['udp-echo', 'tcp-echo']) {
    await promisify(execFile)('cc', [
      '-O3',
      '-static',
      '-s',
      '-o',
      join(root, 'bin', program),
      join(process.cwd(), `test/vm/${program}.c`),
    ]);
  }
  await writeFile(join(root, 'etc/passwd'), 'root:x:0:0:root:/:/bin/sh\n');
  await writeFile(join(root, 'etc/group'), 'root:x:0:\n');
  await writeFile(join(root, 'www/index.html'), TEST_PAGE);
  return root;
}

/** TEST_IMAGE is in the engine when it resolves. */
export function ensureTestImage(box: DockerHost): Promise<void> {
  return ensureImage(box, TEST_IMAGE, () => Promise.resolve());
}

/** The test image with the bundle's docker CLI in it, for containers that use the engine's socket themselves. */
export function ensureCliImage(box: DockerHost): Promise<void> {
  return ensureImage(box, CLI_IMAGE, async (root) => {
    const { bundle } = box.resources ?? (await testResources());
    const from = (path: string): string => join(bundle, 'root', path);
    await Promise.all(['lib64', 'lib/x86_64-linux-gnu', 'usr/bin'].map((folder) => mkdir(join(root, folder), { recursive: true })));
    await copyFile(from('usr/bin/docker'), join(root, 'usr/bin/docker'));
    await copyFile(from('usr/lib/x86_64-linux-gnu/libc.so.6'), join(root, 'lib/x86_64-linux-gnu/libc.so.6'));
    await copyFile(from('usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2'), join(root, 'lib64/ld-linux-x86-64.so.2'));
  });
}

async function ensureImage(box: DockerHost, image: string, fill: (root: string) => Promise<void>): Promise<void> {
  const { code } = await runDocker(box, ['image', 'inspect', image]);
  if (code === 0) {
    return;
  }
  const root = await makeRootfs();
  try {
    await fill(root);
    const { stdout } = await promisify(execFile)('tar', ['-C', root, '-c', '.'], { encoding: 'buffer', maxBuffer: 64 * 2 ** 20 });
    const imported = await runDocker(box, ['import', '--change', 'CMD ["sh"]', '-', image], { input: stdout });
    if (imported.code !== 0) {
      throw new Error(`${image} was not imported: ${imported.stderr}`);
    }
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
