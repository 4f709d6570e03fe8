import { afterEach, describe, expect, test } from 'vitest';
import { startEngineBench, until } from '../../test/fakes/dockerd/bench';
import type { EngineBench } from '../../test/fakes/dockerd/bench';
import { context } from '../../test/fakes/streams';
import type { EngineChange } from '../../preload/contract';
import { createConnection } from './connection';
import { reread } from './lists';
import { apply, emptyState } from './state';
import type { EngineState } from './state';
import { createWatch } from './watch';
import { silentLogger } from '../lib/logger';

let bench: EngineBench;
const ends: (() => void)[] = [];
afterEach(async () => {
  ends.splice(0).forEach((end) => end());
  await bench.dispose();
});

/** A page's mirror of the changes. */
function mirror(from: EngineBench = bench): { state: EngineState; kinds: EngineChange['kind'][] } {
  const abort = new AbortController();
  ends.push(() => abort.abort());
  const found = { state: emptyState, kinds: [] as EngineChange['kind'][] };
  void (async () => {
    for await (const change of from.engine.handlers['engine.changes']({}, context(abort.signal))) {
      found.state = apply(found.state, change);
      found.kinds.push(change.kind);
    }
  })();
  return found;
}

const row = (name: string): { state: string; health: string } | undefined =>
  [...bench.engine.state.get().containers.values()].find((each) => each.name === name);
const lists = (): number => bench.fake.calls.filter((call) => call === 'GET /containers/json').length;

describe('the engine state', () => {
  test('is there after settle, and follows what others do', async () => {
    bench = await startEngineBench({ containers: 30, images: 12, volumes: 4, networks: 5 });
    const state = bench.engine.state.get();
    expect([state.containers.size, state.images.size, state.counts]).toEqual([30, 12, { volumes: 4, networks: 5 }]);
    const page = mirror();
    const { model } = bench.fake;
    const web = model.findContainer('shop-0-web-1')!;
    model.exit(web, 3);
    await until('exit seen', () => row('shop-0-web-1')?.state === 'exited');
    // The time is the event's, as with the real dockerd, which writes its own a moment apart.
    expect(row('shop-0-web-1')).toMatchObject({ exitCode: 3, finishedAt: expect.closeTo(web.finishedAt, -2) as number });
    model.start(web);
    await until('start seen', () => row('shop-0-web-1')?.state === 'running');
    expect(row('shop-0-web-1')).toMatchObject({ startedAt: expect.closeTo(web.startedAt, -2) as number });
    expect(row('shop-0-web-1')).not.toHaveProperty('exitCode');
    model.remove(web);
    model.volumes.set('more', { createdAt: 0 });
    model.emit('volume', 'create', 'more');
    await until('all seen', () => row('shop-0-web-1') === undefined && page.state.counts.volumes === 5);
    expect(page.state.containers.has(web.id)).toBe(false);
    expect(page.kinds[0]).toBe('snapshot');
    expect(page.kinds.slice(1).every((kind) => kind === 'delta')).toBe(true);
    expect([...page.state.images.values()].flatMap((image) => image.usedBy)).not.toContain(web.id);
  });

  test('reads the changed rows only, once for a burst, and never because of execs', async () => {
    bench = await startEngineBench({ containers: 200 });
    const all = [...bench.fake.model.containers.values()];
    const before = lists();
    for (let count = 0; count < 400; count++) {
      bench.fake.model.emitContainer(all[count % 200]!, 'exec_start: sh');
    }
    bench.fake.model.exit(all[0]!, 1);
    bench.fake.model.exit(all[1]!, 1);
    await until('both seen', () => row(all[0]!.name)?.state === 'exited' && row(all[1]!.name)?.state === 'exited');
    expect(lists() - before).toBeLessThanOrEqual(2);
  });

  test('an event that comes before the list shows it is seen all the same', async () => {
    bench = await startEngineBench({ containers: 20 });
    const web = bench.fake.model.findContainer('shop-0-web-1')!;
    bench.fake.model.emitContainer(web, 'pause');
    setTimeout(() => (web.state = 'paused'), 300);
    await until('paused', () => row('shop-0-web-1')?.state === 'paused');
    const before = lists();
    bench.fake.model.emitContainer(web, 'unpause');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(lists() - before).toBeLessThan(6);
  });

  test('a lost events stream is opened again without a word, and what happened meanwhile is seen', async () => {
    bench = await startEngineBench({ containers: 20 });
    const page = mirror();
    await until('the page has a state', () => page.kinds.length === 1);
    bench.fake.loseEvents(true);
    bench.fake.model.exit(bench.fake.model.findContainer('shop-0-api-1')!, 9);
    bench.fake.drop();
    bench.fake.loseEvents(false);
    await until('seen after reconnect', () => row('shop-0-api-1')?.state === 'exited');
    await until('a new snapshot', () => page.kinds.length === 2);
    expect(page.kinds).toEqual(['snapshot', 'snapshot']);
    expect(bench.fake.eventReaders()).toBe(1);
  });

  test('an engine that stays away is told once; its return is a snapshot', async () => {
    bench = await startEngineBench({ containers: 20 });
    const page = mirror();
    bench.dialer.down = true;
    bench.fake.drop();
    await until('away', () => page.kinds.at(-1) === 'away');
    expect(page.state.containers.size).toBe(20);
    const late = mirror();
    await until('a late page sees what was, and that it is away', () => late.kinds.length === 2);
    expect([late.kinds, late.state.containers.size]).toEqual([['snapshot', 'away'], 20]);
    await expect(bench.engine.handlers['containers.start']({ id: 'shop-0-web-1' }, context())).rejects.toMatchObject({
      code: 'engine.away',
    });
    bench.dialer.down = false;
    await until('back', () => page.state.connected);
    expect(page.kinds).toEqual(['snapshot', 'away', 'snapshot']);
  });

  test('events that dockerd dropped are made good by the minute, while somebody looks', async () => {
    bench = await startEngineBench({ containers: 20 });
    const connection = createConnection(bench.dialer);
    const watch = createWatch({ connection, log: silentLogger, available: bench.available, reconcileMs: 40 });
    ends.push(watch.dispose, () => connection.dispose());
    await watch.settle();
    bench.fake.loseEvents(true);
    bench.fake.model.exit(bench.fake.model.findContainer('shop-0-api-1')!, 9);
    const before = lists();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(lists() - before).toBe(0);
    const abort = new AbortController();
    ends.push(() => abort.abort());
    const changes = watch.changes(abort.signal);
    expect((await changes.next()).value).toMatchObject({ kind: 'snapshot' });
    expect((await changes.next()).value).toMatchObject({
      kind: 'delta',
      containers: { upsert: [{ name: 'shop-0-api-1', state: 'exited' }] },
    });
  });

  test('pausing closes the events stream; availability or the caller opens it again', async () => {
    bench = await startEngineBench({ containers: 3 });
    const resume = bench.engine.pauseEvents();
    await until('closed', () => bench.fake.eventReaders() === 0);
    resume();
    await until('open', () => bench.fake.eventReaders() === 1);
    bench.engine.pauseEvents();
    bench.available.set(false);
    expect(bench.engine.state.get().connected).toBe(false);
    bench.available.set(true);
    await bench.engine.settle();
    expect(bench.fake.eventReaders()).toBe(1);
    bench.available.set(false);
    await until('closed with the VM', () => bench.fake.eventReaders() === 0);
  });

  test('events that are no JSON, or never end, cost a reconnect and nothing more', async () => {
    bench = await startEngineBench({ containers: 5 });
    bench.fake.fault({ match: /GET \/events/, times: 1, effect: { kind: 'body', contentType: 'application/json', body: '{"Type":\n' } });
    bench.fake.fault({
      match: /GET \/events/,
      times: 1,
      effect: { kind: 'body', contentType: 'application/json', body: 'x'.repeat(5_000_000) },
    });
    bench.fake.drop();
    await until('both came', () => bench.fake.calls.filter((call) => call === 'GET /events').length === 4);
    bench.fake.model.exit(bench.fake.model.findContainer('shop-0-web-1')!, 1);
    await until('still watching', () => row('shop-0-web-1')?.state === 'exited');
  });

  test('a storm of 100 changes a second on 1,000 containers ends in the truth', async () => {
    bench = await startEngineBench({ containers: 1000 });
    const page = mirror();
    const stop = bench.fake.storm(100);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    bench.fake.drop();
    await new Promise((resolve) => setTimeout(resolve, 500));
    stop();
    const connection = createConnection(bench.dialer);
    ends.push(() => connection.dispose());
    const told = (state: EngineState): unknown =>
      [...state.containers.values()]
        .map(({ id, state: is, health, exitCode }) => ({ id, is, health, exitCode }))
        .sort((a, b) => (a.id < b.id ? -1 : 1));
    await until('quiet', async () => {
      const truth = await reread(connection, emptyState, new Map(), { images: true, counts: true }, new AbortController().signal);
      return JSON.stringify(told(truth)) === JSON.stringify(told(page.state));
    });
    expect(page.state.containers.size).toBe(bench.fake.model.containers.size);
  });
});
