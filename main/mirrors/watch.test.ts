import { afterEach, describe, expect, test } from 'vitest';
import { startEngineBench, until } from '../../test/fakes/dockerd/bench';
import type { EngineBench } from '../../test/fakes/dockerd/bench';
import { startMirrorBench } from '../../test/fakes/mirror-bench';
import type { MirrorBench } from '../../test/fakes/mirror-bench';
import { context, taskEnd } from '../../test/fakes/streams';
import type { MirrorVerdict, Task } from '../../preload/contract';
import { failuresIn } from './engine-log';

const A = 'https://a.example';
const B = 'https://b.example';
const C = 'https://c.example:5000';
/** A pull of its own second, in whose course dockerd left these; resolves with who served it. */
async function pulled(on: MirrorBench, hosts: readonly string[], fields = 'level=info'): Promise<string | undefined> {
  const watch = on.mirrors.watch('busybox');
  // Clearly within the pull, whatever the clocks' slack.
  await new Promise((resolve) => setTimeout(resolve, 20));
  on.log.push(...hosts.map((host) => CLASSIC(host).replace('level=info', fields)));
  return watch.end();
}

const CLASSIC = (host: string, at = new Date()): string =>
  `time="${at.toISOString()}" level=info msg="Attempting next endpoint for pull after error: Head \\"https://${host}/v2/library/busybox/manifests/latest\\": dial tcp 10.0.2.2:443: connect: connection refused"`;

let bench: MirrorBench;
let engine: EngineBench | undefined;
afterEach(async () => {
  await engine?.dispose();
  engine = undefined;
  await bench.dispose();
});

async function start(stallMilliseconds = 60): Promise<void> {
  bench = await startMirrorBench({ document: { 'registry-mirrors': [A, B, C] }, stallMilliseconds });
  bench.log.push('time="2026-01-01T00:00:00.5Z" level=info msg="API listen on /run/docker.sock"');
  await bench.until(({ mirrors, inForce }) => mirrors.length === 3 && inForce !== undefined);
}

const ended = (id: string): Promise<Task> =>
  engine === undefined ? Promise.reject(new Error('no engine')) : taskEnd(engine.tasks.handlers, id);

describe('a pull of the window that gets nothing', () => {
  test('has the silent mirror taken out by a live reload, and is pulled again by itself', async () => {
    await start();
    engine = await startEngineBench({}, { pulls: bench.mirrors });
    bench.verdicts.set(B, 'silent');
    const { pulls } = engine.fake;
    // Of the attempt that is given up, which counts for nothing.
    bench.log.push(CLASSIC('c.example:5000', new Date(Date.now() + 1000)));
    const good = { layers: 2, layerBytes: 1000, bytesPerSecond: 100_000 };
    // dockerd stays on a silent mirror for ever; only another pull goes past it.
    pulls.set('alpine:3', { ...good, stallWhile: () => pulls.set('alpine:3', good).size > 0 });
    const { task } = await engine.engine.handlers['images.pull']({ reference: 'alpine:3' }, context());
    const done = await ended(task);
    expect(done.state).toBe('done');
    expect(done.steps?.map(({ name, state, detail }) => [name, state, detail])).toEqual([
      ['pull', 'failed', B],
      ['pullAgain', 'done', undefined],
      ['served', 'done', A],
    ]);
    expect(bench.overrides).toEqual([[A, C]]);
    const state = await bench.state();
    expect(state.suspended).toEqual([B]);
    expect(state.differs).toBe(true);
    expect(bench.document.get()).toEqual({ 'registry-mirrors': [A, B, C] });
    expect(bench.notices.map(({ code, params }) => [code, params])).toEqual([['mirrors.silent', { url: B, reference: 'alpine:3' }]]);
    expect(state.mirrors.map(({ failures }) => failures)).toEqual([0, 1, 0]);
  });

  test('is left alone while anything comes, and where no mirror is to blame', async () => {
    await start(400);
    engine = await startEngineBench({}, { pulls: bench.mirrors });
    engine.fake.pulls.set('slow:1', { layers: 1, layerBytes: 4000, bytesPerSecond: 4000 });
    const { task } = await engine.engine.handlers['images.pull']({ reference: 'slow:1' }, context());
    expect((await ended(task)).state).toBe('done');
    expect(bench.looks).toEqual([]);
    let stall = true;
    engine.fake.pulls.set('hub:1', { layers: 1, layerBytes: 100, bytesPerSecond: 10_000, stallWhile: () => stall });
    const other = await engine.engine.handlers['images.pull']({ reference: 'hub:1' }, context());
    await until('looked', () => bench.looks.length > 0);
    expect(bench.looks[0]).toEqual([A, B, C]);
    stall = false;
    const done = await ended(other.task);
    expect([done.state, done.steps?.map(({ name }) => name), bench.overrides, bench.notices]).toEqual(['done', ['served'], [], []]);
  });

  test('can be cancelled while it stalls', async () => {
    await start(5000);
    engine = await startEngineBench({}, { pulls: bench.mirrors });
    engine.fake.pulls.set('never:1', { layers: 1, layerBytes: 100, bytesPerSecond: 100, stallWhile: () => true });
    const { task } = await engine.engine.handlers['images.pull']({ reference: 'never:1' }, context());
    await engine.tasks.handlers['tasks.cancel']({ id: task }, context());
    expect((await ended(task)).state).toBe('cancelled');
  });
});

describe("a client's pull that gets nothing", () => {
  test('is told of by a notice, once; the mirror silent at its layers is found too', async () => {
    await start();
    bench.verdicts.set(A, 'refused').set(B, 'closed');
    bench.layerVerdicts.set(C, 'silent');
    const watch = bench.mirrors.watch('docker.io/library/nginx:1.29');
    await until('notice', () => bench.notices.length > 0);
    expect(bench.notices.map(({ code, params }) => [code, params['url']])).toEqual([['mirrors.silentForClient', C]]);
    expect(bench.overrides).toEqual([[A, B]]);
    await watch.end();
    expect((await bench.state()).mirrors.map(({ failures }) => failures)).toEqual([0, 0, 1]);
  });

  test('shares its look with another one, and each is told', async () => {
    await start();
    bench.verdicts.set(A, 'unreachable');
    bench.mirrors.watch('one');
    bench.mirrors.watch('two');
    await until('notices', () => bench.notices.length === 2);
    expect(bench.looks).toHaveLength(1);
    expect(bench.overrides).toEqual([[B, C]]);
  });

  test('of another registry is none of the mirrors’', async () => {
    await start();
    bench.mirrors.watch('ghcr.io/owner/name:1');
    bench.mirrors.watch('localhost:5000/x');
    bench.mirrors.watch('busybox');
    await until('one look', () => bench.looks.length > 0);
    expect(bench.looks).toHaveLength(1);
  });
});

describe('a mirror that is out of force', () => {
  async function suspend(): Promise<void> {
    await start();
    bench.verdicts.set(B, 'silent');
    bench.mirrors.watch('busybox');
    await bench.until(({ suspended }) => suspended.length === 1);
  }

  test('counts again after a boot', async () => {
    await suspend();
    bench.boot();
    expect((await bench.state()).suspended).toEqual([]);
    expect((await bench.state()).differs).toBe(false);
  });

  test('counts again when a test finds it well', async () => {
    await suspend();
    bench.verdicts.delete(B);
    for await (const _ of bench.mirrors.handlers['mirrors.test']({ urls: [B] }, context())) {
      // Its result is what matters.
    }
    const state = await bench.until(({ suspended }) => suspended.length === 0);
    expect(state.inForce?.urls).toEqual([A, B, C]);
  });

  test('counts again when the same list is put in force', async () => {
    await suspend();
    await bench.apply([{ url: A }, { url: B }, { url: C }]);
    const state = await bench.state();
    expect([state.suspended, state.inForce?.urls]).toEqual([[], [A, B, C]]);
  });

  test('is switched off by the way out of its notice', async () => {
    await suspend();
    await bench.mirrors.handlers['mirrors.switchOff']({ url: B }, context());
    const state = await bench.until(({ suspended, differs }) => suspended.length === 0 && !differs);
    expect(state.mirrors.map(({ url, enabled }) => [url, enabled])).toEqual([
      [A, true],
      [B, false],
      [C, true],
    ]);
    expect(bench.document.get()).toEqual({ 'registry-mirrors': [A, C] });
  });
});

describe('which one is in the way is told by the order in which dockerd asks', () => {
  test.each<readonly [string, readonly MirrorVerdict[], string]>([
    ['the first of several silent ones', ['refused', 'silent', 'silent'], B],
    ['a silent one behind those that fail', ['serverError', 'rateLimited', 'silent'], C],
    ['a silent one before one out of reach', ['unreachable', 'silent', 'works'], B],
    ['one out of reach where nothing else is wrong', ['unreachable', 'works', 'works'], A],
    ['the one that works and has silent layers, not a silent one behind it', ['refused', 'works', 'silent'], B],
  ])('%s', async (_, [a = 'works', b = 'works', c = 'works'], culprit) => {
    await start();
    bench.verdicts.set(A, a).set(B, b).set(C, c);
    if (culprit === B && b === 'works') {
      bench.layerVerdicts.set(B, 'silent');
    }
    bench.mirrors.watch('busybox');
    await until('notice', () => bench.notices.length > 0);
    expect(bench.overrides).toEqual([[A, B, C].filter((url) => url !== culprit)]);
  });
});

describe("dockerd's log", () => {
  test('names mirrors that failed, of both image stores', () => {
    const lines = [
      CLASSIC('a.example', new Date('2026-11-21T08:00:00.5Z')),
      'time="2026-11-21T08:00:01Z" level=info msg="trying next host" error="failed to do request: EOF" host="c.example:5000" spanID=1',
      'time="2026-11-21T08:00:02Z" level=info msg="trying next host - response was http.StatusNotFound" host=b.example',
      'time="2026-11-21T08:00:03Z" level=info msg="Layer sha256:1 cleaned up"',
      'no line of dockerd',
    ];
    expect(failuresIn([CLASSIC('x').replace(/Head.*refused/, 'toomanyrequests: slow down')])).toMatchObject([{ store: 'classic' }]);
    expect(failuresIn(lines).map(({ at, host }) => [new Date(at).toISOString(), host])).toEqual([
      ['2026-11-21T08:00:00.500Z', 'a.example'],
      ['2026-11-21T08:00:01.000Z', 'c.example:5000'],
      ['2026-11-21T08:00:02.000Z', 'b.example'],
    ]);
  });

  test('is read after each pull; three failures in a row offer to switch off, a test that works forgets them', async () => {
    await start(60_000);
    for (let pull = 1; pull <= 3; pull += 1) {
      await pulled(bench, ['a.example']);
    }
    const state = await bench.state();
    expect(state.mirrors.map(({ failures, offerDisable }) => [failures, offerDisable])).toEqual([
      [3, true],
      [0, false],
      [0, false],
    ]);
    expect(bench.notices.map(({ code, params }) => [code, params])).toEqual([['mirrors.failing', { url: A, times: 3 }]]);
    for await (const _ of bench.mirrors.handlers['mirrors.test']({ urls: [A] }, context())) {
      // Its result is what matters.
    }
    expect((await bench.until(({ mirrors }) => mirrors[0]?.failures === 0)).mirrors[0]?.offerDisable).toBe(false);
  });

  test('tells which mirror served a pull, where it can mean one thing only', async () => {
    await start(60_000);
    expect(await pulled(bench, [])).toBe(A);
    expect(await pulled(bench, ['a.example'])).toBe(B);
    // It names no host, but there is a line for each that was left.
    expect(await pulled(bench, ['a.example', 'b.example', 'c.example:5000'])).toBe('direct');
    expect((await bench.state()).mirrors.map(({ failures }) => failures)).toEqual([2, 1, 1]);
    expect(await pulled(bench, [])).toBe(A);
    expect((await bench.state()).mirrors.map(({ failures }) => failures)).toEqual([0, 1, 1]);
  });

  test('tells nothing of pulls at the same time, of a failed one, of the containerd store, of a log cut short', async () => {
    await start(60_000);
    const other = bench.mirrors.watch('other');
    expect(await pulled(bench, ['a.example'])).toBeUndefined();
    expect(await other.end()).toBeUndefined();
    expect(await bench.mirrors.watch('busybox').end(new Error('no such image'))).toBeUndefined();
    const mirrors = bench.document.get();
    bench.document.set({ ...mirrors, features: { 'containerd-snapshotter': true } });
    expect(await pulled(bench, [])).toBeUndefined();
    bench.document.set({ ...mirrors, 'log-level': 'warn' });
    expect(await pulled(bench, [])).toBeUndefined();
    bench.document.set(mirrors);
    expect(await pulled(bench, [])).toBe(A);
    // The guest keeps the end of the log only: what is not in it may have been.
    bench.log.splice(0);
    expect(await pulled(bench, [])).toBeUndefined();
  });
});
