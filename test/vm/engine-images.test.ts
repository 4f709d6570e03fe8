// Pull, load and remove on a real dockerd: progress by layers, cancel, retry, and every refusal as its code.
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine } from '../../main/engine/engine';
import type { Engine } from '../../main/engine/engine';
import { silentLogger } from '../../main/lib/logger';
import { createObservable } from '../../main/lib/observable';
import { createTasks } from '../../main/tasks';
import type { LoadProgress, Task } from '../../preload/contract';
import { until as poll } from '../fakes/dockerd/bench';
import { context } from '../fakes/streams';
import { ensureTestImage, TEST_IMAGE } from './images';
import { useVm } from './harness';
import { startRegistry } from './registry';
import type { Registry } from './registry';

const box = useVm();
/** An emulated guest on a busy machine takes its time. */
const until = (what: string, condition: () => boolean | Promise<boolean>, ms = 60_000): Promise<void> => poll(what, condition, ms);
const tasks = createTasks();
let engine: Engine;
let registry: Registry;
let folder: string;
let list: readonly Task[] = [];
const watching = new AbortController();

beforeAll(async () => {
  await ensureTestImage(box());
  engine = createEngine({ dialer: box().vm.dialer, log: silentLogger, available: createObservable(true), tasks });
  await engine.settle();
  registry = await startRegistry(box());
  folder = await mkdtemp(join(tmpdir(), 'berth-images-'));
  void (async () => {
    for await (const next of tasks.handlers['tasks.changes']({}, context(watching.signal))) {
      list = next;
    }
  })();
});

afterAll(async () => {
  watching.abort();
  engine.dispose();
  await registry.close();
  await rm(folder, { recursive: true, force: true });
});

const tags = () => [...engine.state.get().images.values()].flatMap((image) => image.tags);
const task = (id: string) => list.find((each) => each.id === id);
const pull = async (reference: string): Promise<string> => (await engine.handlers['images.pull']({ reference }, context())).task;
async function ended(id: string): Promise<Task> {
  await until('the task ends', () => (task(id)?.state ?? 'running') !== 'running', 120_000);
  return task(id)!;
}

/** An image of two layers of random bytes, which no compression makes smaller. */
async function push(name: string, megabytes: number): Promise<string> {
  const reference = `${registry.host}/${name}`;
  await writeFile(join(folder, 'one'), randomBytes(megabytes * 2 ** 20));
  await writeFile(join(folder, 'two'), randomBytes(2 ** 20));
  await writeFile(join(folder, 'Dockerfile'), `FROM ${TEST_IMAGE}\nCOPY two /two\nCOPY one /one\n`);
  await box().docker('build', '--quiet', '--tag', reference, folder);
  await box().docker('push', '--quiet', reference);
  await box().docker('rmi', reference);
  await box().docker('builder', 'prune', '--all', '--force');
  return reference;
}

test('a pull shows its layers, is cancelled within two seconds, and goes on where it was', async () => {
  const reference = await push('app:1', 12);
  await until('not there any more', () => !tags().includes(reference));
  registry.slow(400_000);
  const id = await pull(reference);
  await until(
    'bytes come',
    () =>
      (task(id)?.layers ?? []).some(
        (layer) => layer.phase === 'downloading' && layer.currentBytes > 500_000 && layer.totalBytes > 12_000_000,
      ),
    60_000,
  );
  expect(task(id)).toMatchObject({ state: 'running', kind: 'pull', subject: reference });
  expect(task(id)?.bytesPerSecond).toBeGreaterThan(0);
  await until(
    'the small layers are done',
    () => (task(id)?.layers ?? []).some((layer) => layer.phase !== 'waiting' && layer.phase !== 'downloading'),
    60_000,
  );
  const at = Date.now();
  await tasks.handlers['tasks.cancel']({ id }, context());
  expect((await ended(id)).state).toBe('cancelled');
  await until('dockerd stopped fetching', () => registry.busy() === 0);
  // At this rate the layer alone would take half a minute.
  expect(Date.now() - at).toBeLessThan(15_000);
  registry.slow(0);
  const done = await ended(await pull(reference));
  expect(done).toMatchObject({ state: 'done', detail: expect.stringContaining('Downloaded newer image') });
  expect(done.layers?.every((layer) => layer.phase === 'done' || layer.phase === 'exists')).toBe(true);
  await until('listed', () => tags().includes(reference));
  await engine.handlers['images.remove']({ id: reference, force: false }, context());
  await until('gone', () => !tags().includes(reference));
});

test("a registry's refusals are codes", async () => {
  expect(await ended(await pull(`${registry.host}/nothing:1`))).toMatchObject({
    state: 'failed',
    error: { code: 'engine.notFound', params: { kind: 'image', id: `${registry.host}/nothing:1` } },
  });
  expect(await ended(await pull('localhost:5999/nobody:1'))).toMatchObject({
    state: 'failed',
    error: { code: 'engine.registryUnreachable' },
  });
  await expect(pull('Bad::name')).rejects.toMatchObject({ code: 'engine.badReference' });
});

async function load(upload: AsyncIterable<Uint8Array>, sizeBytes?: number): Promise<LoadProgress[]> {
  const items: LoadProgress[] = [];
  for await (const item of engine.handlers['images.load']({ name: 'image.tar', sizeBytes }, context(undefined, upload))) {
    items.push(item);
  }
  return items;
}

test('an image is loaded from a tar, with progress; what is no image is told apart', async () => {
  await writeFile(join(folder, 'one'), randomBytes(10 * 2 ** 20));
  await writeFile(join(folder, 'Dockerfile'), `FROM ${TEST_IMAGE}\nCOPY one /one\n`);
  await box().docker('build', '--quiet', '--tag', 'berth-test/loaded:1', folder);
  const path = join(folder, 'image.tar');
  await box().docker('save', '--output', path, 'berth-test/loaded:1');
  await box().docker('rmi', 'berth-test/loaded:1');
  const { size } = await stat(path);
  const items = await load(createReadStream(path), size);
  expect(items.at(-1)).toEqual({ receivedBytes: size, loaded: ['berth-test/loaded:1'] });
  expect(items.length).toBeGreaterThan(1);
  await until('listed', () => tags().includes('berth-test/loaded:1'));
  await engine.handlers['images.remove']({ id: 'berth-test/loaded:1', force: false }, context());
  await expect(load(createReadStream(join(folder, 'one')))).rejects.toMatchObject({ code: 'engine.notATar' });
  await expect(load(createReadStream(path, { end: 5_000_000 }))).rejects.toMatchObject({ code: 'engine.notATar' });
  expect(await box().docker('image', 'ls', '--quiet', 'berth-test/loaded')).toBe('');
});
