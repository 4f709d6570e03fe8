// A home may be called anything: two real starts in the worst of names, with the sockets inside and, where it is too deep, elsewhere.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { docker } from '../vm/harness';
import { makeHome, openVm } from '../vm/open-vm';
import type { OpenVm } from '../vm/open-vm';

let parent: string | undefined;
let open: OpenVm | undefined;

afterEach(async () => {
  await open?.close({ keepVm: false });
  if (parent !== undefined) {
    await rm(parent, { recursive: true, force: true });
  }
});

async function startIn(name: string, shared?: string): Promise<OpenVm> {
  parent = await makeHome('berth-n-');
  const home = join(parent, name);
  await mkdir(home, { recursive: true });
  const folder = join(parent, shared ?? '');
  await mkdir(folder, { recursive: true });
  open = await openVm(home, { shares: shared === undefined ? [] : [{ tag: '0123456789ab', folder, readOnly: false }] });
  await open.vm.start();
  return open;
}

test('spaces, commas, quotes, Chinese, dollars, a leading dash; of the home, and of a folder that is shared at the start', async () => {
  const shared = `-s, t=u 'v' "w" 共享 \\134 $HOME\nnext`;
  const box = await startIn(`-a, b,snapshot=on 'c' "d" 家 $HOME`, shared);
  const folder = join(box.home, '..', shared);
  await writeFile(join(folder, 'from-host'), 'seen');
  expect(await box.vm.exec(['cat', join(folder, 'from-host')])).toMatchObject({ code: 0, stdout: 'seen' });
  expect(await box.vm.exec(['touch', join(folder, 'from-guest')])).toMatchObject({ code: 0 });
  expect(await readdir(folder)).toEqual(['from-guest', 'from-host']);
  expect(box.files.run.folder).toBe(join(box.home, 'run'));
  expect(await docker(box, ['version', '--format', '{{.Server.Version}}'])).toMatch(/^\d+\./);
  expect(await readFile(box.files.logs.guest, 'utf8')).toContain('dockerd');
});

test('too deep for a socket: the sockets go to a short folder, everything else stays', async () => {
  const box = await startIn(`${'深'.repeat(40)}/${'x'.repeat(60)}, y`);
  expect(box.files.run.folder).not.toContain('深');
  expect((await readdir(box.files.run.folder)).sort()).toEqual(['agent.sock', 'docker.sock', 'qmp.sock']);
  expect((await readdir(box.home)).sort()).toEqual(expect.arrayContaining(['disks', 'keys', 'logs', 'state']));
  expect(await docker(box, ['info', '--format', '{{.OSType}}'])).toBe('linux\n');
  await box.vm.stop({ shutdown: true });
  expect(await readdir(box.files.run.folder)).toEqual(['docker.sock']);
  await box.close({ keepVm: false });
  open = undefined;
  await rm(box.files.run.folder, { recursive: true });
});
