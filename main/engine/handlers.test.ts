import { Buffer } from 'node:buffer';
import { createServer } from 'node:http';
import { pack } from 'tar-stream';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { startEngineBench, until } from '../../test/fakes/dockerd/bench';
import type { EngineBench } from '../../test/fakes/dockerd/bench';
import { logEntry } from '../../test/fakes/dockerd/logs';
import { context, taskEnd } from '../../test/fakes/streams';
import { BerthError, runSpec } from '../../preload/contract';
import type { LoadProgress, LogBatch, Task } from '../../preload/contract';

let bench: EngineBench;
afterEach(() => bench.dispose());

const call = {
  start: (id: string) => bench.engine.handlers['containers.start']({ id }, context()),
  stop: (id: string) => bench.engine.handlers['containers.stop']({ id }, context()),
  create: (spec: Record<string, unknown>, start = true) =>
    Promise.resolve(
      bench.engine.handlers['containers.create']({ spec: runSpec.parse({ image: 'nginx:1.29', ...spec }), start }, context()),
    ),
  remove: (id: string, force = false) => bench.engine.handlers['containers.remove']({ id, force, volumes: false }, context()),
  pull: async (reference: string) => (await bench.engine.handlers['images.pull']({ reference }, context())).task,
};

const task = (id: string): Promise<Task> => taskEnd(bench.tasks.handlers, id);

describe('containers', () => {
  test('a folder of the form is judged before the engine sees it, and is mounted where the judge says', async () => {
    bench = await startEngineBench(
      {},
      {
        judge: (path) =>
          Promise.resolve(
            path === '/srv' ? { error: new BerthError('shares.notShared', { path, share: '/srv' }) } : { source: `/real${path}` },
          ),
      },
    );
    const before = bench.fake.model.containers.size;
    const binds = (source: string) => [{ source, path: '/src' }];
    await expect(call.create({ name: 'one', binds: binds('/srv') }, false)).rejects.toMatchObject({ code: 'shares.notShared' });
    expect(bench.fake.model.containers.size).toBe(before);
    await call.create({ name: 'two', binds: binds('/home') }, false);
    expect(bench.fake.model.findContainer('two')?.binds).toEqual(['/real/home:/src']);
  });

  test('start, stop, restart, remove; starting what runs is no error', async () => {
    bench = await startEngineBench({ containers: 10 });
    await call.start('shop-0-web-1');
    await call.stop('shop-0-web-1');
    await call.stop('shop-0-web-1');
    expect(bench.fake.model.findContainer('shop-0-web-1')?.state).toBe('exited');
    await bench.engine.handlers['containers.restart']({ id: 'shop-0-web-1' }, context());
    await expect(call.remove('shop-0-web-1')).rejects.toMatchObject({ code: 'engine.conflict' });
    await call.remove('shop-0-web-1', true);
    await expect(call.start('shop-0-web-1')).rejects.toMatchObject({
      code: 'engine.notFound',
      params: { kind: 'container', id: 'shop-0-web-1' },
    });
  });

  test('a paused container goes on by unpause, is refused a start, and stops', async () => {
    bench = await startEngineBench({ containers: 10 });
    const id = 'shop-0-web-1';
    const state = () => bench.fake.model.findContainer(id)?.state;
    await bench.engine.handlers['containers.pause']({ id }, context());
    expect(state()).toBe('paused');
    await expect(call.start(id)).rejects.toMatchObject({ code: 'engine.conflict' });
    await bench.engine.handlers['containers.unpause']({ id }, context());
    expect(state()).toBe('running');
    await bench.engine.handlers['containers.pause']({ id }, context());
    await call.stop(id);
    expect(state()).toBe('exited');
  });

  test('the gate stands before every start, and is told how it went', async () => {
    const gate = {
      prepare: vi.fn(async () => undefined),
      confirm: vi.fn(async () => undefined),
      release: vi.fn(async () => undefined),
      changed: vi.fn(async () => undefined),
    };
    bench = await startEngineBench({ containers: 10 }, { gate });
    await call.start('shop-0-metrics-1');
    expect([gate.prepare.mock.calls.length, gate.confirm.mock.calls.length, gate.release.mock.calls.length]).toEqual([1, 1, 0]);
    await expect(call.start('nothing')).rejects.toMatchObject({ code: 'engine.notFound' });
    expect(gate.release).toHaveBeenCalledWith('nothing');
    gate.prepare.mockRejectedValueOnce(new Error('taken'));
    const before = bench.fake.calls.length;
    await expect(call.start('shop-0-web-1')).rejects.toThrow('taken');
    expect(bench.fake.calls.length).toBe(before);
  });

  test('create says what it was given, and each refusal by its code', async () => {
    bench = await startEngineBench({ containers: 3 });
    const { id } = await call.create({
      name: 'mine',
      env: [{ name: 'A', value: 'b c' }],
      ports: [{ hostPort: 18080, containerPort: 80 }],
      restart: 'always',
      tty: true,
    });
    expect(bench.fake.model.findContainer(id)).toMatchObject({
      name: 'mine',
      state: 'running',
      env: ['A=b c'],
      restartPolicy: 'always',
      tty: true,
    });
    expect(await bench.engine.handlers['containers.inspect']({ id }, context())).toMatchObject({
      summary: { name: 'mine', ports: [{ hostPort: 18080, containerPort: 80 }] },
      restartPolicy: 'always',
      tty: true,
    });
    await expect(call.create({ name: 'mine' })).rejects.toMatchObject({
      code: 'engine.nameTaken',
      params: { name: 'mine', by: id.slice(0, 12) },
    });
    await expect(call.create({ name: 'other', ports: [{ hostPort: 18080, containerPort: 80 }] })).rejects.toMatchObject({
      code: 'engine.portTaken',
      params: { port: 18080, detail: expect.stringMatching(/^other: /) },
    });
    expect(bench.fake.model.findContainer('other')?.state).toBe('created');
    await expect(call.create({ image: 'nope' })).rejects.toMatchObject({
      code: 'engine.notFound',
      params: { kind: 'image', id: 'nope:latest' },
    });
    await expect(call.create({ image: 'Bad Name' })).rejects.toMatchObject({
      code: 'engine.badReference',
      params: { reference: 'Bad Name' },
    });
    await expect(call.create({ name: 'lost', command: ['nosuch', 'x'] })).rejects.toMatchObject({
      code: 'engine.noCommand',
      params: { command: 'nosuch' },
    });
  });

  test('a container that exits at once is an error with its last words, one that ends well is none', async () => {
    bench = await startEngineBench();
    bench.fake.logs.set('oops', { history: [logEntry('first\n'), logEntry('cannot open /etc/x\n', 'stderr')] });
    await expect(call.create({ name: 'oops', command: ['exit', '3'] })).rejects.toMatchObject({
      code: 'engine.exitedAtOnce',
      params: { name: 'oops', exitCode: 3, detail: 'first\ncannot open /etc/x' },
    });
    await call.create({ name: 'fine', command: ['true'] });
    const { id } = await call.create({ name: 'later' });
    bench.fake.model.exit(bench.fake.model.findContainer(id)!, 4);
    await until('a notice', () => bench.notices.length === 1);
    expect(bench.notices[0]).toMatchObject({ code: 'engine.exitedAtOnce', params: { name: 'later', exitCode: 4 } });
    const stopped = await call.create({ name: 'stopped' });
    bench.fake.model.findContainer('stopped')!.stopCode = 1;
    await call.stop(stopped.id);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(bench.notices.length).toBe(1);
  });

  test('an answer cut short, one that is no JSON and a redirect are errors, and nobody waits for ever', async () => {
    bench = await startEngineBench({ containers: 300 });
    const strangers: string[] = [];
    const stranger = createServer((request, response) => {
      strangers.push(request.url ?? '');
      response.end('{}');
    });
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
    const { port } = stranger.address() as { port: number };
    bench.fake.fault({ match: /GET .*web-1\/json/, effect: { kind: 'cutAfter', bytes: 50 } });
    await expect(Promise.resolve(bench.engine.handlers['containers.inspect']({ id: 'shop-0-web-1' }, context()))).rejects.toMatchObject({
      code: 'engine.away',
    });
    bench.fake.fault({ match: /GET .*api-1\/json/, effect: { kind: 'body', contentType: 'application/json', body: '<html>' } });
    await expect(Promise.resolve(bench.engine.handlers['containers.inspect']({ id: 'shop-0-api-1' }, context()))).rejects.toMatchObject({
      code: 'engine.failed',
    });
    bench.fake.fault({ match: /GET .*db-1\/json/, effect: { kind: 'redirect', location: `http://127.0.0.1:${port}/steal` } });
    await expect(Promise.resolve(bench.engine.handlers['containers.inspect']({ id: 'shop-0-db-1' }, context()))).rejects.toMatchObject({
      code: 'engine.failed',
      params: { status: 302 },
    });
    expect(strangers).toEqual([]);
    stranger.close();
  });
});

describe('logs', () => {
  test('history and what follows; leaving closes the connection', async () => {
    bench = await startEngineBench({ containers: 2 });
    let left = false;
    bench.fake.logs.set('shop-0-web-1', {
      history: Array.from({ length: 50 }, (_, index) =>
        logEntry(`line ${index}\n`, index % 2 === 0 ? 'stdout' : 'stderr', '2026-01-01T00:00:00.000000001Z'),
      ),
      async *live(gone) {
        yield logEntry('live\n', 'stdout', '2026-01-01T00:00:01.000000001Z');
        await new Promise((_resolve, reject) => gone.addEventListener('abort', () => reject(new Error('gone')))).finally(
          () => (left = true),
        );
      },
    });
    const abort = new AbortController();
    const lines: LogBatch['lines'][number][] = [];
    for await (const batch of bench.engine.handlers['containers.logs'](
      { id: 'shop-0-web-1', follow: true, tail: 10 },
      context(abort.signal),
    )) {
      lines.push(...batch.lines);
      if (lines.at(-1)?.[2] === 'live') {
        break;
      }
    }
    expect(lines).toHaveLength(11);
    expect(lines[0]).toEqual(['o', '2026-01-01T00:00:00.000000001Z', 'line 40']);
    expect(lines[1]?.[0]).toBe('e');
    await until('the engine sees it', () => left);
  });

  test('the bytes of a log for a download, and errors by code', async () => {
    bench = await startEngineBench({ containers: 2 });
    bench.fake.logs.set('shop-0-web-1', { history: [logEntry('a\n'), logEntry('b\n', 'stderr'), logEntry('日本\n')] });
    const chunks: Uint8Array[] = [];
    for await (const chunk of bench.engine.handlers['containers.logBytes']({ id: 'shop-0-web-1', timestamps: false }, context())) {
      chunks.push(chunk);
    }
    expect(Buffer.concat(chunks).toString()).toBe('a\nb\n日本\n');
    const read = async (): Promise<void> => {
      for await (const _ of bench.engine.handlers['containers.logs']({ id: 'nobody', follow: true, tail: 1 }, context())) {
        // nothing comes
      }
    };
    await expect(read()).rejects.toMatchObject({ code: 'engine.notFound', params: { kind: 'container' } });
    bench.fake.fault({ match: /logs/, effect: { kind: 'cutAfter', bytes: 30 } });
    const cut = bench.engine.handlers['containers.logs']({ id: 'shop-0-api-1', follow: true, tail: 100 }, context());
    await expect(
      (async () => {
        for await (const _ of cut) {
          /* until it breaks */
        }
      })(),
    ).rejects.toMatchObject({ code: 'engine.away' });
  });
});

describe('images', () => {
  test('a pull is a task with layers, joined by a second click, and its image appears', async () => {
    bench = await startEngineBench();
    const id = await call.pull('busybox');
    expect(await call.pull('busybox')).toBe(id);
    expect(await task(id)).toMatchObject({
      state: 'done',
      kind: 'pull',
      subject: 'busybox',
      detail: 'Downloaded newer image for busybox:latest',
      currentBytes: 32_000_000,
    });
    await until('listed', () => [...bench.engine.state.get().images.values()].some((image) => image.tags.includes('busybox:latest')));
  });

  test('a pull is cancelled at once, and the next one keeps the layers that were done', async () => {
    bench = await startEngineBench();
    bench.fake.pulls.set('slow:latest', { layers: 3, layerBytes: 2_000_000, bytesPerSecond: 8_000_000 });
    const id = await call.pull('slow');
    const layers = async (): Promise<readonly string[]> => {
      const abort = new AbortController();
      const { value } = (await bench.tasks.handlers['tasks.changes']({}, context(abort.signal))[Symbol.asyncIterator]().next()) as {
        value: Task[];
      };
      return (value.find((each) => each.id === id)?.layers ?? []).map((layer) => layer.phase);
    };
    await until('one layer is done', async () => (await layers()).includes('done'));
    await bench.tasks.handlers['tasks.cancel']({ id }, context());
    expect((await task(id)).state).toBe('cancelled');
    const again = await task(await call.pull('slow'));
    expect(again.state).toBe('done');
    expect(again.layers?.some((layer) => layer.phase === 'exists')).toBe(true);
  });

  test.each([
    ['denied/x', 'engine.pullDenied'],
    ['missing/x:1', 'engine.notFound'],
    ['unreachable/x', 'engine.registryUnreachable'],
  ])('pulling %s fails with %s', async (reference, code) => {
    bench = await startEngineBench();
    expect(await task(await call.pull(reference))).toMatchObject({ state: 'failed', error: { code } });
  });

  test('an error in the midst of a pull, a cut one and a bad reference', async () => {
    bench = await startEngineBench();
    bench.fake.pulls.set('full:latest', {
      layers: 1,
      layerBytes: 1000,
      bytesPerSecond: 1_000_000,
      failWith: 'write /x: no space left on device',
    });
    expect(await task(await call.pull('full'))).toMatchObject({ state: 'failed', error: { code: 'engine.noSpace' } });
    bench.fake.fault({ match: /images\/create/, times: 1, effect: { kind: 'cutAfter', bytes: 400 } });
    expect(await task(await call.pull('cut'))).toMatchObject({ state: 'failed', error: { code: 'engine.away' } });
    await expect(call.pull('Bad Name')).rejects.toMatchObject({ code: 'engine.badReference' });
  });

  test('remove: gone, in use, unknown, and no way to another path', async () => {
    bench = await startEngineBench({ containers: 1 });
    const remove = async (id: string): Promise<void> => bench.engine.handlers['images.remove']({ id, force: false }, context());
    await remove('redis:8');
    await expect(remove('nginx:1.29')).rejects.toMatchObject({ code: 'engine.imageInUse', params: { image: 'nginx:1.29' } });
    await expect(remove('nope')).rejects.toMatchObject({ code: 'engine.notFound', params: { kind: 'image' } });
    await expect(remove('../containers/shop-0-web-1')).rejects.toMatchObject({ code: 'engine.badReference' });
  });

  async function load(upload: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<LoadProgress[]> {
    const items: LoadProgress[] = [];
    for await (const item of bench.engine.handlers['images.load']({ name: 'x.tar' }, context(signal, upload))) {
      items.push(item);
    }
    return items;
  }

  async function* tarOf(megabytes: number, sent: { bytes: number } = { bytes: 0 }): AsyncGenerator<Uint8Array> {
    const tar = pack();
    tar.entry({ name: 'layer.tar', size: megabytes * 2 ** 20 });
    await new Promise<void>((resolve) => tar.once('readable', () => resolve()));
    yield tar.read() as Buffer;
    for (let count = 0; count < megabytes; count++) {
      sent.bytes += 2 ** 20;
      yield Buffer.alloc(2 ** 20);
    }
  }

  test('load streams a tar, and says what was loaded', async () => {
    bench = await startEngineBench();
    const items = await load(tarOf(64));
    expect(items.at(-1)).toMatchObject({ receivedBytes: 64 * 2 ** 20 + 512, loaded: [`loaded:${64 * 2 ** 20 + 512}`] });
  });

  test('what is no tar is refused before it travels; a cancel ends it on both sides', async () => {
    bench = await startEngineBench();
    let sent = 0;
    await expect(
      load(
        (async function* () {
          for (; sent < 100; sent++) {
            yield Buffer.from('not a tar at all '.repeat(100));
          }
        })(),
      ),
    ).rejects.toMatchObject({ code: 'engine.notATar' });
    expect(sent).toBeLessThan(5);
    await expect(load((async function* () {})())).rejects.toMatchObject({ code: 'engine.notATar' });
    const abort = new AbortController();
    const counted = { bytes: 0 };
    setTimeout(() => abort.abort(), 50);
    await expect(
      load(
        (async function* () {
          for await (const chunk of tarOf(5000, counted)) {
            yield chunk;
            await new Promise((resolve) => setTimeout(resolve, 2));
          }
        })(),
        abort.signal,
      ),
    ).rejects.toMatchObject({ code: 'rpc.cancelled' });
    expect(bench.fake.model.images.size).toBe(10);
  });

  test('an engine that refuses early, or takes nothing, stops the upload', async () => {
    bench = await startEngineBench();
    const lift = bench.fake.fault({
      match: /images\/load/,
      effect: { kind: 'status', status: 500, message: 'write /x: no space left on device' },
    });
    const early = { bytes: 0 };
    await expect(load(tarOf(2000, early))).rejects.toMatchObject({ code: 'engine.noSpace' });
    lift();
    expect(early.bytes).toBeLessThan(200 * 2 ** 20);
    bench.fake.fault({ match: /images\/load/, effect: { kind: 'hang' } });
    const abort = new AbortController();
    const held = { bytes: 0 };
    const loading = load(tarOf(2000, held), abort.signal);
    await new Promise((resolve) => setTimeout(resolve, 300));
    abort.abort();
    await expect(loading).rejects.toMatchObject({ code: 'rpc.cancelled' });
    expect(held.bytes).toBeLessThan(16 * 2 ** 20);
  });
});
