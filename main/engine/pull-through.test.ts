// Pulls through prefix mirrors: what is pulled, compared, tagged and taken off again, and what a mismatch leaves behind.
import { afterEach, expect, test, vi } from 'vitest';
import { startEngineBench } from '../../test/fakes/dockerd/bench';
import type { EngineBench } from '../../test/fakes/dockerd/bench';
import { context, taskEnd } from '../../test/fakes/streams';
import type { Task } from '../../preload/contract';
import { noGuard } from '../lib/pull-guard';
import { routeOf } from '../mirrors/prefix';

const GOOD = `sha256:${'a'.repeat(64)}`;
const OTHER = `sha256:${'b'.repeat(64)}`;
const rules = [{ registry: 'ghcr.io', prefix: 'mirror.example/ghcr.io', always: true }];

let bench: EngineBench;
afterEach(() => bench.dispose());

async function start(atRegistry: string | undefined): Promise<ReturnType<typeof vi.fn>> {
  const digestAtRegistry = vi.fn(() => Promise.resolve(atRegistry));
  bench = await startEngineBench(
    {},
    { pulls: { ...noGuard, route: (reference, via) => routeOf(reference, via, rules), digestAtRegistry } },
  );
  const pulled = { layers: 1, layerBytes: 100, bytesPerSecond: 10_000, digest: GOOD };
  bench.fake.pulls.set('mirror.example/ghcr.io/owner/name:1', pulled);
  bench.fake.pulls.set(`mirror.example/ghcr.io/owner/name@${GOOD}`, pulled);
  return digestAtRegistry;
}

async function pull(reference: string, via?: string): Promise<Task> {
  const { task } = await bench.engine.handlers['images.pull']({ reference, ...(via === undefined ? {} : { via }) }, context());
  return taskEnd(bench.tasks.handlers, task);
}

const tags = (): readonly string[] =>
  [...bench.fake.model.images.values()].flatMap((image) => image.tags).filter((tag) => tag.includes('owner'));
/** Without what `steps` has shown already. */
const states = ({ steps: found = [] }: Task): unknown => found.map(({ name, state }) => `${name} ${state}`);
const steps = ({ steps: found = [] }: Task): unknown => found.map(({ name, state, detail }) => [name, state, detail]);

test('by rule: under the original name alone, its digest compared', async () => {
  const asked = await start(GOOD);
  const task = await pull('ghcr.io/owner/name:1');
  expect(task.state).toBe('done');
  expect(steps(task)).toEqual([
    ['pull', 'done', 'mirror.example/ghcr.io/owner/name:1'],
    ['compare', 'done', GOOD],
    ['tag', 'done', 'ghcr.io/owner/name:1'],
    ['untag', 'done', 'mirror.example/ghcr.io/owner/name:1'],
  ]);
  expect(tags()).toEqual(['ghcr.io/owner/name:1']);
  expect(asked).toHaveBeenCalledWith('ghcr.io/owner/name:1', expect.anything());
});

test('another digest than the registry’s is an error, and nothing is tagged', async () => {
  await start(OTHER);
  const task = await pull('ghcr.io/owner/name:1');
  expect(task.error).toEqual({
    code: 'mirrors.wrongDigest',
    params: { reference: 'ghcr.io/owner/name:1', mirror: 'mirror.example/ghcr.io', expected: OTHER, found: GOOD },
  });
  expect(states(task)).toEqual(['pull done', 'compare failed', 'untag done']);
  expect(tags()).toEqual([]);
});

test('a registry out of reach is said, not failed', async () => {
  await start(undefined);
  const task = await pull('ghcr.io/owner/name:1');
  expect(task.state).toBe('done');
  expect(states(task)).toEqual(['pull done', 'compare skipped', 'tag done', 'untag done']);
  expect(tags()).toEqual(['ghcr.io/owner/name:1']);
});

test('a digest needs no comparing, and gets a tag that says so', async () => {
  const asked = await start(OTHER);
  const task = await pull(`ghcr.io/owner/name@${GOOD}`);
  expect(task.error).toBeUndefined();
  expect(task.steps?.map(({ name, detail }) => [name, detail])[1]).toEqual(['tag', `ghcr.io/owner/name:sha256-${'a'.repeat(12)}`]);
  expect(asked).not.toHaveBeenCalled();
});

test('on demand, and never where nobody asked', async () => {
  await start(GOOD);
  bench.fake.pulls.set('other.example/owner/name:1', { layers: 1, layerBytes: 100, bytesPerSecond: 10_000, digest: GOOD });
  expect((await pull('quay.io/owner/name:1', 'other.example')).steps?.[0]?.detail).toBe('other.example/owner/name:1');
  expect((await pull('quay.io/owner/name:2')).steps).toBeUndefined();
  expect((await pull('ghcr.io/owner/name:3', '')).steps).toBeUndefined();
  await expect(pull('ghcr.io/owner/name:1', 'no host')).rejects.toMatchObject({ code: 'mirrors.badPrefix' });
});
