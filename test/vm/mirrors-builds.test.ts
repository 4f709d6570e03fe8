// Builds past mirrors that fail, on the real BuildKit: A refuses, B answers /v2/ and then nothing, C is good. BuildKit waits on B for ever, and goes on
// asking it after a reload; Berth cuts it off, and the build ends at C. The same with the containerd image store, for a pull too.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import type { MirrorsState, Notice } from '../../preload/contract';
import { makeCertificates } from '../lab/certificates';
import { useHub } from '../lab/hub';
import { startProxy } from '../lab/proxy';
import type { LabProxy } from '../lab/proxy';
import { startOrigin } from '../lab/registry';
import type { Origin } from '../lab/registry';
import { runDocker } from './cli';
import type { CliResult } from './cli';
import { openBackend, quiet } from './open-backend';
import type { OpenBackend } from './open-backend';

const URLS = ['https://build-a.berth.test', 'https://build-b.berth.test', 'https://build-c.berth.test'] as const;
const [A, B, C] = URLS;

let box: OpenBackend;
let folder: string;
let origin: Origin;
let fronts: readonly LabProxy[];
let names: { close(): Promise<void> };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-builds-'));
  box = await openBackend(inject('vmHome'));
  const certificates = await makeCertificates(folder);
  origin = await startOrigin();
  for (const name of ['base', 'frontend', 'other']) {
    await origin.push(`library/built-${name}`, '1', { label: name });
  }
  fronts = await Promise.all(
    [{}, { connection: 'refuse' }, { apiOnly: true }, {}].map((each) => startProxy(origin, { certificates, ...(each as object) })),
  );
  const [hub, a, b, c] = fronts as [LabProxy, LabProxy, LabProxy, LabProxy];
  names = await useHub(
    {
      exec: (command) => box.backend.vm.exec(command),
      agent: (op, request) => box.backend.vm.agent.call(op, request),
      docker: async (...args) => {
        const { code, stdout, stderr } = await runDocker(box, args);
        return code === 0 ? stdout : Promise.reject(new Error(stderr));
      },
    },
    certificates,
    { 'registry-1.docker.io': hub, 'build-a.berth.test': a, 'build-b.berth.test': b, 'build-c.berth.test': c },
  );
});
afterAll(async () => {
  await apply([]);
  await store(undefined);
  await names.close();
  await box.close({ keepVm: true });
  await Promise.all([...fronts, origin].map((each) => each.close()));
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  for (const { id } of await notices()) {
    await box.handlers['app.dismissNotice']({ id }, quiet);
  }
  await apply(URLS);
  fronts.forEach((front) => front.forget());
});

const state = (): Promise<MirrorsState> => box.first((context) => box.handlers['mirrors.changes']({}, context));
const notices = (): Promise<readonly Notice[]> => box.first((context) => box.handlers['app.notices']({}, context));
const codes = async (): Promise<readonly string[]> => (await notices()).map(({ error }) => error.code);
/** Which of [hub, A, B, C] gave layers of the image. */
const served = (image: string): readonly boolean[] =>
  fronts.map(({ requests }) => requests.some(({ path }) => path.includes(`${image}/blobs/`)));

async function apply(urls: readonly string[]): Promise<void> {
  const { revision } = await state();
  const mirrors = urls.map((url) => ({ url, name: '', note: '', enabled: true }));
  const { task } = await box.handlers['mirrors.apply']({ mirrors, revision, origin: 'form' }, quiet);
  expect(await box.ended(task)).toMatchObject({ state: 'done' });
}

async function store(features: object | undefined): Promise<void> {
  const { text, revision } = await box.first((context) => box.handlers['config.changes']({}, context));
  const document = { ...(JSON.parse(text) as object), features };
  const { task } = await box.handlers['config.apply'](
    { text: JSON.stringify(document), revision, origin: 'form', accept: { warnings: true, disruptive: true } },
    quiet,
  );
  expect(await box.ended(task)).toMatchObject({ state: 'done' });
}

async function build(dockerfile: string): Promise<CliResult> {
  await writeFile(join(folder, 'Dockerfile'), dockerfile);
  return runDocker(box, ['build', '--no-cache', '--progress=plain', folder]);
}

test('FROM: the build goes on at the good mirror, and the window says which one was silent', async () => {
  const done = await build('FROM built-base:1\nLABEL a=b\n');
  expect(done.code, done.stderr).toBe(0);
  expect(served('built-base')).toEqual([false, false, false, true]);
  expect(await codes()).toContain('mirrors.silentForBuild');
  expect((await state()).suspended).toEqual([B]);
  expect((await state()).inForce?.urls).toEqual([A, C]);
});

test('the containerd image store: a pull of the window, and the image that `# syntax=` names', async () => {
  await store({ 'containerd-snapshotter': true });
  const { task } = await box.handlers['images.pull']({ reference: 'built-other:1' }, quiet);
  expect((await box.ended(task)).error).toBeUndefined();
  expect(served('built-other')).toEqual([false, false, false, true]);
  await apply([B, C]);
  // What is in it is no frontend, which ends the build once it has been fetched.
  const done = await build('# syntax=docker.io/library/built-frontend:1\nFROM built-base:1\n');
  expect(done.code).not.toBe(0);
  expect(served('built-frontend')).toEqual([false, false, false, true]);
}, 600_000);
