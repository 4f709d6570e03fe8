// Client and server together over a transport in memory, with handlers of the real contract.
import { describe, expect, it } from 'vitest';
import { createTransportPair } from '../../test/fakes/transport-pair';
import type { TransportPair } from '../../test/fakes/transport-pair';
import { BerthError } from '../contract';
import type { BackendHandlers, VmStatus } from '../contract';
import { createClient } from './client';
import { WINDOW_BYTES } from './credit';
import { decodeFrame, encodeFrame } from './frames';
import { serve } from './server';

const hello = { build: 'test', client: 'browser' } as const;
const turn = (ms = 5): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Setup {
  readonly pair: TransportPair;
  readonly client: ReturnType<typeof createClient>;
  readonly errors: unknown[];
}

function connect(handlers: Partial<BackendHandlers>): Setup {
  const pair = createTransportPair();
  const errors: unknown[] = [];
  serve(pair.server, { build: 'test', accept: () => handlers as BackendHandlers, onError: (_, error) => errors.push(error) });
  return { pair, client: createClient(pair.client, hello), errors };
}

/** Bytes that went from the server in `item` frames. */
function itemBytes(pair: TransportPair): number {
  return pair.sent
    .filter(({ from, bytes }) => from === 'server' && decodeFrame(bytes).t === 'item')
    .reduce((sum, { bytes }) => sum + bytes.length, 0);
}

describe('calls', () => {
  it('reach the handler with defaults filled in and bring its answer back', async () => {
    const seen: unknown[] = [];
    const { client } = connect({ 'vm.log': (input) => (seen.push(input), { lines: ['a'] }) });
    expect(await client.call('vm.log', { source: 'serial' })).toEqual({ lines: ['a'] });
    expect(seen).toEqual([{ source: 'serial', lines: 200 }]);
  });

  it('carry errors as codes, and hide the inside of foreign ones from nobody but the log', async () => {
    const { client, errors } = connect({
      'vm.start': () => {
        throw new BerthError('vm.busy', { state: 'stopping' });
      },
      'vm.stop': () => Promise.reject(new TypeError('boom')),
    });
    await expect(client.call('vm.start', {})).rejects.toMatchObject({ code: 'vm.busy', params: { state: 'stopping' } });
    await expect(client.call('vm.stop', {})).rejects.toMatchObject({ code: 'internal.unexpected', params: { detail: 'boom' } });
    expect(errors).toHaveLength(1);
  });

  it('refuse bad input by its field, and the handler is never called', async () => {
    let called = 0;
    const { client } = connect({ 'containers.stop': () => void (called += 1) });
    await expect(client.call('containers.stop', { id: 'a', timeoutSeconds: -1 })).rejects.toMatchObject({
      code: 'rpc.badRequest',
      params: { method: 'containers.stop', field: 'timeoutSeconds' },
    });
    await expect(client.call('containers.stop', { id: '-rf' })).rejects.toMatchObject({ params: { field: 'id' } });
    await expect(client.call('containers.stop', { id: 'a', extra: 1 } as never)).rejects.toMatchObject({ params: { field: 'extra' } });
    await expect(client.call('containers.stop', JSON.parse('{"id":"a","__proto__":{"x":1}}') as never)).rejects.toMatchObject({
      code: 'rpc.badRequest',
    });
    expect(called).toBe(0);
  });

  it.each(['nope', '__proto__', 'constructor', 'toString', 'vm.logs'])('refuse %s as unknown', async (method) => {
    const { client } = connect({});
    await expect(client.call(method as 'vm.start', {})).rejects.toMatchObject({ code: 'rpc.unknownMethod' });
  });

  it('tell the handler when the caller gives up', async () => {
    let aborted = false;
    const { client } = connect({
      'vm.start': (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            aborted = true;
            reject(new Error('aborted'));
          });
        }),
    });
    const giveUp = new AbortController();
    const call = client.call('vm.start', {}, { signal: giveUp.signal });
    await turn();
    giveUp.abort();
    await expect(call).rejects.toMatchObject({ code: 'rpc.cancelled' });
    await turn();
    expect(aborted).toBe(true);
  });

  it('answer rpc.tooLarge where the result is too large for a frame, and the connection lives', async () => {
    const { client } = connect({ 'app.open': () => ({ address: 'x'.repeat(9 * 1024 * 1024) }), 'vm.boots': () => [] });
    await expect(client.call('app.open', {})).rejects.toMatchObject({ code: 'rpc.tooLarge' });
    expect(await client.call('vm.boots', {})).toEqual([]);
  });

  it('are bounded in number', async () => {
    const { client } = connect({ 'vm.start': () => new Promise(() => undefined) });
    const calls = Array.from({ length: 1100 }, () => client.call('vm.start', {}).catch((error: unknown) => error));
    expect(await Promise.race([calls[1099], turn(2000)])).toMatchObject({ code: 'rpc.tooMany' });
  });
});

describe('streams', () => {
  const id = 'abc';

  it('deliver in order and end', async () => {
    const { client } = connect({
      'containers.logBytes': async function* () {
        for (let i = 0; i < 1000; i++) {
          yield new Uint8Array([i % 256]);
        }
      },
    });
    const got: number[] = [];
    for await (const bytes of client.stream('containers.logBytes', { id })) {
      got.push(...bytes);
    }
    expect(got).toEqual(Array.from({ length: 1000 }, (_, i) => i % 256));
  });

  it.each([1000, 16 * 1024, 1024 * 1024])('never let a producer of %d-byte items run past its credit', async (size) => {
    let produced = 0;
    const { client, pair } = connect({
      'containers.logBytes': async function* () {
        for (;;) {
          produced += size;
          yield new Uint8Array(size);
        }
      },
    });
    let consumed = 0;
    const reader = client.stream('containers.logBytes', { id })[Symbol.asyncIterator]();
    for (let i = 0; i < 40; i++) {
      const { value } = await reader.next();
      consumed += (value as Uint8Array).length;
      if (i % 10 === 0) {
        await turn(20);
      }
      const framing = itemBytes(pair) * 0.1;
      expect(itemBytes(pair) - consumed - framing).toBeLessThanOrEqual(272 * 1024);
      if (size <= 16 * 1024) {
        expect(produced - consumed).toBeLessThanOrEqual(272 * 1024);
      }
    }
    await reader.return?.();
  });

  it('cancel the producer on break, all the way', async () => {
    const ended: string[] = [];
    const { client } = connect({
      'containers.logBytes': async function* (_, { signal }) {
        signal.addEventListener('abort', () => ended.push('aborted'));
        try {
          for (;;) {
            await turn(1);
            yield new Uint8Array(10);
          }
        } finally {
          ended.push('returned');
        }
      },
    });
    for await (const bytes of client.stream('containers.logBytes', { id })) {
      expect(bytes.length).toBe(10);
      break;
    }
    await turn(30);
    expect(ended.sort()).toEqual(['aborted', 'returned']);
  });

  it('end a producer that waits for ever when the transport closes', async () => {
    let aborted = false;
    const { client, pair } = connect({
      'containers.logBytes': async function* (_, { signal }) {
        signal.addEventListener('abort', () => (aborted = true));
        yield new Uint8Array(1);
        await new Promise(() => undefined);
      },
    });
    const reader = client.stream('containers.logBytes', { id })[Symbol.asyncIterator]();
    await reader.next();
    pair.server.close();
    await expect(reader.next()).rejects.toMatchObject({ code: 'rpc.disconnected' });
    expect(aborted).toBe(true);
    expect(await client.closed).toMatchObject({ code: 'rpc.disconnected' });
    await expect(client.call('vm.boots', {})).rejects.toMatchObject({ code: 'rpc.disconnected' });
  });

  it('bring the error after the items before it', async () => {
    const { client } = connect({
      'containers.logBytes': async function* () {
        yield new Uint8Array(1);
        throw new BerthError('engine.away', { reason: 'x' });
      },
    });
    const got: number[] = [];
    const reading = (async () => {
      for await (const bytes of client.stream('containers.logBytes', { id })) {
        got.push(bytes.length);
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: 'engine.away' });
    expect(got).toEqual([1]);
  });

  it('of policy latest skip what a slow reader missed, and always deliver the last', async () => {
    const { client, pair } = connect({
      'vm.status': async function* () {
        for (let pid = 0; pid < 500; pid++) {
          yield { pid } as VmStatus;
          if (pid % 50 === 0) {
            await turn(2);
          }
        }
      },
    });
    const got: (number | undefined)[] = [];
    for await (const status of client.stream('vm.status', {})) {
      got.push(status.pid);
      await turn(15);
    }
    expect(got.at(-1)).toBe(499);
    expect(got.length).toBeLessThan(60);
    expect(itemBytes(pair)).toBeLessThan(WINDOW_BYTES);
  });

  it('stop by a signal', async () => {
    const { client } = connect({
      'vm.status': async function* () {
        yield {} as VmStatus;
        await new Promise(() => undefined);
      },
    });
    const stop = new AbortController();
    const reader = client.stream('vm.status', {}, { signal: stop.signal })[Symbol.asyncIterator]();
    await reader.next();
    stop.abort();
    await expect(reader.next()).rejects.toMatchObject({ code: 'rpc.cancelled' });
  });
});

describe('uploads', () => {
  it('arrive whole, and a slow handler holds the source back', async () => {
    let read = 0;
    let sourced = 0;
    let worst = 0;
    const { client } = connect({
      'images.load': async function* (_, { upload }) {
        for await (const bytes of upload) {
          worst = Math.max(worst, sourced - read);
          read += bytes.length;
          if (read % (1024 * 1024) < 16 * 1024) {
            await turn(3);
          }
        }
        yield { receivedBytes: read, loaded: ['x'] };
      },
    });
    async function* source(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 400; i++) {
        sourced += 10_000;
        yield new Uint8Array(10_000);
      }
    }
    const items = [];
    for await (const item of client.stream('images.load', { name: 'a.tar' }, { upload: source() })) {
      items.push(item);
    }
    expect(items.at(-1)).toEqual({ receivedBytes: 4_000_000, loaded: ['x'] });
    expect(worst).toBeLessThanOrEqual(272 * 1024 + 64 * 1024);
  });

  it('stop reading the source when the handler has enough', async () => {
    let returned = false;
    const { client } = connect({
      'images.load': async function* (_, { upload }) {
        for await (const bytes of upload) {
          throw new BerthError('engine.notATar', { detail: String(bytes.length) });
        }
        yield { receivedBytes: 0, loaded: [] };
      },
    });
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) {
          yield new Uint8Array(1000);
        }
      } finally {
        returned = true;
      }
    }
    const reader = client.stream('images.load', { name: 'a' }, { upload: source() })[Symbol.asyncIterator]();
    await expect(reader.next()).rejects.toMatchObject({ code: 'engine.notATar' });
    await turn(20);
    expect(returned).toBe(true);
  });

  it('fail in the handler when the source fails', async () => {
    const { client } = connect({
      'images.load': async function* (_, { upload }) {
        for await (const _bytes of upload) {
        }
        yield { receivedBytes: 0, loaded: [] };
      },
    });
    async function* source(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(10);
      throw new Error('file gone');
    }
    const reader = client.stream('images.load', { name: 'a' }, { upload: source() })[Symbol.asyncIterator]();
    await expect(reader.next()).rejects.toMatchObject({ code: 'rpc.cancelled' });
  });
});

describe('connections', () => {
  const collect = (pair: TransportPair): Promise<unknown[]> =>
    new Promise((resolve) => {
      const frames: unknown[] = [];
      pair.client.start({ message: (bytes) => frames.push(decodeFrame(bytes)), fault: () => undefined, close: () => resolve(frames) });
    });
  const serveOn = (pair: TransportPair, onCall: () => void = () => undefined): void => {
    serve(pair.server, {
      build: 'b',
      accept: () => ({ 'vm.boots': () => (onCall(), []) }) as unknown as BackendHandlers,
      helloDeadlineMs: 50,
    });
  };

  it('close without a hello, in time', async () => {
    const pair = createTransportPair();
    serveOn(pair);
    expect(await collect(pair)).toEqual([{ t: 'error', id: 0, error: { code: 'rpc.unauthorized', params: {} } }]);
  });

  it('run no call before the hello', async () => {
    let called = false;
    const pair = createTransportPair();
    serveOn(pair, () => (called = true));
    const frames = collect(pair);
    pair.client.send(encodeFrame({ t: 'call', id: 1, method: 'vm.boots', input: {} }));
    expect(await frames).toMatchObject([{ t: 'error', error: { code: 'rpc.unauthorized' } }]);
    expect(called).toBe(false);
  });

  it('close with rpc.badFrame on garbage', async () => {
    const pair = createTransportPair();
    serveOn(pair);
    const frames = collect(pair);
    pair.client.send(new Uint8Array([1, 2, 3]));
    expect(await frames).toMatchObject([{ error: { code: 'rpc.badFrame' } }]);
  });

  it('refuse a client whose accept throws', async () => {
    const pair = createTransportPair();
    serve(pair.server, {
      build: 'b',
      accept: () => {
        throw new BerthError('rpc.unauthorized', {});
      },
    });
    const client = createClient(pair.client, hello);
    await expect(client.ready).rejects.toMatchObject({ code: 'rpc.unauthorized' });
    await expect(client.call('vm.boots', {})).rejects.toMatchObject({ code: 'rpc.unauthorized' });
  });

  it('of another protocol still see and stop each other, and nothing else', async () => {
    const pair = createTransportPair();
    let stopped = false;
    const handlers = { 'app.stop': () => void (stopped = true), 'vm.boots': () => [] } as unknown as BackendHandlers;
    serve(pair.server, { build: 'old', accept: () => handlers });
    const frames = collect(pair);
    pair.client.send(encodeFrame({ t: 'hello', protocol: 99, build: 'new', client: 'cli' }));
    pair.client.send(encodeFrame({ t: 'call', id: 1, method: 'vm.boots', input: {} }));
    pair.client.send(encodeFrame({ t: 'call', id: 2, method: 'app.stop', input: {} }));
    await turn(20);
    pair.server.close();
    expect(await frames).toMatchObject([{ t: 'hello' }, { id: 1, error: { code: 'rpc.versionMismatch' } }, { t: 'result', id: 2 }]);
    expect(stopped).toBe(true);
  });

  it('close on an upload beyond its credit', async () => {
    const pair = createTransportPair();
    serve(pair.server, {
      build: 'b',
      accept: () =>
        ({
          'images.load': async function* () {
            await new Promise(() => undefined);
            yield undefined;
          },
        }) as unknown as BackendHandlers,
    });
    const frames = collect(pair);
    pair.client.send(encodeFrame({ ...hello, t: 'hello', protocol: 1 }));
    pair.client.send(encodeFrame({ t: 'open', id: 1, method: 'images.load', input: { name: 'a' }, credit: 1000 }));
    for (let i = 0; i < 10; i++) {
      pair.client.send(encodeFrame({ t: 'up', id: 1, payload: new Uint8Array(64 * 1024) }));
    }
    expect((await frames).at(-1)).toMatchObject({ id: 0, error: { code: 'rpc.badFrame' } });
  });
});
