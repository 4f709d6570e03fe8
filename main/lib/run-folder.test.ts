import { chmod, mkdir, mkdtemp, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { hostileNames } from '../../test/fakes/hostile-names';
import { runFiles } from './home';
import { chooseRunFolder, prepareRunFolder } from './run-folder';

const environment = { xdgRuntimeDir: '/run/user/1000', temporary: '/tmp', user: 1000 };
const bytes = (folder: string): number => Math.max(...(Object.values(runFiles(folder)) as string[]).map((path) => Buffer.byteLength(path)));

test.each(hostileNames)('every socket of a home named %j fits', (name) => {
  const folder = chooseRunFolder(`/home/user/${name}`, environment, 107);
  expect(bytes(folder)).toBeLessThanOrEqual(107);
});

test('a home that is short enough keeps its sockets; bytes count, not characters', () => {
  expect(chooseRunFolder('/home/user/.berth', environment, 107)).toBe('/home/user/.berth/run');
  expect(chooseRunFolder(`/home/${'家'.repeat(30)}`, environment, 107)).toMatch(/^\/run\/user\/1000\/berth-[0-9a-f]{12}$/);
});

test('a deep home always gets the same short folder, and another home another one', () => {
  const deep = `/home/${'x'.repeat(120)}`;
  expect(chooseRunFolder(deep, environment, 107)).toBe(chooseRunFolder(deep, environment, 107));
  expect(chooseRunFolder(deep, environment, 107)).not.toBe(chooseRunFolder(`${deep}y`, environment, 107));
  expect(chooseRunFolder(deep, { ...environment, xdgRuntimeDir: undefined }, 107)).toMatch(/^\/tmp\/berth-1000-/);
});

test('nowhere short enough is said with the bytes', () => {
  expect(() => chooseRunFolder('/home/u', environment, 10)).toThrow(expect.objectContaining({ code: 'home.socketPathTooLong' }));
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-run-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

test('it is made private; one that is open to others, or leads elsewhere, is refused', async () => {
  const run = await prepareRunFolder(folder);
  expect((await stat(run)).mode & 0o777).toBe(0o700);
  await chmod(run, 0o777);
  await expect(prepareRunFolder(folder)).rejects.toMatchObject({ code: 'home.notWritable', params: { path: run } });
  await rm(run, { recursive: true });
  await mkdir(join(folder, 'elsewhere'), { mode: 0o700 });
  await symlink(join(folder, 'elsewhere'), run);
  await expect(prepareRunFolder(folder)).rejects.toMatchObject({ code: 'home.notWritable' });
});
