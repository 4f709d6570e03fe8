// A home may be called anything: two real starts in the worst of names, with the sockets inside and, where it is too deep, elsewhere.
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
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

async function startIn(name: string): Promise<OpenVm> {
  parent = await makeHome('berth-n-');
  const home = join(parent, name);
  await mkdir(home, { recursive: true });
  open = await openVm(home);
  await open.vm.start();
  return open;
}

test('spaces, commas, quotes, Chinese, dollars, a leading dash', async () => {
  const box = await startIn(`-a, b,snapshot=on 'c' "d" 家 $HOME`);
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
  await box.vm.stop();
  expect(await readdir(box.files.run.folder)).toEqual(['docker.sock']);
  await box.close({ keepVm: false });
  open = undefined;
  await rm(box.files.run.folder, { recursive: true });
});
