// What the engine's socket has a say in: an engine that is away, bind mounts, ports before a start; and what it refuses to read.
import { spawnSync } from 'node:child_process';
import { chmod, lstat, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { BerthError } from '../../preload/contract';
import { setUp, type Setup, type SetupOptions } from '../../test/fakes/engine-socket';
import { connectClient } from '../../test/fakes/socket-client';
import { answerEach, type Behaviour } from '../../test/fakes/raw-engine';
import type { JudgeBind } from '../lib/binds';
import { silentLogger } from '../lib/logger';
import { openGate } from '../lib/port-gate';
import { createEngineSocket } from './engine-socket';

let setup: Setup;
async function start(behaviour: Behaviour, options?: SetupOptions): Promise<Setup> {
  setup = await setUp(behaviour, options);
  return setup;
}
afterEach(() => setup.dispose());

const created = 'HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}';
const started = 'HTTP/1.1 204 No Content\r\n\r\n';

async function answerTo(request: string): Promise<string> {
  const one = await setup.client();
  one.send(request);
  return one.whole;
}

function post(path: string, body: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: d\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

test('while the engine is away: 503 in Docker’s form with the cause, nothing dialled', async () => {
  const { engine } = await start(answerEach(created), { available: () => new BerthError('engine.away', { reason: 'starting' }) });
  const answer = await answerTo('GET /v1.51/containers/json HTTP/1.1\r\nHost: d\r\n\r\n');
  expect(answer).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
  expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toEqual({ message: 'described engine.away {"reason":"starting"}' });
  expect(engine.connections).toHaveLength(0);
});

test('a HEAD gets the 503 without a body', async () => {
  await start(answerEach(created), { available: () => new BerthError('engine.away', { reason: 'starting' }) });
  expect(await answerTo('HEAD /_ping HTTP/1.1\r\nHost: d\r\n\r\n')).toMatch(/^HTTP\/1\.1 503 [^]*\r\n\r\n$/);
});

test('an upload to an engine that is away is answered although nobody reads it', async () => {
  await start(answerEach(created), { available: () => new BerthError('engine.away', { reason: 'starting' }) });
  const one = await setup.client();
  one.send('POST /images/load HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n');
  const block = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65536), Buffer.from('\r\n')]);
  for (let count = 0; count < 32; count++) {
    one.send(block);
  }
  expect(await one.until('}\n')).toContain('503');
});

test('a dial that fails, and an engine that closes without a word, are 503 too', async () => {
  await start((connection) => connection.socket.destroy());
  expect(await answerTo('POST /containers/x/wait HTTP/1.1\r\nHost: d\r\n\r\n')).toContain('503');
  await setup.engine.dispose();
  expect(await answerTo('GET /info HTTP/1.1\r\nHost: d\r\n\r\n')).toContain('503');
});

test('the socket survives the engine: 503 in between, answers again after it', async () => {
  let away = false;
  await start(answerEach(created), { available: () => (away ? new BerthError('engine.away', { reason: 'restart' }) : undefined) });
  expect(await answerTo(post('/containers/x/wait', ''))).toContain('201');
  away = true;
  setup.engine.connections.forEach(({ socket }) => socket.destroy());
  expect(await answerTo(post('/containers/x/wait', ''))).toContain('503');
  away = false;
  expect(await answerTo(post('/containers/x/wait', ''))).toContain('201');
});

test.each([
  ['a bind', '/v1.51/containers/create?name=x', { HostConfig: { Binds: ['data:/data', '/home/me/src:/src:ro', '/srv/x:/x'] } }, '/srv/x'],
  ['a mount', '/containers/create', { HostConfig: { Mounts: [{ Type: 'bind', Source: '/srv/x' }] } }, '/srv/x'],
  ['a path of Windows', '/containers/create', { HostConfig: { Binds: ['C:\\Users\\me:/src'] } }, 'C:\\Users\\me'],
  ['a volume that binds', '/volumes/create', { Name: 'v', DriverOpts: { type: 'none', o: 'bind', device: '/srv/x' } }, '/srv/x'],
  ['a service', '/services/create', { TaskTemplate: { ContainerSpec: { Mounts: [{ Type: 'bind', Source: '/srv/x' }] } } }, '/srv/x'],
])('what the judge refuses is refused with its remedy, and the engine never sees it: %s', async (_name, path, body, refused) => {
  const judge: JudgeBind = (source) =>
    Promise.resolve(
      source.startsWith('/home/me/') ? { source } : { error: new BerthError('shares.notShared', { path: source, share: '/srv' }) },
    );
  const { engine } = await start(answerEach(created), { judge });
  const answer = await answerTo(post(path, JSON.stringify(body)));
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toEqual({
    message: `described shares.notShared ${JSON.stringify({ path: refused, share: '/srv' })}`,
  });
  expect(engine.connections).toHaveLength(0);
});

test('named and anonymous volumes, tmpfs and bodies that are not JSON pass byte for byte', async () => {
  const { engine } = await start(async (connection) => {
    await connection.until('\r\n\r\n');
    connection.socket.end(created);
  });
  const bodies = [
    '{"HostConfig":{"Binds":["data:/data","/anonymous"],"Mounts":[{"Type":"tmpfs","Target":"/x"}] } , "Odd":1.0}',
    '{"HostConfig":',
    '',
  ];
  for (const body of bodies) {
    expect(await answerTo(post('/containers/create', body))).toContain('201');
    expect(engine.connections.at(-1)?.received().split('\r\n\r\n')[1]).toBe(body);
  }
  expect(engine.connections).toHaveLength(3);
});

test('a source that is another one in the guest is written anew, big numbers unharmed', async () => {
  let seen = '';
  await start(
    async (connection) => {
      seen = await connection.until('}}');
      connection.socket.end(created);
    },
    { judge: () => Promise.resolve({ source: '/run/docker.sock' }) },
  );
  const body = `{"HostConfig":{"Binds":["/home/me/docker.sock:/var/run/docker.sock","/var/run/docker.sock:/x:ro"],"Memory":9223372036854775807}}`;
  expect(await answerTo(post('/containers/create', body))).toContain('201');
  const [head = '', sent = ''] = seen.split('\r\n\r\n');
  expect(sent).toBe(
    '{"HostConfig":{"Binds":["/run/docker.sock:/var/run/docker.sock","/run/docker.sock:/x:ro"],"Memory":9223372036854775807}}',
  );
  expect(head).toContain(`Content-Length: ${sent.length}`);
});

test.each([
  ['a container', '/v1.51/containers/create?name=x', { HostConfig: { ExtraHosts: ['a:host-gateway', 'b:10.1.1.1', 'c:host-gateway'] } }],
  ['keys in any case', '/containers/create', { hostconfig: { extrahosts: ['a:host-gateway'] } }],
  ['a service', '/services/create', { TaskTemplate: { ContainerSpec: { Hosts: ['host-gateway a b', '10.1.1.1 host-gateway'] } } }],
])('the host’s address is written for the word that an engine which reloaded knows no address for: %s', async (_name, path, body) => {
  let seen = '';
  await start(
    async (connection) => {
      seen = await connection.until('}}');
      connection.socket.end(created);
    },
    { hostGateway: '10.0.2.4' },
  );
  expect(await answerTo(post(path, JSON.stringify(body)))).toContain('201');
  expect(seen.split('\r\n\r\n')[1]).toBe(
    JSON.stringify(body).replaceAll(':host-gateway', ':10.0.2.4').replace('"host-gateway a', '"10.0.2.4 a'),
  );
});

test.each([
  ['where it is not known', undefined, '{"HostConfig":{"ExtraHosts":["a:host-gateway"]} }'],
  ['where it is a name', '10.0.2.2', '{"HostConfig":{"ExtraHosts":["host-gateway:10.1.1.1","a:host-gateway.example"]} }'],
])('the word stays %s', async (_name, hostGateway, body) => {
  const { engine } = await start(
    async (connection) => {
      await connection.until('\r\n\r\n');
      connection.socket.end(created);
    },
    hostGateway === undefined ? {} : { hostGateway },
  );
  expect(await answerTo(post('/containers/create', body))).toContain('201');
  expect(engine.connections.at(-1)?.received().split('\r\n\r\n')[1]).toBe(body);
});

test('a create in chunks that waits for 100-continue is read and sent whole', async () => {
  let seen = '';
  await start(async (connection) => {
    seen = await connection.until('{}');
    connection.socket.end(created);
  });
  const one = await setup.client();
  one.send('POST /containers/create HTTP/1.1\r\nHost: d\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n');
  await one.until('100 Continue\r\n\r\n');
  one.send('1\r\n{\r\n1\r\n}\r\n0\r\n\r\n');
  await one.until(created);
  expect(seen).toBe('POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Length: 2\r\n\r\n{}');
});

test('a start waits for its ports, and answers when they are confirmed', async () => {
  const order: string[] = [];
  const note = (what: string) => async (id: string) => {
    await new Promise((resolve) => setTimeout(resolve, 10));
    order.push(`${what} ${id}`);
  };
  await start(
    async (connection) => {
      await connection.until('\r\n\r\n');
      order.push('engine');
      connection.socket.end(started);
    },
    { ports: { prepare: note('prepare'), confirm: note('confirm'), release: note('release'), changed: note('changed') } },
  );
  expect(await answerTo(post('/v1.51/containers/web/start', ''))).toContain('204');
  order.push('answer');
  expect(await answerTo(post('/containers/web/stop', ''))).toContain('204');
  expect(order).toEqual(['prepare web', 'engine', 'confirm web', 'answer', 'engine', 'changed web']);
});

test('a taken port fails the start in Docker’s words, and the engine never sees it', async () => {
  const detail =
    'driver failed programming external connectivity on endpoint web (abc): Bind for 127.0.0.1:8080 failed: port is already allocated';
  const { engine } = await start(answerEach(started), {
    ports: {
      prepare: () =>
        Promise.reject(new BerthError('engine.portTaken', { port: 8080, protocol: 'tcp', address: '127.0.0.1', suggested: 0, detail })),
    },
  });
  const answer = await answerTo(post('/containers/web/start', ''));
  expect(answer).toMatch(/^HTTP\/1\.1 500 /);
  expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toEqual({ message: detail });
  expect(engine.connections).toHaveLength(0);
});

test('a start that the engine refuses, or that is cut off, lets its ports go', async () => {
  const released: string[] = [];
  const ports = { release: (id: string) => Promise.resolve(void released.push(id)) };
  await start(answerEach('HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}'), { ports });
  expect(await answerTo(post('/containers/one/start', ''))).toContain('404');
  await setup.dispose();
  await start((connection) => connection.socket.destroy(), { ports });
  expect(await answerTo(post('/containers/two/start', ''))).toContain('503');
  expect(released).toEqual(['one', 'two']);
});

test.each([
  ['both framings', 'POST /x HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
  ['two lengths', 'POST /x HTTP/1.1\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\n', 400],
  ['a signed length', 'POST /x HTTP/1.1\r\nContent-Length: +4\r\n\r\n', 400],
  ['another coding', 'POST /x HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n', 400],
  ['chunks in HTTP/1.0', 'POST /x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
  ['a space before the colon', 'GET /x HTTP/1.1\r\nHost : d\r\n\r\n', 400],
  ['a folded line', 'GET /x HTTP/1.1\r\nHost: d\r\n more\r\n\r\n', 400],
  ['a bare line feed', 'GET /x HTTP/1.1\nHost: d\r\n\r\n', 400],
  ['a bare carriage return', 'GET /x HTTP/1.1\r\nHost: d\rX: y\r\n\r\n', 400],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00\n', 400],
  ['300 fields', `GET /x HTTP/1.1\r\n${'X: y\r\n'.repeat(300)}\r\n`, 413],
  ['a create of 5 MB', 'POST /containers/create HTTP/1.1\r\nContent-Length: 5000000\r\n\r\n', 413],
])('refused, and nothing reaches the engine: %s', async (_name, request, status) => {
  const { engine } = await start(answerEach(created));
  expect(await answerTo(request)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(engine.connections).toHaveLength(0);
});

test('a head of 10 MB is refused at its 64th KiB', async () => {
  const { engine } = await start(answerEach(created));
  const one = await setup.client();
  one.send(`GET /x HTTP/1.1\r\nX: ${'y'.repeat(10_000_000)}\r\n\r\n`);
  expect(await one.until('}\n')).toContain('413');
  expect(engine.connections).toHaveLength(0);
});

test('chunk sizes that readers could take differently break the request', async () => {
  const { engine } = await start(() => undefined);
  for (const size of ['5;x=y', '0x5', '-5', '5 ', '', 'fffffffffffffffff']) {
    const one = await setup.client();
    one.send(`POST /images/load HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n${size}\r\nhello\r\n0\r\n\r\n`);
    await one.whole;
  }
  expect(engine.connections.some((connection) => connection.received().includes('hello'))).toBe(false);
});

test('the socket is 0600 in a 0700 folder whatever the umask', async () => {
  const before = process.umask(0);
  try {
    await start(answerEach(created));
  } finally {
    process.umask(before);
  }
  expect((await stat(setup.path)).mode & 0o777).toBe(0o600);
  expect((await stat(dirname(setup.path))).mode & 0o777).toBe(0o700);
});

test('a stale socket is replaced, a live one and a foreign file are left alone', async () => {
  await start(answerEach(created));
  const folder = await mkdtemp(join(tmpdir(), 'berth-stale-'));
  const judge: JudgeBind = (source) => Promise.resolve({ source });
  const deps = { dialer: setup.engine.dialer, available: () => undefined, ports: openGate, judge, describe: String, log: silentLogger };
  const path = join(folder, 'docker.sock');
  try {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(path, resolve));
    await expect(createEngineSocket({ ...deps, path })).rejects.toMatchObject({ code: 'engine.socketTaken' });
    // A dead one: the file without its listener, as after SIGKILL.
    await new Promise<void>((resolve) => holder.close(() => resolve()));
    spawnSync(process.execPath, [
      '-e',
      `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`,
    ]);
    expect((await lstat(path)).isSocket()).toBe(true);
    const socket = await createEngineSocket({ ...deps, path });
    const one = await connectClient(path);
    one.send('GET /x HTTP/1.1\r\nHost: d\r\n\r\n');
    await one.until('201');
    await socket.dispose();

    await writeFile(path, 'somebody’s');
    await chmod(path, 0o600);
    await expect(createEngineSocket({ ...deps, path })).rejects.toMatchObject({ code: 'engine.socketTaken' });
    await expect(createEngineSocket({ ...deps, path: join(folder, 'x'.repeat(120)) })).rejects.toMatchObject({
      code: 'home.socketPathTooLong',
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
