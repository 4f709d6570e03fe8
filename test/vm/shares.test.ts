// Folders of this computer in containers, as the whole backend serves them: plugged in and out while the VM runs, read-only, nested, single files,
// propagation, what leads out of them, a server that dies under load, a folder that goes and comes back, and the next backend.
import { mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, inject, test, vi } from 'vitest';
import type { Notice, Share } from '../../preload/contract';
import { runDocker } from './cli';
import { ensureTestImage, TEST_IMAGE } from './images';
import { openBackend, quiet } from './open-backend';
import type { OpenBackend } from './open-backend';

const PATIENCE = { timeout: 60_000, interval: 200 };
const home = inject('vmHome');
let box: OpenBackend;
let root: string;
let outer: string;

beforeAll(async () => {
  root = await realpath(await mkdtemp('/tmp/berth-shares-'));
  outer = join(root, 'outer');
  await mkdir(join(outer, 'inner'), { recursive: true });
  await writeFile(join(outer, 'file'), 'of the host\n');
  await writeFile(join(home, 'settings.json'), JSON.stringify({ format: 1, shares: { folders: [] } }));
  box = await openBackend(home);
  expect(await box.backend.adopted).toBe(true);
  await ensureTestImage(box);
  await add(outer);
});
afterAll(async () => {
  for (const { path } of await shares()) {
    await box.handlers['shares.remove']({ path, force: true }, quiet);
  }
  await box.close({ keepVm: true });
  await Promise.all([rm(join(home, 'settings.json')), rm(root, { recursive: true })]);
});

afterEach(() => runDocker(box, ['rm', '-f', 'shares-load', 'shares-other', 'shares-slave']));

const add = (path: string, readOnly = false): Promise<void> | void => box.handlers['shares.add']({ path, readOnly }, quiet);
const remove = (path: string, force = false): Promise<void> | void => box.handlers['shares.remove']({ path, force }, quiet);
const shares = async (): Promise<readonly Share[]> => (await box.first((context) => box.handlers['shares.changes']({}, context))).shares;
const notices = async (): Promise<readonly Notice[]> => box.first((context) => box.handlers['app.notices']({}, context));
const stateOf = async (path: string): Promise<string | undefined> => (await shares()).find((share) => share.path === path)?.state;

const usersOf = async (path: string): Promise<readonly string[] | undefined> =>
  (await shares()).find((share) => share.path === path)?.usedBy;

async function docker(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runDocker(box, args);
  if (code !== 0) {
    throw new Error(stderr);
  }
  return stdout;
}
const sh = (script: string, ...options: readonly string[]): Promise<string> =>
  docker('run', '--rm', ...options, TEST_IMAGE, 'sh', '-c', script);

test('a folder is shared while the VM runs: read-write, read-only, a single file, names of all kinds', async () => {
  expect(await stateOf(outer)).toBe('mounted');
  const name = `ß 家 ${'n'.repeat(240)}`;
  const out = await sh(
    `cat /rw/file; echo new >/rw/made; echo named >"/rw/${name}"; touch /ro/x 2>&1; cat /single; echo more >>/single`,
    ...['-v', `${outer}:/rw`, '-v', `${outer}:/ro:ro`, '--mount', `type=bind,src=${outer}/file,dst=/single`],
  );
  expect(out).toMatch(/^of the host\n.*Read-only file system\nof the host\n$/);
  expect(await readFile(join(outer, 'made'), 'utf8')).toBe('new\n');
  expect(await readFile(join(outer, name), 'utf8')).toBe('named\n');
  expect(await readFile(join(outer, 'file'), 'utf8')).toBe('of the host\nmore\n');
});

test('a link in it leads nowhere else: neither in the container nor by the server', async () => {
  await writeFile(join(root, 'secret'), 'secret');
  await symlink(join(root, 'secret'), join(outer, 'absolute'));
  await symlink('../secret', join(outer, 'relative'));
  expect(await sh('cat /rw/absolute /rw/relative 2>&1; true', '-v', `${outer}:/rw`)).not.toContain('secret\n');
  expect((await box.backend.vm.exec(['cat', join(outer, 'relative')])).stdout).toBe('');
  await expect(docker('run', '--rm', '-v', `${outer}/absolute:/x`, TEST_IMAGE, 'cat', '/x')).rejects.toThrow();
});

test('a share in a share: its own rights; mounts reach a container that asks for them', async () => {
  await docker('run', '-d', '--name', 'shares-slave', '-v', `${root}/outer:/o:rslave`, TEST_IMAGE, 'sleep', '1000');
  await add(join(outer, 'inner'), true);
  await expect(docker('exec', 'shares-slave', 'touch', '/o/inner/x')).rejects.toThrow('Read-only');
  expect(await sh('touch /o/inner/x 2>&1; touch /o/y && echo written', '-v', `${outer}:/o`)).toMatch(/Read-only.*\nwritten\n$/);
  await docker('rm', '-f', 'shares-slave');
  await remove(join(outer, 'inner'));
  expect(await sh('touch /o/inner/x && echo written', '-v', `${outer}:/o`)).toBe('written\n');
});

test('one in use goes by force only; what is not shared is refused, and its start too', async () => {
  await docker('run', '-d', '--name', 'shares-slave', '-v', `${outer}:/o`, TEST_IMAGE, 'sleep', '1000');
  await vi.waitFor(async () => expect(await usersOf(outer)).toEqual(['shares-slave']), PATIENCE);
  await expect(remove(outer)).rejects.toMatchObject({ code: 'shares.inUse', params: { names: 'shares-slave' } });
  await remove(outer, true);
  await expect(docker('exec', 'shares-slave', 'ls', '/o')).rejects.toThrow(/not connected/);
  await expect(docker('restart', '-t', '0', 'shares-slave')).rejects.toThrow();
  await expect(docker('run', '--rm', '-v', `${outer}:/o`, TEST_IMAGE, 'true')).rejects.toThrow();
  await add(outer);
  expect(await sh('cat /o/made', '-v', `${outer}:/o`)).toBe('new\n');
});

const WRITER = 'i=0; while :; do i=$((i+1)); echo $i >/o/n$((i%50)) && cat /o/file >/dev/null || { echo failed; sleep 1; }; done';

/** Of the process that is written down for the folder: between QEMU and its server. */
async function keeperOf(folder: string): Promise<number> {
  const names = (await readdir(box.files.state.shares)).filter((name) => name.endsWith('.json'));
  const records = await Promise.all(
    names.map(async (name) => JSON.parse(await readFile(join(box.files.state.shares, name), 'utf8')) as { pid: number; folder: string }),
  );
  return records.find((record) => record.folder === folder)?.pid ?? 0;
}

/** Its first child; the other is the second keeper. */
async function serverOf(folder: string): Promise<number> {
  const keeper = await keeperOf(folder);
  return Number((await readFile(`/proc/${keeper}/task/${keeper}/children`, 'utf8')).split(' ')[0]);
}

async function killedUnderLoad(victim: (folder: string) => Promise<number>, detail: string): Promise<void> {
  await docker('run', '-d', '--name', 'shares-load', '-v', `${outer}:/o`, TEST_IMAGE, 'sh', '-c', WRITER);
  await vi.waitFor(async () => expect(await readdir(outer)).toContain('n49'), PATIENCE);
  await vi.waitFor(async () => expect(await usersOf(outer)).toContain('shares-load'), PATIENCE);
  process.kill(await victim(outer), 'SIGKILL');
  await vi.waitFor(async () => expect(await docker('logs', 'shares-load')).toContain('failed'), PATIENCE);
  await vi.waitFor(
    async () =>
      expect((await notices()).map(({ error }) => error)).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ code: 'shares.serverDied', params: { path: outer, detail } }),
          expect.objectContaining({
            code: 'shares.restartContainers',
            params: { path: outer, names: expect.stringContaining('shares-load') as string },
          }),
        ]),
      ),
    PATIENCE,
  );
  await docker('restart', '-t', '0', 'shares-load');
  await writeFile(join(outer, 'n1'), 'old');
  await vi.waitFor(async () => expect(await readFile(join(outer, 'n1'), 'utf8')).not.toBe('old'), PATIENCE);
}

test('a server that is killed under load: errors and no hang, others live on, and it comes back', async () => {
  const other = join(root, 'other');
  await mkdir(other);
  await add(other);
  await docker(
    'run',
    '-d',
    '--name',
    'shares-other',
    '-v',
    `${other}:/o`,
    TEST_IMAGE,
    'sh',
    '-c',
    'while :; do date >/o/alive; sleep 0.2; done',
  );
  await killedUnderLoad(serverOf, 'the server ended: signal 9');
  await rm(join(other, 'alive'));
  await vi.waitFor(async () => expect(await readdir(other)).toContain('alive'), PATIENCE);
  await remove(other, true);
});

test('a folder that goes gives errors, and is mounted when it is back', async () => {
  await docker('run', '-d', '--name', 'shares-other', '-v', `${outer}:/o`, TEST_IMAGE, 'sleep', '1000');
  await rename(outer, `${outer}-away`);
  await vi.waitFor(async () => expect(await stateOf(outer)).toBe('missing'), PATIENCE);
  await expect(docker('exec', 'shares-other', 'cat', '/o/file')).rejects.toThrow();
  expect((await box.backend.vm.exec(['ls', '-A', outer])).stdout).toBe('');
  await rename(`${outer}-away`, outer);
  await vi.waitFor(async () => expect(await stateOf(outer)).toBe('mounted'), PATIENCE);
  await docker('restart', '-t', '0', 'shares-other');
  expect(await docker('exec', 'shares-other', 'cat', '/o/file')).toContain('of the host');
});

test('the next backend finds server and mount as they are, and sees the keeper die', async () => {
  const server = await serverOf(outer);
  await docker('run', '-d', '--name', 'shares-other', '-v', `${outer}:/o`, TEST_IMAGE, 'sleep', '1000');
  await box.close({ keepVm: true });
  box = await openBackend(home);
  expect(await box.backend.adopted).toBe(true);
  await vi.waitFor(async () => expect(await stateOf(outer)).toBe('mounted'), PATIENCE);
  expect(await serverOf(outer)).toBe(server);
  expect(await docker('exec', 'shares-other', 'cat', '/o/file')).toContain('of the host');
  await docker('rm', '-f', 'shares-other');
  await killedUnderLoad(keeperOf, 'share-keeper was killed, and the server with it');
});
