// A folder served by SFTP and mounted by sshfs, beside whatever the VM's own shares are: what a container does with it, and what becomes of it
// when the session, the connection, the server or sshfs itself goes.
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { ShareBackend, ShareSource } from '../../main/shares/backend';
import { createShareGuest } from '../../main/shares/guest';
import { createSshfs } from '../../main/shares/sftp/sshfs';
import { silentLogger } from '../../main/lib/logger';
import { useVm } from './harness';
import { ensureTestImage, TEST_IMAGE } from './images';

const box = useVm();
const base = mkdtempSync('/var/tmp/berth-sshfs-');
const folder = join(base, 'shared');
const CONTAINER = 'berth-sshfs';
const streams: Duplex[] = [];
let source: ShareSource;

function backend(): ShareBackend {
  const { vm } = box();
  return createSshfs({
    exec: vm.exec,
    guest: createShareGuest(vm.exec),
    serve: (path, onStream) =>
      vm.serve(path, (stream) => {
        streams.push(stream);
        onStream(stream);
      }),
    ownersFolder: join(base, 'owners'),
    hidden: [join(folder, 'own')],
    log: silentLogger,
  });
}

/** In the container that runs all the time, with all of busybox; errors where they are written. */
async function inside(script: string): Promise<string> {
  return (
    await box().docker(
      'exec',
      CONTAINER,
      'sh',
      '-c',
      `exec 2>&1; export PATH=/tools:$PATH; cd /shared && { ${script}
}; exit 0`,
    )
  ).trim();
}

beforeAll(async () => {
  mkdirSync(join(folder, 'own'), { recursive: true });
  writeFileSync(join(base, 'secret'), 'secret');
  await ensureTestImage(box());
  source = await backend().open({ tag: 'sshfstest', folder, readOnly: false });
  await source.mount();
  const tools = 'mkdir /tools && busybox --install -s /tools && sleep 100000';
  await box().docker('run', '-d', '--init', '--name', CONTAINER, '-v', `${folder}:/shared`, TEST_IMAGE, 'sh', '-c', tools);
});

afterAll(async () => {
  await box().docker('rm', '-f', CONTAINER);
  await box().exec(`umount -l ${folder} ${folder}`);
  await source.remove();
  rmSync(base, { recursive: true, force: true });
});

test('is mounted once, and a container writes, reads, renames, links and owns there as anywhere', async () => {
  await source.mount();
  expect((await box().exec(`grep -c ' ${folder} .*fuse.sshfs' /proc/self/mountinfo`)).stdout.trim()).toBe('1');
  const script = `mkdir -p d/e; echo one >d/e/a; echo two >>d/e/a; cat d/e/a; mv d/e/a d/b; chmod 640 d/b
    chown -R 999:998 d; stat -c '%u:%g %a' d d/b; echo x >d/new; stat -c %u d/new
    ln -s /etc/hostname out; cat out; ln -s ../../../secret up; cat up; ln -s d/b in; cat in
    touch -d @1000000000 d/b; stat -c %Y d/b; truncate -s 5G sparse; stat -c %s sparse; rm sparse
    dd if=/dev/zero of=big bs=1M count=8 2>/dev/null; sha256sum <big; ls own; mkdir own/x; df . | grep -c berth-sshfstest`;
  const lines = (await inside(script)).split('\n');
  expect(lines.slice(0, 5)).toEqual(['one', 'two', '999:998 755', '999:998 640', '999']);
  // What leads out of the share leads to the container's own files.
  expect(lines[5]).toMatch(/^[0-9a-f]{12}$/);
  expect(lines[6]).toMatch(/No such file/);
  expect(lines.slice(7, 11)).toEqual(['one', 'two', '1000000000', '5368709120']);
  expect(lines[11]).toMatch(/^2daeb1f36095b44b318410b3f4e8b5d989dcc7bb023d1426c492dab0a3053e74/);
  expect(lines.slice(12).join('\n')).toMatch(/Permission denied[^]*Permission denied\n1$/);
  expect(readFileSync(join(folder, 'd/b'), 'utf8')).toBe('one\ntwo\n');
  expect(readlinkSync(join(folder, 'up'))).toBe('../../../secret');
  const { uid, mode, mtimeMs } = lstatSync(join(folder, 'd/b'));
  expect([uid, mode & 0o777, mtimeMs]).toEqual([process.getuid?.(), 0o640, 1_000_000_000_000]);
});

test('what changes on the host is seen in the container', async () => {
  expect(await inside('ls d; cat d/new')).toBe('b\ne\nnew\nx');
  writeFileSync(join(folder, 'd/new'), 'longer than before');
  writeFileSync(join(folder, 'd/more'), '');
  rmSync(join(folder, 'd/b'));
  await vi.waitFor(async () => expect(await inside('ls d; cat d/new')).toBe('e\nmore\nnew\nlonger than before'), {
    timeout: 15_000,
    interval: 500,
  });
});

test('a session that ends is followed by another; only what was held open gets an error', async () => {
  // A file of its own: what somebody else reads meanwhile would be in the guest's memory for this reader too.
  await inside('echo kept >held; echo lost >apart');
  const reading = inside('exec 3<apart; echo open >mark; until [ -e go ]; do sleep 1; done; cat <&3; cat held');
  await vi.waitFor(() => expect(readdirSync(folder)).toContain('mark'), { timeout: 15_000 });
  streams.at(-1)?.destroy();
  expect(await inside('cat held held')).toContain('kept');
  writeFileSync(join(folder, 'go'), '');
  expect(await reading).toMatch(/(error|EIO)[^]*kept$/i);
});

test('a connection that is lost is dialled again, and the container goes on', async () => {
  await box()
    .exec('kill -9 $(pidof sshd-session)')
    .catch(() => undefined);
  await vi.waitFor(async () => expect(await inside('cat held').catch((error: unknown) => String(error))).toBe('kept'), {
    timeout: 30_000,
    interval: 250,
  });
});

test('without a server there are errors and no hang; the next backend serves the same mount', async () => {
  await source.remove();
  expect(await inside('cat held')).toMatch(/error/i);
  // Only the first one waits for a server that may come back.
  expect(
    (await box().exec(`ls /run/berth/sftp-sshfstest.sock.away && timeout 60 sh -c 'for i in 1 2 3 4 5; do cat ${folder}/held; done'`)).code,
  ).toBe(1);
  const next = (await backend().present()).find(({ spec }) => spec.folder === folder);
  expect(next?.spec).toEqual({ tag: 'sshfstest', folder, readOnly: false });
  source = next ?? source;
  await source.mount();
  expect(await inside('cat held; stat -c %u d')).toBe('kept\n999');
});

test('an sshfs that is killed is said to be gone', async () => {
  await box().exec(['pkill', '-9', '-f', 'fsname=berth-sshfstest']);
  expect(await source.gone).toMatch(/sshfs/);
  expect(await inside('cat held')).toMatch(/not connected/);
});
