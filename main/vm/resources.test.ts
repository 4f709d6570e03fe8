import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, symlink, unlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createChecker, explainSpawnError, locateResources } from './resources';
import type { Resources } from './resources';

let folder: string;
let resources: Resources;
let record: string;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

async function lay(kind: 'guest' | 'bundle', contents: Readonly<Record<string, string>>): Promise<string> {
  const path = join(folder, `${kind}-x86_64-0123`);
  await mkdir(join(path, 'bin'), { recursive: true });
  const files: Record<string, object> = { 'bin/link': { link: 'tool' } };
  for (const [name, text] of Object.entries(contents)) {
    await writeFile(join(path, name), text);
    files[name] = { sha256: sha256(text), size: text.length };
  }
  await symlink('tool', join(path, 'bin/link'));
  await writeFile(join(path, 'manifest.json'), JSON.stringify({ format: 1, kind, arch: 'x86_64', hash: '0123', files }));
  return path;
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-res-'));
  record = join(folder, 'state', 'checksums.json');
  resources = {
    guest: await lay('guest', { vmlinux: 'kernel', 'system.erofs': 'system' }),
    bundle: await lay('bundle', { 'bin/tool': 'binary' }),
  };
});
afterEach(() => rm(folder, { recursive: true }));

test('whole: both manifests, and the stamps are recorded', async () => {
  const { guest, bundle } = await createChecker(resources, record).verify();
  expect([guest.kind, bundle.kind]).toEqual(['guest', 'bundle']);
  expect(Object.keys(JSON.parse(await readFile(record, 'utf8')) as object)).toEqual([resources.guest, resources.bundle]);
  await createChecker(resources, record).verify();
});

test.each(['before the first check', 'after a good check'])('a changed byte is found %s', async (when) => {
  const checker = createChecker(resources, record);
  if (when === 'after a good check') {
    await checker.verify();
  }
  await writeFile(join(resources.guest, 'vmlinux'), 'kernal');
  await expect(checker.verify()).rejects.toMatchObject({ code: 'vm.imageDamaged', params: { path: resources.guest, file: 'vmlinux' } });
});

test('a changed byte behind an unchanged stamp is found by the full check', async () => {
  const checker = createChecker(resources, record);
  const path = join(resources.bundle, 'bin/tool');
  await utimes(path, 1000, 1000);
  await checker.verify();
  await writeFile(path, 'bin4ry');
  await utimes(path, 1000, 1000);
  await checker.verify();
  await expect(checker.verify({ full: true })).rejects.toMatchObject({ code: 'vm.bundleDamaged', params: { file: 'bin/tool' } });
});

test('a changed link is damage', async () => {
  const checker = createChecker(resources, record);
  await unlink(join(resources.bundle, 'bin/link'));
  await symlink('/bin/sh', join(resources.bundle, 'bin/link'));
  await expect(checker.verify()).rejects.toMatchObject({ code: 'vm.bundleDamaged', params: { file: 'bin/link' } });
});

test('a removed file is damage', async () => {
  const checker = createChecker(resources, record);
  await unlink(join(resources.guest, 'system.erofs'));
  await expect(checker.verify()).rejects.toMatchObject({ code: 'vm.imageDamaged' });
});

test('a touched file that is still the same is no damage', async () => {
  const checker = createChecker(resources, record);
  await checker.verify();
  await utimes(join(resources.guest, 'vmlinux'), 1, 1);
  await checker.verify();
});

test('no image at all, and a manifest cut short', async () => {
  await expect(createChecker({ ...resources, guest: join(folder, 'none') }, record).verify()).rejects.toMatchObject({
    code: 'vm.imageMissing',
  });
  await writeFile(join(resources.bundle, 'manifest.json'), '{"format":1,');
  await expect(createChecker(resources, record).verify()).rejects.toMatchObject({
    code: 'vm.bundleDamaged',
    params: { file: 'manifest.json' },
  });
});

test('where they are: the environment first, then what lies beside the entry; relative to the file that says so', async () => {
  const beside = join(folder, 'resources.json');
  await writeFile(beside, JSON.stringify({ guest: 'g', bundle: '/abs/b' }));
  expect(await locateResources({}, [join(folder, 'none.json'), beside])).toEqual({ guest: join(folder, 'g'), bundle: '/abs/b' });
  const named = join(folder, 'named.json');
  await writeFile(named, JSON.stringify({ guest: '/n/g', bundle: '/n/b' }));
  expect(await locateResources({ BERTH_RESOURCES: named }, [beside])).toEqual({ guest: '/n/g', bundle: '/n/b' });
  await expect(locateResources({}, [])).rejects.toMatchObject({ code: 'vm.imageMissing' });
});

test('a program that was there and does not start is called blocked', () => {
  const denied = Object.assign(new Error('spawn EACCES'), { code: 'EACCES' });
  expect(explainSpawnError('/b/qemu', denied)).toMatchObject({ code: 'vm.blockedBinary', params: { path: '/b/qemu' } });
  expect(explainSpawnError('/b/qemu', new Error('odd'))).toMatchObject({ code: 'vm.spawnFailed' });
});
