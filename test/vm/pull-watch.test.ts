// A pull past mirrors that fail, on the real dockerd with the origin standing for Docker Hub: A refuses, B answers /v2/ and then nothing, C is good.
// dockerd waits on B for ever; the watch takes it out of force and the window's pull ends at C. A client is told, and its pull goes on.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import type { MirrorsState, Notice } from '../../preload/contract';
import { makeCertificates } from '../lab/certificates';
import { useHub } from '../lab/hub';
import { startProxy } from '../lab/proxy';
import type { LabProxy } from '../lab/proxy';
import { startMirror, startOrigin } from '../lab/registry';
import type { LabRegistry, Origin } from '../lab/registry';
import { runDocker } from './cli';
import { openBackend, quiet } from './open-backend';
import type { OpenBackend } from './open-backend';

const A = 'https://mirror-a.berth.test';
const B = 'https://mirror-b.berth.test';
const C = 'https://mirror-c.berth.test';

let box: OpenBackend;
let folder: string;
let origin: Origin;
let cache: LabRegistry;
let hub: LabProxy;
let a: LabProxy;
let b: LabProxy;
let c: LabProxy;
let names: { close(): Promise<void> };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-watch-'));
  const [open, certificates, registry] = await Promise.all([openBackend(inject('vmHome')), makeCertificates(folder), startOrigin()]);
  box = open;
  origin = registry;
  for (const image of ['one', 'two', 'three']) {
    await origin.push(`library/watch-${image}`, '1', { label: image, extraBytes: 300_000 });
  }
  cache = await startMirror(origin);
  [hub, a, b, c] = await Promise.all([
    startProxy(origin, { certificates }),
    startProxy(origin, { certificates }),
    startProxy(origin, { certificates }),
    startProxy(cache, { certificates }),
  ]);
  await a.behave({ connection: 'refuse' });
  names = await useHub(
    {
      exec: (command) => box.backend.vm.exec(command),
      agent: (op, request) => box.backend.vm.agent.call(op, request),
      docker: async (...args) => (await runDocker(box, args)).stdout,
    },
    certificates,
    { 'registry-1.docker.io': hub, 'mirror-a.berth.test': a, 'mirror-b.berth.test': b, 'mirror-c.berth.test': c },
  );
});
afterAll(async () => {
  await apply([]);
  await names.close();
  await box.close({ keepVm: true });
  await Promise.all([hub, a, b, c, cache, origin].map((each) => each.close()));
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  await b.behave({ apiOnly: true });
  for (const { id } of await notices()) {
    await box.handlers['app.dismissNotice']({ id }, quiet);
  }
  await apply([A, B, C]);
});

const state = (): Promise<MirrorsState> => box.first((context) => box.handlers['mirrors.changes']({}, context));
const notices = (): Promise<readonly Notice[]> => box.first((context) => box.handlers['app.notices']({}, context));

async function apply(urls: readonly string[]): Promise<void> {
  const { revision, mirrors } = await state();
  const rest = mirrors.filter(({ url }) => !urls.includes(url));
  const list = [...urls.map((url) => ({ url, enabled: true })), ...rest.map(({ url }) => ({ url, enabled: false }))];
  const { task } = await box.handlers['mirrors.apply'](
    { mirrors: list.map((mirror) => ({ name: '', note: '', ...mirror })), revision, origin: 'form' },
    quiet,
  );
  expect((await box.ended(task)).error).toBeUndefined();
}

test('the window’s pull ends at the good mirror, and says which one was silent', async () => {
  expect((await state()).inForce?.urls).toEqual([A, B, C]);
  const { task } = await box.handlers['images.pull']({ reference: 'watch-one:1' }, quiet);
  const ended = await box.ended(task);
  expect(ended.error).toBeUndefined();
  expect(ended.steps?.map(({ name, state: is, detail }) => [name, is, detail])).toEqual([
    ['pull', 'failed', B],
    ['pullAgain', 'done', undefined],
    ['served', 'done', C],
  ]);
  expect(c.requests.some(({ path }) => path.includes('watch-one/blobs'))).toBe(true);
  expect(hub.requests.some(({ path }) => path.includes('watch-one'))).toBe(false);
  const after = await state();
  expect([after.suspended, after.inForce?.urls]).toEqual([[B], [A, C]]);
  expect((await notices()).map(({ error }) => [error.code, error.params['url']])).toEqual([['mirrors.silent', B]]);
  // dockerd's log names the one that refused.
  await expect.poll(async () => (await state()).mirrors.map(({ failures }) => failures)).toEqual([1, 1, 0]);
});

test('a pull of the command line that stalls is told of, and goes on by itself once the mirror is cut off', async () => {
  const stuck = runDocker(box, ['pull', '-q', 'watch-two:1']);
  await expect
    .poll(async () => (await notices()).map(({ error }) => error.code), { timeout: 120_000 })
    .toContain('mirrors.silentForClient');
  expect((await state()).inForce?.urls).toEqual([A, C]);
  expect(await stuck).toMatchObject({ code: 0 });
  expect(c.requests.some(({ path }) => path.includes('watch-two/blobs'))).toBe(true);
  expect(await runDocker(box, ['pull', '-q', 'watch-two:1'])).toMatchObject({ code: 0 });
});

test('one that says nothing where the layers begin is found too', async () => {
  await b.behave({ stallAt: 4096 });
  const { task } = await box.handlers['images.pull']({ reference: 'watch-three:1' }, quiet);
  const ended = await box.ended(task);
  expect([ended.error, ended.steps?.[0]?.detail]).toEqual([undefined, B]);
});
