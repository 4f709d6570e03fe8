// The docker context's file; test/vm/docker-cli.test.ts has the real CLI read it.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keepContext, readContext } from './context';

const dockerHost = 'unix:///home/me/.berth/run/docker.sock';
let folder: string;
let env: Record<string, string>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-context-'));
  env = { DOCKER_CONFIG: folder };
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('written, kept right, and nobody else’s is touched', async () => {
  await mkdir(join(folder, 'contexts/meta/other'), { recursive: true });
  await writeFile(join(folder, 'contexts/meta/other/meta.json'), '{"Name":"other"}');
  await writeFile(join(folder, 'config.json'), '{"currentContext":"other"}');
  expect(await readContext({ dockerHost, env })).toBe('none');
  await keepContext({ dockerHost: 'unix:///elsewhere', env });
  await keepContext({ dockerHost, env });
  expect(await readContext({ dockerHost, env })).toBe('present');
  expect(await readFile(join(folder, 'contexts/meta/other/meta.json'), 'utf8')).toBe('{"Name":"other"}');
  expect(await readFile(join(folder, 'config.json'), 'utf8')).toBe('{"currentContext":"other"}');
});

test('selected by the configuration or by DOCKER_CONTEXT, unless DOCKER_HOST overrides both', async () => {
  await keepContext({ dockerHost, env });
  expect(await readContext({ dockerHost, env: { ...env, DOCKER_CONTEXT: 'berth' } })).toBe('selected');
  await writeFile(join(folder, 'config.json'), '{"currentContext":"berth"}');
  expect(await readContext({ dockerHost, env })).toBe('selected');
  expect(await readContext({ dockerHost, env: { ...env, DOCKER_HOST: 'tcp://x' } })).toBe('present');
});

test('a damaged file is replaced; a folder that cannot be written is told', async () => {
  await keepContext({ dockerHost, env });
  await writeFile(join(folder, 'config.json'), '{');
  expect(await readContext({ dockerHost, env })).toBe('present');
  await writeFile(join(folder, 'file'), '');
  await expect(keepContext({ dockerHost, env: { DOCKER_CONFIG: join(folder, 'file') } })).rejects.toMatchObject({ code: 'context.notWritable' });
});
