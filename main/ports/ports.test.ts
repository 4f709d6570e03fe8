// Published ports over real sockets on loopback: the guest's side is a server of the test's own.
import { createServer, connect, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BerthError, ContainerSummary } from '../../preload/contract';
import type { ContainerInspect } from '../lib/engine-http';
import { createRawEngine, type RawEngine } from '../../test/fakes/raw-engine';
import { silentLogger } from '../lib/logger';
import { createObservable } from '../lib/observable';
import { createPorts, type Ports } from './ports';

const id = (letter: string) => letter.repeat(64);

let ports: Ports;
let inside: Server;
let engineSide: RawEngine;
let away = false;
const engine = new Map<string, ContainerInspect>();
const containers = createObservable<readonly ContainerSummary[]>([]);
const publish = createObservable<'loopback' | 'lan'>('loopback');
const notices: BerthError[] = [];
/** Requests that the engine got, beside inspects. */
const asked: string[] = [];
const servers: Server[] = [];

function container(letter: string, name: string, hostPort: string, running: boolean, hostIp = ''): ContainerInspect {
  const bindings = { '80/tcp': [{ HostIp: hostIp, HostPort: hostPort }] };
  const found: ContainerInspect = {
    Id: id(letter),
    Name: `/${name}`,
    State: { Running: running, StartedAt: running ? new Date().toISOString() : '0001-01-01T00:00:00Z' },
    HostConfig: { NetworkMode: 'bridge', PortBindings: bindings },
    NetworkSettings: { Ports: running ? bindings : {}, Networks: { bridge: { IPAddress: running ? '172.17.0.2' : '' } } },
  };
  engine.set(found.Id, found);
  return found;
}

function list(): void {
  containers.set(
    [...engine.values()].map(
      (found) =>
        ({
          id: found.Id,
          state: found.State?.Running ? 'running' : 'exited',
          ports: found.State?.Running ? [{ containerPort: 80, protocol: 'tcp', hostPort: 1 }] : [],
          startedAt: Date.parse(found.State?.StartedAt ?? ''),
        }) as unknown as ContainerSummary,
    ),
  );
}

async function listen(host = '127.0.0.1'): Promise<number> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return (server.address() as AddressInfo).port;
}

async function freePort(): Promise<string> {
  const port = await listen();
  await new Promise((resolve) => servers.pop()?.close(resolve));
  return String(port);
}

/** What the container answers through the host's port: an echo in capitals after the client has ended; else the error's code. */
function ask(port: string, host = '127.0.0.1'): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect({ host, port: Number(port), allowHalfOpen: true });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    socket.on('data', (bytes: Buffer) => (text += bytes.toString()));
    socket.on('end', () => resolve(text));
    socket.end('hello');
  });
}

beforeEach(async () => {
  away = false;
  engine.clear();
  notices.length = 0;
  asked.length = 0;
  containers.set([]);
  inside = createServer({ allowHalfOpen: true }, (socket) => {
    let text = '';
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => (text += bytes.toString()));
    socket.on('end', () => socket.end(text.toUpperCase()));
  });
  await new Promise<void>((resolve) => inside.listen(0, '127.0.0.1', resolve));
  engineSide = await createRawEngine(async (connection) => {
    asked.push(await connection.until('\r\n\r\n'));
    connection.socket.end('HTTP/1.1 204 No Content\r\n\r\n');
  });
  ports = createPorts({
    dialer: {
      engine: () => engineSide.dialer.engine(),
      udp: () => Promise.reject(new Error('no datagrams here')),
      tcp: (host, port) =>
        new Promise((resolve, reject) => {
          if (host !== '172.17.0.2' || port !== 80 || !inside.listening) {
            reject(new Error('refused'));
            return;
          }
          const socket = connect({ port: (inside.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
          socket.once('connect', () => resolve(socket));
          socket.once('error', reject);
        }),
    },
    publish,
    inspect: (name) =>
      away
        ? Promise.reject(new Error('away'))
        : Promise.resolve([...engine.values()].find((one) => one.Id === name || one.Name === `/${name}`)),
    containers,
    notify: (error) => notices.push(error),
    log: silentLogger,
  });
});

afterEach(async () => {
  await ports.dispose();
  await engineSide.dispose();
  [...servers.splice(0), inside].forEach((server) => server.close());
});

test('bound before the start, answering on both loopback addresses after it', async () => {
  const port = await freePort();
  container('a', 'web', port, false);
  await ports.gate.prepare('web');
  const early = ask(port);
  container('a', 'web', port, true);
  await ports.gate.confirm('web');
  expect(await early).toBe('HELLO');
  expect(await ask(port)).toBe('HELLO');
  expect(await ask(port, '::1')).toBe('HELLO');
});

test('an explicit loopback address is the only one', async () => {
  const port = await freePort();
  container('a', 'web', port, true, '127.0.0.1');
  await ports.gate.prepare('web');
  await ports.gate.confirm('web');
  expect(await ask(port)).toBe('HELLO');
  expect(await ask(port, '::1')).toBe('ECONNREFUSED');
});

test('a port of another program fails the start in Docker’s words and names the owner', async () => {
  const port = await listen();
  container('a', 'web', String(port), false);
  await expect(ports.gate.prepare('web')).rejects.toMatchObject({
    code: 'engine.portTaken',
    params: {
      port,
      address: '127.0.0.1',
      detail: expect.stringMatching(
        new RegExp(
          `^failed to set up container networking: driver failed programming external connectivity on endpoint web \\(a+\\): Bind for 127\\.0\\.0\\.1:${port} failed: port is already allocated \\(.+ \\(${process.pid}\\)\\)$`,
        ),
      ) as string,
    },
  });
});

test('a refused start removes a container of --rm, as dockerd would, and no other', async () => {
  const port = await listen();
  const found = container('a', 'web', String(port), false);
  await expect(ports.gate.prepare('web')).rejects.toMatchObject({ code: 'engine.portTaken' });
  expect(asked).toEqual([]);
  engine.set(found.Id, { ...found, HostConfig: { ...found.HostConfig, AutoRemove: true } });
  await expect(ports.gate.prepare('web')).rejects.toMatchObject({ code: 'engine.portTaken' });
  expect(asked[0]).toContain(`DELETE /containers/${found.Id}?force=1&v=1 `);
});

test('taken on ::1 only is taken, and 127.0.0.1 is let go again', async () => {
  const port = await listen('::1');
  container('a', 'web', String(port), false);
  await expect(ports.gate.prepare('web')).rejects.toMatchObject({ code: 'engine.portTaken', params: { address: '::1' } });
  expect(await ask(String(port))).toBe('ECONNREFUSED');
});

test('a port of a running container is taken; of one that has just stopped it is free', async () => {
  const port = await freePort();
  container('a', 'one', port, true);
  list();
  await ports.settle();
  container('b', 'two', port, false);
  await expect(ports.gate.prepare('two')).rejects.toMatchObject({
    code: 'engine.portTaken',
    params: { detail: expect.stringContaining('(one)') as string },
  });
  container('a', 'one', port, false);
  await ports.gate.prepare('two');
  container('b', 'two', port, true);
  await ports.gate.confirm('two');
  expect(await ask(port)).toBe('HELLO');
});

test('a failed start lets the port go', async () => {
  const port = await freePort();
  container('a', 'web', port, false);
  await ports.gate.prepare('web');
  const waiting = ask(port);
  await ports.gate.release('web');
  expect(await waiting).not.toBe('HELLO');
  expect(await ask(port)).toBe('ECONNREFUSED');
});

test('what the engine chose (-P) is bound before the start is confirmed', async () => {
  const chosen = await freePort();
  const found = container('a', 'web', '', false);
  await ports.gate.prepare('web');
  engine.set(found.Id, {
    ...container('a', 'web', '', true),
    NetworkSettings: {
      Ports: {
        '80/tcp': [
          { HostIp: '0.0.0.0', HostPort: chosen },
          { HostIp: '::', HostPort: chosen },
        ],
      },
      Networks: { bridge: { IPAddress: '172.17.0.2' } },
    },
  });
  await ports.gate.confirm('web');
  expect(await ask(chosen)).toBe('HELLO');
  expect(await ask(chosen, '::1')).toBe('HELLO');
});

test('containers that start by themselves are served, those that stop are not', async () => {
  const port = await freePort();
  container('a', 'web', port, true);
  list();
  await ports.settle();
  expect(await ask(port)).toBe('HELLO');
  container('a', 'web', port, false);
  list();
  await ports.settle();
  expect(await ask(port)).toBe('ECONNREFUSED');
});

test('a list older than the start closes nothing, and an engine that is away keeps everything', async () => {
  const port = await freePort();
  container('a', 'web', port, true);
  await ports.gate.prepare('web');
  await ports.gate.confirm('web');
  containers.set([]);
  await ports.settle();
  expect(await ask(port)).toBe('HELLO');
  away = true;
  containers.set([]);
  await ports.settle();
  expect(await ask(port)).toBe('HELLO');
});

test('after a stop went through its port is closed at once', async () => {
  const port = await freePort();
  container('a', 'web', port, true);
  await ports.gate.prepare('web');
  await ports.gate.confirm('web');
  engine.delete(id('a'));
  await ports.gate.changed('web');
  expect(await ask(port)).toBe('ECONNREFUSED');
});

test('a running container whose port is taken is told once', async () => {
  const port = await listen();
  container('a', 'web', String(port), true);
  list();
  await ports.settle();
  list();
  await ports.settle();
  expect(notices.map(({ code, params }) => [code, params['address']])).toEqual([['ports.inUse', '127.0.0.1']]);
});

test('a program that listens a moment after its start is waited for; later a refusal is a reset', async () => {
  const port = await freePort();
  const address = inside.address() as AddressInfo;
  await new Promise((resolve) => inside.close(resolve));
  container('a', 'web', port, true);
  await ports.gate.prepare('web');
  await ports.gate.confirm('web');
  const waiting = ask(port);
  await new Promise((resolve) => setTimeout(resolve, 200));
  inside.listen(address.port, '127.0.0.1');
  expect(await waiting).toBe('HELLO');
});

test('two starts of one container at once hold it together', async () => {
  const port = await freePort();
  container('a', 'web', port, false);
  await Promise.all([ports.gate.prepare('web'), ports.gate.prepare(id('a'))]);
  await ports.gate.release(id('a'));
  container('a', 'web', port, true);
  await ports.gate.confirm('web');
  expect(await ask(port)).toBe('HELLO');
});

test('an inspect that is answered after the end binds nothing again', async () => {
  const port = await freePort();
  container('a', 'web', port, true);
  list();
  await ports.dispose();
  expect(await ask(port)).toBe('ECONNREFUSED');
});
