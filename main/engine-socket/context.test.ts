// The docker context's file; test/vm/docker-cli.test.ts has the real CLI read it.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLogger } from '../lib/logger';
import { openDockerContext } from './context';

const dockerHost = 'unix:///home/me/.berth/run/docker.sock';
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-context-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const open = (host = dockerHost, env: Record<string, string> = {}) =>
  openDockerContext({ dockerHost: host, env: { DOCKER_CONFIG: folder, ...env }, log: silentLogger });

test('written, kept right, and nobody else’s is touched', async () => {
  await mkdir(join(folder, 'contexts/meta/other'), { recursive: true });
  await writeFile(join(folder, 'contexts/meta/other/meta.json'), '{"Name":"other"}');
  await writeFile(join(folder, 'config.json'), '{"currentContext":"other"}');
  const elsewhere = await open('unix:///elsewhere');
  expect(elsewhere.state()).toBe('present');
  const ours = await open();
  expect(ours.state()).toBe('present');
  expect(elsewhere.state()).toBe('none');
  expect(await readFile(join(folder, 'contexts/meta/other/meta.json'), 'utf8')).toBe('{"Name":"other"}');
  expect(await readFile(join(folder, 'config.json'), 'utf8')).toBe('{"currentContext":"other"}');
});

test('selected by the configuration or by DOCKER_CONTEXT, unless DOCKER_HOST overrides both', async () => {
  expect((await open(dockerHost, { DOCKER_CONTEXT: 'berth' })).state()).toBe('selected');
  await writeFile(join(folder, 'config.json'), '{"currentContext":"berth"}');
  expect((await open()).state()).toBe('selected');
  expect((await open(dockerHost, { DOCKER_HOST: 'tcp://x' })).state()).toBe('present');
});

test('damaged files do no harm; a folder that cannot be written is told', async () => {
  await open();
  await writeFile(join(folder, 'config.json'), '{');
  expect((await open()).state()).toBe('present');
  await writeFile(join(folder, 'file'), '');
  const refused = await open(dockerHost, { DOCKER_CONFIG: join(folder, 'file') });
  expect(refused.error?.code).toBe('context.notWritable');
  expect(refused.state()).toBe('none');
});
