// `berth context` and `berth socket` on real files, with a folder of the test's own for Docker and for /var/run.
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCli } from '../../test/fakes/cli';
import { createConnect } from '../connect/create-connect';
import { silentLogger } from '../lib/logger';

let folder: string;
let server: Server | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-connect-'));
  await mkdir(join(folder, 'run'));
});
afterEach(async () => {
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

function berth(argv: string, env: Readonly<Record<string, string>> = {}) {
  const connect = createConnect({
    dockerHost: 'unix:///home/me/.berth/run/docker.sock',
    socket: '/home/me/.berth/run/docker.sock',
    memoryPath: join(folder, 'memory.json'),
    dockerCliFolder: '/opt/berth/bin',
    systemSocket: join(folder, 'run', 'docker.sock'),
    env: { DOCKER_CONFIG: folder, PATH: '', ...env },
    log: silentLogger,
  });
  return runCli(argv.split(' '), { handlers: {}, running: false, connect });
}
const json = async (argv: string): Promise<unknown> => JSON.parse((await berth(`${argv} --json`)).stdout) as unknown;

test('the context from nothing to selected and back, without a backend', async () => {
  await writeFile(join(folder, 'config.json'), '{"psFormat":"x"}');
  expect((await berth('context')).stdout).toMatch(/^There is no context “berth” in .*\n.*selected: default\.\nThere is no docker in PATH/);
  expect((await berth('context use')).code).toBe(0);
  expect(await json('context')).toMatchObject({ state: 'ours', selected: true, previous: 'default', override: null, error: null });
  expect((await berth('context use --undo')).code).toBe(0);
  expect(JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'))).toEqual({ psFormat: 'x' });
  expect(await json('context create')).toMatchObject({ state: 'ours', selected: false });
  expect(await json('context remove')).toMatchObject({ state: 'missing' });
});

test('selected and overridden by this terminal is told, and is no success', async () => {
  const { code, stdout } = await berth('context use', { DOCKER_HOST: 'tcp://elsewhere:2375' });
  expect(code).toBe(1);
  expect(stdout).toContain('DOCKER_HOST=tcp://elsewhere:2375 of this terminal wins');
});

test('the system’s socket taken and released; whoever is alive there stays', async () => {
  expect((await berth('socket take')).stdout).toMatch(/docker\.sock leads to Berth\.$/);
  expect(await json('socket release')).toMatchObject({ state: 'missing', wanted: false, owner: null });
  server = createServer((_request, response) => response.end('{"Version":"27.1","Platform":{"Name":"Docker Desktop 4.30"}}'));
  await new Promise<void>((resolve) => server?.listen(join(folder, 'run', 'docker.sock'), resolve));
  const refused = await berth('socket take');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain(`Docker Desktop 4.30 27.1 serves ${folder}`);
  expect(await json('socket take')).toMatchObject({ error: { code: 'connect.socketAnswered' } });
  expect((await berth('socket')).stdout).toContain(`The process: node (${process.pid})`);
  expect((await berth('socket nonsense')).code).toBe(2);
});
