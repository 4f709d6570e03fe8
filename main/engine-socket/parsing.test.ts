// The readers of heads and bodies against every way of cutting the bytes, and the tables of routes and create bodies.
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createByteSource } from '../lib/byte-source';
import { collectBody, requestFraming, responseFraming, wireBytes } from './body';
import type { JudgeBind } from '../lib/binds';
import { ruleBody } from './create-body';
import { parseResponseHead, readRequestHead } from './head';
import { routeOf } from './routes';

const message = Buffer.from(
  'POST /images/load HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nb\r\n, this\r\n\0is\r\n0\r\nX-Sum: 1\r\nX-Two: 2\r\n\r\n',
  'latin1',
);
const next = Buffer.from('GET /next HTTP/1.1\r\nHost: d\r\n\r\n');

async function readBoth(pieces: readonly Buffer[]): Promise<unknown[]> {
  const stream = new PassThrough();
  const source = createByteSource(stream);
  const reading = (async () => {
    const first = await readRequestHead(source);
    const wire: Buffer[] = [];
    const payload: Buffer[] = [];
    for await (const bytes of wireBytes(source, first ? requestFraming(first) : { kind: 'untilEnd' }, (part) => payload.push(part))) {
      wire.push(bytes);
    }
    const second = await readRequestHead(source);
    return [
      first?.target,
      Buffer.concat([first?.bytes ?? Buffer.alloc(0), ...wire]).equals(message),
      Buffer.concat(payload).toString('latin1'),
      second?.target,
      await readRequestHead(source),
    ];
  })();
  for (const piece of pieces) {
    stream.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  stream.end();
  return reading;
}

const expected = ['/images/load', true, 'hello, this\r\n\0is', '/next', undefined];

test('cut in two at every position', async () => {
  const whole = Buffer.concat([message, next]);
  for (let at = 1; at < whole.length; at++) {
    expect(await readBoth([whole.subarray(0, at), whole.subarray(at)])).toEqual(expected);
  }
});

test('cut anywhere, any number of times', async () => {
  const whole = Buffer.concat([message, next]);
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 1, max: whole.length - 1 }), { maxLength: 40 }), async (cuts) => {
      const edges = [0, ...cuts.sort((a, b) => a - b), whole.length];
      expect(await readBoth(edges.slice(1).map((end, index) => whole.subarray(edges[index], end)))).toEqual(expected);
    }),
    { numRuns: 60 },
  );
});

test('any chunks come out as the bytes that went in', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 })), fc.integer({ min: 1, max: 97 }), async (chunks, step) => {
      const wire = Buffer.concat([
        ...chunks.flatMap((chunk) => [Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]),
        Buffer.from('0\r\n\r\n'),
      ]);
      const stream = new PassThrough();
      for (let at = 0; at < wire.length; at += step) {
        stream.write(wire.subarray(at, at + step));
      }
      const body = await collectBody(createByteSource(stream), { kind: 'chunked' }, 1_000_000);
      expect(body.equals(Buffer.concat(chunks))).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test('noise is refused or waited on, never taken for a message', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (noise) => {
      const stream = new PassThrough();
      stream.end(noise);
      await expect(
        readRequestHead(createByteSource(stream)).then((head) => head?.target ?? Promise.reject(new Error('none'))),
      ).rejects.toThrow();
    }),
  );
});

test('where an answer’s body ends', () => {
  const framing = (head: string, method = 'GET') => responseFraming(parseResponseHead(Buffer.from(`${head}\r\n\r\n`)), method);
  expect(framing('HTTP/1.1 200 OK')).toEqual({ kind: 'untilEnd' });
  expect(framing('HTTP/1.1 200 OK\r\nContent-Length: 7')).toEqual({ kind: 'length', bytes: 7 });
  expect(framing('HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked')).toEqual({ kind: 'chunked' });
  expect(framing('HTTP/1.1 200 OK\r\nContent-Length: 7', 'HEAD')).toEqual({ kind: 'length', bytes: 0 });
  expect(framing('HTTP/1.1 204')).toEqual({ kind: 'length', bytes: 0 });
  expect(framing('HTTP/1.1 304 Not Modified\r\nContent-Length: 7')).toEqual({ kind: 'length', bytes: 0 });
});

test.each([
  ['POST', '/v1.51/containers/create?name=x', { lane: 'api', rule: 'create' }],
  ['POST', '/containers/web%2Fx/start', { lane: 'api' }],
  ['POST', '/v1.24/containers/we%62/start', { rule: 'start', container: 'web' }],
  ['POST', 'http://docker/v1.51/containers/web/restart?t=1', { rule: 'start', container: 'web' }],
  ['GET', '/containers/web/start', { counts: 'unlessPolled' }],
  ['DELETE', '/containers/web?force=1', { rule: 'ended', container: 'web' }],
  ['POST', '/v1.51/volumes/create', { rule: 'binds' }],
  ['POST', '/services/web/update?version=3', { rule: 'binds' }],
  ['POST', '/containers/prune', { lane: 'api', counts: 'yes' }],
  ['POST', '/containers/web/attach?stream=1', { lane: 'terminal', hijacks: true }],
  ['GET', '/containers/web/attach/ws', { lane: 'terminal' }],
  ['POST', '/exec/1/start', { lane: 'terminal', hijacks: true }],
  ['POST', '/session', { lane: 'bulk' }],
  ['POST', '/images/a.example:5000/b/c/push', { lane: 'bulk' }],
  ['GET', '/images/get?names=a', { lane: 'bulk' }],
  ['GET', '/images/a/b/get', { lane: 'bulk' }],
  ['GET', '/images/a/b/json', { lane: 'api', counts: 'unlessPolled' }],
  ['HEAD', '/_ping', { lane: 'api', counts: 'no', question: 'ping' }],
  ['GET', '/v1.51/version', { counts: 'no', question: 'version' }],
  ['GET', '/info', { counts: 'unlessPolled' }],
  ['GET', '/v1.45/containers/web/stats?stream=1', { counts: 'no' }],
  ['GET', '/containers/web/logs?follow=1', { counts: 'yes' }],
  ['POST', '/%', { lane: 'api' }],
])('%s %s', (method, target, route) => {
  expect(routeOf(method, target)).toMatchObject(route);
});

const led: JudgeBind = (source) => Promise.resolve({ source: source === '/home/me/link' ? '/srv/real' : source });

test('binds are led wherever a body names them, and nothing else is touched', async () => {
  const rule = (value: unknown) => ruleBody(JSON.stringify(value), { judge: led });
  const led1 = JSON.stringify({ HostConfig: { Binds: ['/srv/real:/s:ro,rslave', 'name:/z'] } });
  expect(await rule({ HostConfig: { Binds: ['/home/me/link:/s:ro,rslave', 'name:/z'] } })).toBe(led1);
  const mount = (source: string) => ({ Type: 'bind', Source: source, Target: '/s', BindOptions: { Propagation: 'rshared' } });
  const options = (device: string, o = 'rw,bind') => ({ type: 'none', o, device });
  for (const [asked, wanted] of [
    [{ HostConfig: { Mounts: [mount('/home/me/link')] } }, { HostConfig: { Mounts: [mount('/srv/real')] } }],
    [
      { hostconfig: { mounts: [{ type: 'bind', source: '/home/me/link' }] } },
      { hostconfig: { mounts: [{ type: 'bind', source: '/srv/real' }] } },
    ],
    [
      { TaskTemplate: { ContainerSpec: { Mounts: [mount('/home/me/link')] } } },
      { TaskTemplate: { ContainerSpec: { Mounts: [mount('/srv/real')] } } },
    ],
    [
      { Name: 'v', Driver: 'local', DriverOpts: options('/home/me/link') },
      { Name: 'v', Driver: 'local', DriverOpts: options('/srv/real') },
    ],
    [{ DriverOpts: options('/home/me/link', 'rbind') }, { DriverOpts: options('/srv/real', 'rbind') }],
    [
      {
        HostConfig: { Mounts: [{ Type: 'volume', VolumeOptions: { DriverConfig: { Name: 'local', Options: options('/home/me/link') } } }] },
      },
      { HostConfig: { Mounts: [{ Type: 'volume', VolumeOptions: { DriverConfig: { Name: 'local', Options: options('/srv/real') } } }] } },
    ],
  ]) {
    expect(JSON.parse(await rule(asked))).toEqual(wanted);
  }
  for (const passes of [
    { HostConfig: { Binds: ['relative/path:/x', '.:/y', '~/x:/z', '/home/me/link'] } },
    { HostConfig: { Binds: null, Mounts: null } },
    { HostConfig: { Mounts: [{ Type: 'volume', Source: '/home/me/link' }] } },
    { Driver: 'nfs', DriverOpts: options('/home/me/link') },
    { Driver: 'local', DriverOpts: { type: 'nfs', o: 'addr=10.0.0.1,rw', device: ':/home/me/link' } },
    [1, 'x', null],
  ]) {
    const text = JSON.stringify(passes, undefined, 1);
    expect(await ruleBody(text, { judge: led })).toBe(text);
  }
});

test('proxies of containers come into the environment; what the docker CLI put there for builds goes out', async () => {
  const env = { add: ['HTTP_PROXY=http://c:1', 'http_proxy=http://c:1'], drop: ['HTTP_PROXY=http://b:2', 'http_proxy=http://b:2'] };
  const rule = async (value: unknown, given = env) => {
    const text = JSON.stringify(value);
    const ruled = await ruleBody(text, { judge: led, env: given });
    return ruled === text ? 'pass' : (JSON.parse(ruled) as unknown);
  };
  expect(await rule({ Image: 'x' })).toEqual({ Image: 'x', Env: env.add });
  expect(await rule({ Env: null })).toEqual({ Env: env.add });
  expect(await rule({ Env: ['A=1', ...env.drop] })).toEqual({ Env: ['A=1', ...env.add] });
  expect(await rule({ env: ['HTTP_PROXY=http://mine:3', 'http_proxy'] })).toBe('pass');
  expect(await rule({ Env: ['HTTP_PROXY='] })).toEqual({ Env: ['HTTP_PROXY=', 'http_proxy=http://c:1'] });
  expect(await rule({ Env: ['A=1', ...env.drop] }, { add: [], drop: env.drop })).toEqual({ Env: ['A=1'] });
  expect(await rule({ Env: ['A=1'] }, { add: [], drop: env.drop })).toBe('pass');
  expect(await rule({ Env: env.add })).toBe('pass');
  expect(await rule([1])).toBe('pass');
});

test('a rule never throws and never changes what it has no say in', async () => {
  await fc.assert(
    fc.asyncProperty(fc.json(), async (text) => {
      expect(await ruleBody(text, { judge: led })).toBe(text);
    }),
  );
});
