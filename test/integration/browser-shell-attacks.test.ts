// T1: named attacks on the browser shell's server, over raw sockets and WebSockets. Each is refused, and no handler is ever called.
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSessions } from '../../main/headless/sessions';
import { encodeFrame, PROTOCOL } from '../../preload/rpc/frames';
import type { Frame } from '../../preload/rpc/frames';
import { startBrowserShell } from '../fakes/browser-shell';
import type { BrowserShell } from '../fakes/browser-shell';

let shell: BrowserShell;
beforeAll(async () => {
  shell = await startBrowserShell();
});
afterAll(() => shell.dispose());

interface Attack {
  readonly method?: string;
  readonly path?: string;
  /** P is replaced by the port. null = left out. */
  readonly host?: string | null;
  readonly headers?: readonly string[];
  readonly body?: string;
}

const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='];
const good = 'Origin: http://127.0.0.1:P';
const json = 'Content-Type: application/json';
const post = { method: 'POST', path: '/api/session', body: '{"code":"x"}' } as const;

const attacks: readonly (readonly [string, Attack])[] = [
  ...[
    'evil.example',
    'evil.example:P',
    '127.0.0.1.evil.example:P',
    '127.0.0.1',
    'localhost',
    '[::1]:P',
    '0.0.0.0:P',
    '10.0.2.2:P',
    '192.168.127.254:P',
    '127.0.0.1:1',
    '127.1:P',
    '2130706433:P',
    '',
    'localhost.:P',
    'x@127.0.0.1:P',
    '127.0.0.1:P@evil.example',
    '127.0.0.1:0P',
    ' 127.0.0.1:P,evil.example',
    'host.docker.internal:P',
    '127.0.0.1:P/',
  ].map((host): [string, Attack] => [`Host ${JSON.stringify(host)}`, { host }]),
  ['no Host', { host: null }],
  ['two Hosts', { headers: ['Host: evil.example'] }],
  ['a second Host that is good', { host: 'evil.example', headers: ['Host: 127.0.0.1:P'] }],
  ['absolute form', { path: 'http://evil.example/' }],
  ['absolute form of ours', { path: 'http://127.0.0.1:P/' }],
  ['asterisk form', { method: 'OPTIONS', path: '*' }],
  ['CONNECT', { method: 'CONNECT', path: '127.0.0.1:P' }],
  ...['OPTIONS', 'PUT', 'DELETE', 'PATCH', 'TRACE', 'PROPFIND', 'POST'].map((method): [string, Attack] => [
    `method ${method}`,
    { method, headers: [good] },
  ]),
  ['an unknown method', { method: 'BREW' }],
  ['a method override', { headers: ['X-HTTP-Method-Override: POST'] }],
  ['GET of the session', { path: '/api/session' }],
  ['GET of the socket without upgrade', { path: '/api/ws' }],
  ...[
    '../secret.txt',
    '%2e%2e/secret.txt',
    '..%2fsecret.txt',
    'assets/../../secret.txt',
    '..%5csecret.txt',
    '..\\secret.txt',
    '/secret.txt',
    '%00',
    'index.html%00.js',
    './index.html',
    'assets/',
    'assets',
    'INDEX.HTML',
    'index.html?token=x',
    '?code=x',
    '%2e%2e%2f%2e%2e%2fetc/passwd',
    '/etc/passwd',
  ].map((path): [string, Attack] => [`path ${path}`, { path: `/${path}` }]),
  ['another site', { headers: ['Sec-Fetch-Site: cross-site'] }],
  ['the same site on another port', { headers: ['Sec-Fetch-Site: same-site'] }],
  [
    'a navigation to a file from elsewhere',
    { path: '/assets/app.js', headers: ['Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document'] },
  ],
  ['a frame elsewhere', { headers: ['Sec-Fetch-Site: same-site', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: iframe'] }],
  ['GET with a foreign Origin', { headers: ['Origin: http://evil.example'] }],
  ...[
    '',
    'Origin: null',
    'Origin: http://evil.example',
    'Origin: http://127.0.0.1',
    'Origin: http://127.0.0.1:P.evil.example',
    'Origin: http://evil.example/http://127.0.0.1:P',
    'Origin: http://127.0.0.1:P0',
    'Origin: https://127.0.0.1:P',
    'Origin: http://localhost:P',
    'Origin: http://127.0.0.1:8080',
    `${good}\r\n${good}`,
    'Origin: file://',
  ].flatMap((origin): [string, Attack][] => [
    [`POST with ${JSON.stringify(origin)}`, { ...post, headers: [json, origin].filter(Boolean) }],
    [`upgrade with ${JSON.stringify(origin)}`, { path: '/api/ws', headers: [...upgrade, origin].filter(Boolean) }],
  ]),
  ['POST from another site with our Origin', { ...post, headers: [json, good, 'Sec-Fetch-Site: cross-site'] }],
  ['POST as a form', { ...post, headers: [good, 'Content-Type: application/x-www-form-urlencoded'] }],
  ['POST as text', { ...post, headers: [good, 'Content-Type: text/plain'] }],
  ['POST without a type', { ...post, headers: [good] }],
  ['POST with a wrong code', { ...post, headers: [good, json] }],
  ['POST with no JSON', { ...post, headers: [good, json], body: '{' }],
  ['POST with an array', { ...post, headers: [good, json], body: '["x"]' }],
  ['POST with __proto__', { ...post, headers: [good, json], body: '{"code":"x","__proto__":{"a":1}}' }],
  ['POST with a number', { ...post, headers: [good, json], body: '{"code":1}' }],
  ['POST with a large body', { ...post, headers: [good, json], body: JSON.stringify({ code: 'x'.repeat(100_000) }) }],
  ['chunked and a length', { ...post, headers: [good, json, 'Transfer-Encoding: chunked'], body: '0\r\n\r\n' }],
  ['two lengths', { ...post, headers: [good, json, 'Content-Length: 5'] }],
  ['64 kB of headers', { headers: [`X-Big: ${'a'.repeat(65_536)}`] }],
  ['5,000 headers', { headers: Array.from({ length: 5000 }, (_, i) => `X-${i}: ${i}`) }],
  ['an upgrade elsewhere', { path: '/', headers: [...upgrade, good] }],
  ['an upgrade with a token in the query', { path: '/api/ws?token=x', headers: [...upgrade, good] }],
  ['an upgrade by POST', { method: 'POST', path: '/api/ws', headers: [...upgrade, good] }],
  ['an upgrade to something else', { path: '/api/session', headers: ['Connection: Upgrade', 'Upgrade: h2c', good] }],
  ['an upgrade with a foreign Host', { host: 'evil.example', path: '/api/ws', headers: [...upgrade, 'Origin: http://evil.example'] }],
  ['an upgrade from another site', { path: '/api/ws', headers: [...upgrade, good, 'Sec-Fetch-Site: cross-site'] }],
  ['a header with a bare line feed', { headers: ['X-A: 1\n\nGET /secret HTTP/1.1'] }],
];

function bytesOf({ method = 'GET', path = '/', host = '127.0.0.1:P', headers = [], body }: Attack): string {
  const lines = [
    `${method} ${path} HTTP/1.1`,
    ...(host === null ? [] : [`Host: ${host}`]),
    ...headers,
    ...(body === undefined ? [] : [`Content-Length: ${body.length}`]),
    '',
    body ?? '',
  ];
  return lines.join('\r\n').replaceAll(/:P\b|:P(?=0)|:0P/g, (found) => found.replace('P', String(shell.port)));
}

describe('the browser shell refuses', () => {
  it.each(attacks)('%s', async (_, attack) => {
    const answer = await shell.raw(bytesOf(attack), 6000);
    expect(answer.slice(0, 12)).toMatch(/^(HTTP\/1\.1 4\d\d|)$/);
    expect(answer).not.toContain('secret');
    expect(answer.toLowerCase()).not.toContain('access-control-allow');
    expect(shell.calls).toEqual([]);
  });

  it('what is not HTTP at all', async () => {
    const mutated = fc.tuple(fc.nat(200), fc.uint8Array({ minLength: 1, maxLength: 60 }));
    await fc.assert(
      fc.asyncProperty(mutated, async ([at, noise]) => {
        const bytes = Buffer.from(bytesOf({ path: '/api/ws', headers: [...upgrade, 'Origin: http://evil.example'] }));
        bytes.set(noise, Math.min(at, bytes.length - noise.length));
        expect(await shell.raw(bytes, 150)).not.toMatch(/^HTTP\/1\.1 [235]/);
      }),
      { numRuns: 60 },
    );
    expect(shell.calls).toEqual([]);
  });
});

const call: Frame = { t: 'call', id: 1, method: 'vm.boots', input: {} };
const hello = (token?: string): Frame => ({
  t: 'hello',
  protocol: PROTOCOL,
  build: 't',
  client: 'browser',
  ...(token === undefined ? {} : { token }),
});

describe('a WebSocket', () => {
  it('with a session works', async () => {
    const { frames } = await shell.webSocket([hello(await shell.session()), call], { ms: 500 });
    expect(frames.map(({ t }) => t)).toEqual(['hello', 'result']);
    expect(shell.calls.splice(0)).toEqual(['vm.boots']);
  });

  it.each([
    ['no token', () => [hello(), call]],
    ['a wrong token', () => [hello('x'.repeat(43)), call]],
    ['an empty token', () => [hello(''), call]],
    ['a call first', () => [call]],
    ['nothing at all, in time', () => []],
    ['text', () => ['hello']],
    ['garbage', () => [new Uint8Array([9, 9, 9, 9, 9])]],
  ])('with %s is closed without a call', async (_, messages) => {
    const { frames } = await shell.webSocket(messages(), { ms: 6000 });
    expect(frames).toMatchObject([
      { t: 'error', id: 0, error: { code: expect.stringMatching(/^rpc\.(unauthorized|badFrame)$/) as string } },
    ]);
    expect(shell.calls).toEqual([]);
  });

  it('with the token in a cookie, a protocol or an Authorization header only is closed without a call', async () => {
    const token = await shell.session();
    for (const headers of [{ cookie: `token=${token}` }, { authorization: `Bearer ${token}` }]) {
      const { frames } = await shell.webSocket([hello(), call], { headers, ms: 8000 });
      expect(frames).toMatchObject([{ error: { code: 'rpc.unauthorized' } }]);
    }
    expect(shell.calls).toEqual([]);
  });

  it.each([
    ['foreign', 'http://evil.example'],
    ['null', 'null'],
    ['none', undefined],
  ])('with a %s Origin gets no handshake', async (_, origin) => {
    const { status } = await shell.webSocket([], { origin });
    expect(status).toBe(403);
  });

  it('with a 10 MB message is closed', async () => {
    const { closeCode } = await shell.webSocket([hello(await shell.session()), new Uint8Array(10 * 1024 * 1024)]);
    // 1009 is WebSocket's "message too big"; the page reads it as rpc.tooLarge.
    expect(closeCode).toBe(1009);
    expect(shell.calls).toEqual([]);
  });

  it('is not shut out by silent ones, nor cut off by them once it was accepted', async () => {
    const token = await shell.session();
    const page = shell.webSocket([hello(token), call], { ms: 1000 });
    await expect.poll(() => shell.calls).toHaveLength(1);
    const silent = Array.from({ length: 100 }, async () => shell.webSocket([], { ms: 5000 }));
    const { frames } = await shell.webSocket([hello(token), call], { ms: 500 });
    expect(frames.map(({ t }) => t)).toEqual(['hello', 'result']);
    // 1005: by the client itself.
    expect((await page).closeCode).toBe(1005);
    await Promise.all(silent);
    shell.calls.splice(0);
  });

  it('with mutated frames after a good hello never crashes the server', async () => {
    const token = await shell.session();
    const frames = fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(frames, async (changes) => {
        const bytes = encodeFrame({ t: 'call', id: 1, method: 'containers.remove', input: { id: '-rf', force: true } });
        changes.forEach(([at, value]) => (bytes[at % bytes.length] = value));
        await shell.webSocket([hello(token), bytes], { ms: 40 });
      }),
      { numRuns: 40 },
    );
    expect(shell.calls).toEqual([]);
  });
});

describe('codes', () => {
  it('work once', async () => {
    const code = new URL(shell.server.address(10_000)).hash.slice(6);
    const send = (): Promise<string> => shell.raw(bytesOf({ ...post, headers: [good, json], body: JSON.stringify({ code }) }), 8000);
    expect(await send()).toContain('200 OK');
    expect(await send()).toMatch(/^HTTP\/1\.1 403/);
  });

  it('end by the monotonic clock', () => {
    let now = 0;
    const sessions = createSessions(() => now);
    const late = sessions.issueCode(30_000);
    const early = sessions.issueCode(30_000);
    now = 29_999;
    expect(sessions.knows(sessions.redeem(early) ?? '')).toBe(true);
    now = 30_001;
    expect(sessions.redeem(late)).toBeUndefined();
    expect(sessions.redeem('')).toBeUndefined();
  });

  it('stand in the fragment, which no request carries', () => {
    const address = new URL(shell.server.address(1000));
    expect([address.hostname, address.search, address.pathname]).toEqual(['127.0.0.1', '', '/']);
    expect(address.hash).toMatch(/^#code=[\w-]{43}$/);
  });

  it('that are wrong are answered late', async () => {
    const fresh = await startBrowserShell();
    const begun = performance.now();
    for (let i = 0; i < 3; i++) {
      await fresh.raw(bytesOf({ ...post, headers: [good, json] }).replaceAll(String(shell.port), String(fresh.port)), 8000);
    }
    expect(performance.now() - begun).toBeGreaterThan(250 + 500 + 1000 - 50);
    await fresh.dispose();
  });
});

describe('good requests', () => {
  it('get the window with every header', async () => {
    const answer = (await shell.raw(bytesOf({ headers: ['Connection: close'] }))).toLowerCase();
    for (const header of [
      "content-security-policy: default-src 'none'",
      "frame-ancestors 'none'",
      'x-content-type-options: nosniff',
      'x-frame-options: deny',
      'referrer-policy: no-referrer',
      'cross-origin-opener-policy: same-origin',
      'cross-origin-resource-policy: same-origin',
      'cache-control: no-store',
    ]) {
      expect(answer).toContain(header);
    }
    expect(answer).not.toContain('set-cookie');
    expect(answer).not.toContain('x-powered-by');
  });

  it('of localhost and of a redirect file are served', async () => {
    expect(await shell.raw(bytesOf({ host: 'LOCALHOST:P', headers: ['Connection: close'] }))).toContain('200 OK');
    const navigation = ['Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document', 'Connection: close'];
    expect(await shell.raw(bytesOf({ headers: navigation }))).toContain('200 OK');
  });

  it('are answered while 200 others trickle in, and those are cut off', async () => {
    const slow = Array.from({ length: 200 }, () => {
      const socket = connect(shell.port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: '));
      socket.on('error', () => undefined).resume();
      return { socket, closed: new Promise((resolve) => socket.on('close', resolve)) };
    });
    expect(await shell.raw(bytesOf({ headers: ['Connection: close'] }))).toContain('200 OK');
    await Promise.all(slow.map(({ closed }) => closed));
  });
});
