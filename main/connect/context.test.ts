// The docker context's file and the CLI's choice; test/vm/docker-cli.test.ts has the real CLI read them.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLogger } from '../lib/logger';
import { createDockerContext } from './context';
import { createConnectMemory } from './memory';

const dockerHost = 'unix:///home/me/.berth/run/docker.sock';
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-context-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Options {
  readonly host?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly served?: boolean;
}

const open = ({ host = dockerHost, env = {}, served = false }: Options = {}) =>
  createDockerContext({
    dockerHost: host,
    memory: createConnectMemory(join(folder, 'memory.json')),
    env: { DOCKER_CONFIG: folder, PATH: '', ...env },
    isServed: () => Promise.resolve(served),
    log: silentLogger,
  });
const config = (): Promise<string> => readFile(join(folder, 'config.json'), 'utf8');
const metaFile = (name: string): string => join(folder, 'contexts/meta', createHash('sha256').update(name).digest('hex'), 'meta.json');

async function addContext(name: string, host: string, description = ''): Promise<string> {
  const text = JSON.stringify({ Name: name, Metadata: { Description: description }, Endpoints: { docker: { Host: host } } });
  await mkdir(join(metaFile(name), '..'), { recursive: true });
  await writeFile(metaFile(name), text);
  return text;
}

test('made where it is missing, repaired where it leads to nobody, and nothing else is touched', async () => {
  await writeFile(join(folder, 'config.json'), '{"currentContext":"other"}');
  const other = await addContext('other', 'tcp://other');
  await open({ host: 'unix:///elsewhere' }).keep();
  expect(await open().get()).toMatchObject({ state: 'elsewhere', host: 'unix:///elsewhere', selected: false });
  await open({ served: true }).keep();
  expect(await open().get()).toMatchObject({ state: 'elsewhere' });
  await open().keep();
  expect(await open().get()).toMatchObject({ state: 'ours', host: dockerHost, current: 'other', selected: false });
  expect(await readFile(metaFile('other'), 'utf8')).toBe(other);
  expect(await config()).toBe('{"currentContext":"other"}');
});

test('somebody else’s of that name is never overwritten, selected or removed', async () => {
  const theirs = await addContext('berth', 'tcp://theirs', 'the harbour');
  const context = open();
  await context.keep();
  for (const attempt of [() => context.create(), () => context.select(true), () => context.remove()]) {
    await expect(attempt()).rejects.toMatchObject({ code: 'context.foreign', params: { host: 'tcp://theirs' } });
  }
  await writeFile(metaFile('berth'), 'not JSON');
  await expect(context.create()).rejects.toMatchObject({ code: 'context.foreign', params: { host: 'unknown' } });
  await writeFile(metaFile('berth'), theirs);
  expect(await context.get()).toMatchObject({ state: 'foreign', host: 'tcp://theirs', selected: false });
});

test('selected with the rest of the file as it was, and given back to what was selected before', async () => {
  await addContext('work', 'ssh://work');
  const before = '{\n\t"auths": {\n\t\t"r.example": { "auth": "c2VjcmV0" }\n\t},\n\t"currentContext": "work"\n}\n';
  await writeFile(join(folder, 'config.json'), before);
  const context = open();
  await expect(context.select(true)).rejects.toMatchObject({ code: 'context.missing' });
  await context.create();
  await context.select(true);
  await context.select(true);
  expect(await config()).toBe(before.replace('"work"', '"berth"'));
  expect(await context.get()).toMatchObject({ current: 'berth', previous: 'work', selected: true });
  await context.select(false);
  expect(await config()).toBe(before);
  await context.select(true);
  await context.remove();
  expect(await config()).toBe(before);
  expect(await context.get()).toMatchObject({ state: 'missing', current: 'work' });
});

test('what was selected before and is gone by now is not given back', async () => {
  await addContext('gone', 'ssh://gone');
  await writeFile(join(folder, 'config.json'), '{"currentContext":"gone","psFormat":"x"}');
  const context = open();
  await context.create();
  await context.select(true);
  await rm(join(metaFile('gone'), '..'), { recursive: true });
  await context.remove();
  expect(JSON.parse(await config())).toEqual({ psFormat: 'x' });
});

test('removed by the user, it stays away until it is asked for', async () => {
  await open().keep();
  await open().remove();
  await open().keep();
  expect((await open().get()).state).toBe('missing');
  await open().create();
  await rm(join(metaFile('berth'), '..'), { recursive: true });
  await open().keep();
  expect((await open().get()).state).toBe('ours');
});

test('the environment wins as it does for the CLI, and an empty variable is none', async () => {
  await open().keep();
  const seen = async (env: Readonly<Record<string, string>>) => (await open({ env }).get()).selected;
  expect(await seen({ DOCKER_CONTEXT: 'berth' })).toBe(true);
  expect(await seen({ DOCKER_CONTEXT: 'berth', DOCKER_HOST: 'tcp://x' })).toBe(false);
  expect(await seen({ DOCKER_HOST: dockerHost })).toBe(true);
  await open().select(true);
  expect(await seen({ DOCKER_CONTEXT: 'other' })).toBe(false);
  expect(await seen({ DOCKER_HOST: '', DOCKER_CONTEXT: '' })).toBe(true);
  expect((await open({ env: { DOCKER_HOST: 'tcp://x' } }).get()).override).toEqual({ variable: 'DOCKER_HOST', value: 'tcp://x' });
});

test('a configuration that cannot be read is left as it is', async () => {
  await open().create();
  await writeFile(join(folder, 'config.json'), '{ broken');
  await expect(open().select(true)).rejects.toMatchObject({ code: 'context.cliConfig' });
  expect(await config()).toBe('{ broken');
  await writeFile(join(folder, 'file'), '');
  const nowhere = open({ env: { DOCKER_CONFIG: join(folder, 'file') } });
  await expect(nowhere.create()).rejects.toMatchObject({ code: 'context.notWritable' });
});
