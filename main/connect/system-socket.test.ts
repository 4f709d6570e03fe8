// The system's socket path, with a folder of the test's own in place of /var/run and real sockets in it.
import { lstat, mkdir, mkdtemp, readlink, rename, rm, writeFile, chmod, symlink } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLogger } from '../lib/logger';
import { createConnectMemory } from './memory';
import { createSystemSocket, systemSocketPath } from './system-socket';
import { readVersion } from './who-answers';

let folder: string;
let path: string;
let own: string;
const servers: Server[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-system-'));
  await mkdir(join(folder, 'run'));
  path = join(folder, 'run', 'docker.sock');
  own = join(folder, 'own.sock');
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
  await rm(folder, { recursive: true, force: true });
});

const open = () => createSystemSocket({ path, own, memory: createConnectMemory(join(folder, 'memory.json')), log: silentLogger });

async function serve(where: string, version: unknown = { Version: '28.5.0', Platform: { Name: 'Docker Engine - Community' } }) {
  const server = createServer((_request, response) => response.end(JSON.stringify(version)));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(where, resolve));
  return server;
}

/** A socket whose program was killed. */
async function leaveDead(where: string): Promise<void> {
  const server = await serve(`${where}.alive`);
  await rename(`${where}.alive`, where);
  await new Promise((resolve) => server.close(resolve));
}

test('taken as a link where there is nothing, remembered, given back', async () => {
  await serve(own);
  expect(await open().get()).toMatchObject({ state: 'missing', wanted: false, writable: true });
  await open().take();
  await open().take();
  expect(await readlink(path)).toBe(own);
  expect(await open().get()).toMatchObject({ state: 'ours', target: own, wanted: true });
  await open().release();
  expect(await open().get()).toMatchObject({ state: 'missing', wanted: false });
});

test('another engine is named and left alone', async () => {
  await serve(path);
  const state = await open().get();
  expect(state).toMatchObject({ state: 'other', owner: { engine: 'Docker Engine - Community', version: '28.5.0' }, command: '' });
  expect(state.owner?.process).toContain(`(${process.pid})`);
  await expect(open().take()).rejects.toMatchObject({
    code: 'connect.socketAnswered',
    params: { engine: 'Docker Engine - Community 28.5.0' },
  });
  await open().release();
  expect((await lstat(path)).isSocket()).toBe(true);
  expect((await open().get()).wanted).toBe(false);
});

test('so is a link of another product to a socket that is served', async () => {
  const theirs = join(folder, 'desktop.sock');
  await serve(theirs, { Version: '5.4.2', Components: [{ Name: 'Podman Engine' }], Platform: { Name: 'linux/amd64/debian-12' } });
  await symlink(theirs, path);
  expect(await open().get()).toMatchObject({ state: 'other', target: theirs, owner: { engine: 'Podman Engine', version: '5.4.2' } });
  await expect(open().take()).rejects.toMatchObject({ code: 'connect.socketAnswered' });
  expect(await readlink(path)).toBe(theirs);
});

test('a leftover is set aside and given back', async () => {
  await leaveDead(path);
  const { ino } = await lstat(path);
  expect((await open().get()).state).toBe('dead');
  await open().take();
  expect(await open().get()).toMatchObject({ state: 'ours', keptAs: `${path}.before-berth` });
  await open().release();
  expect((await lstat(path)).ino).toBe(ino);
  await rm(path);
  await symlink(join(folder, 'nowhere.sock'), path);
  expect((await open().get()).state).toBe('dead');
  await open().take();
  await open().release();
  expect(await readlink(path)).toBe(join(folder, 'nowhere.sock'));
});

test('files and folders are nobody’s leftover', async () => {
  await writeFile(path, 'words');
  await expect(open().take()).rejects.toMatchObject({ code: 'connect.notASocket' });
  await rm(path);
  await mkdir(path);
  await expect(open().take()).rejects.toMatchObject({ code: 'connect.notASocket' });
  expect((await open().get()).command).toBe('');
});

test('after another product took it back Berth says so and does nothing; after a reboot it is taken again', async () => {
  await serve(own);
  await open().take();
  await rm(path);
  await open().keep();
  expect((await open().get()).state).toBe('ours');
  await rm(path);
  await serve(path);
  await expect(open().keep()).rejects.toMatchObject({ code: 'connect.socketLost' });
  expect(await open().get()).toMatchObject({ state: 'other', wanted: true });
  await open().release();
  await open().keep();
  expect((await lstat(path)).isSocket()).toBe(true);
});

test('never taken unasked', async () => {
  await serve(own);
  await open().keep();
  expect((await open().get()).state).toBe('missing');
});

test('where only an administrator may, the command that does it is told, and it does', async () => {
  await serve(own);
  await leaveDead(path);
  const shared = join(folder, 'shared');
  await mkdir(shared);
  await Promise.all([chmod(folder, 0o755), chmod(path, 0o666), chmod(shared, 0o777), chmod(join(folder, 'run'), 0o555)]);
  const socket = createSystemSocket({ path, own, memory: createConnectMemory(join(shared, 'm.json')), log: silentLogger });
  const command = `sudo mv -T ${path} ${path}.before-berth && sudo ln -sT ${own} ${path}`;
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) {
    process.seteuid?.(65534);
  }
  try {
    expect(await socket.get()).toMatchObject({ state: 'dead', command });
    await expect(socket.take()).rejects.toMatchObject({ code: 'connect.needsRoot', params: { command } });
    expect(await socket.get()).toMatchObject({ state: 'dead', wanted: true });
  } finally {
    if (isRoot) {
      process.seteuid?.(0);
    }
    await chmod(join(folder, 'run'), 0o755);
  }
  const byHand = (line: string) => promisify(execFile)('sh', ['-c', line.replaceAll('sudo ', '')]);
  await byHand(command);
  const taken = await socket.get();
  expect(taken).toMatchObject({ state: 'ours', keptAs: `${path}.before-berth` });
  await byHand(taken.command);
  expect((await lstat(path)).isSocket()).toBe(true);
});

test('what a stranger says of itself is cut and cleaned', () => {
  const said = readVersion(JSON.stringify({ Version: `1\u001b[2J${'9'.repeat(500)}`, Platform: { Name: 7 } }));
  expect(said.engine).toBe('Docker');
  expect(said.version).toMatch(/^1\[2J9{1,80}$/);
  expect(said.version.length).toBe(80);
  expect(readVersion('<html>')).toEqual({ engine: '', version: '' });
});

test('Windows has a pipe there, which is no file', async () => {
  expect(systemSocketPath('win32')).toBeUndefined();
  const socket = createSystemSocket({ path: undefined, own, memory: createConnectMemory(join(folder, 'm.json')), log: silentLogger });
  await expect(socket.take()).rejects.toMatchObject({ code: 'connect.noSystemSocket' });
  expect((await socket.get()).path).toBe('');
});
