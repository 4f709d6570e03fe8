// Published ports over real sockets on loopback: the guest's side is a server of the test's own.
import { createServer, connect, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BerthError, ContainerSummary, Forward, PortWay } from '../../preload/contract';
import type { ContainerInspect } from '../lib/engine-http';
import { createRawEngine, type RawEngine } from '../../test/fakes/raw-engine';
import { silentLogger } from '../lib/logger';
import { createObservable } from '../lib/observable';
import { freePortNear } from './free-port';
import { createPorts, type Ports, type PortsDeps } from './ports';

const id = (letter: string) => letter.repeat(64);

let ports: Ports;
let inside: Server;
let engineSide: RawEngine;
let away = false;
const engine = new Map<string, ContainerInspect>();
const containers = createObservable<readonly ContainerSummary[]>([]);
const publish = createObservable<'loopback' | 'lan'>('loopback');
const services = createObservable(0);
const moves = createObservable<{ readonly container: string } | undefined>(undefined);
/** Its services; undefined = no swarm is active. */
let swarm: readonly unknown[] | undefined;
const way = createObservable<PortWay>('relay');
/** The driver's listeners: refuses unless a test has another. */
let forward: PortsDeps['forward'];
const notices: BerthError[] = [];
/** What is taken in the guest. */
const served: string[] = [];
/** Where the guest's own address leads inside. */
let servicePort = 0;
/** Requests that the engine got, beside inspects and looks at services. */
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
  way.set('relay');
  swarm = undefined;
  forward = () => Promise.reject(new Error('Could not set up'));
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
    const request = await connection.until('\r\n\r\n');
    if (request.startsWith('GET /services ')) {
      const [status, body] = swarm === undefined ? [503, { message: 'This node is not a swarm manager.' }] : [200, swarm];
      connection.socket.end(`HTTP/1.1 ${status} x\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n${JSON.stringify(body)}`);
      return;
    }
    asked.push(request);
    connection.socket.end('HTTP/1.1 204 No Content\r\n\r\n');
  });
  ports = createPorts({
    dialer: {
      engine: () => engineSide.dialer.engine(),
      udp: () => Promise.reject(new Error('no datagrams here')),
      notify: () => Promise.reject(new Error('no guest here')),
      tcp: (host, port) =>
        new Promise((resolve, reject) => {
          if ((!(host === '172.17.0.2' && port === 80) && !(host === '10.0.2.15' && port === servicePort)) || !inside.listening) {
            reject(new Error('refused'));
            return;
          }
          const socket = connect({ port: (inside.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
          socket.once('connect', () => resolve(socket));
          socket.once('error', reject);
        }),
    },
    publish,
    services,
    moves,
    way,
    forward: (spec) => forward(spec),
    serve: (place) => {
      served.push(place);
      return { ready: Promise.resolve(), stop: () => void served.splice(served.indexOf(place), 1) };
    },
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

test('what another program has of a range is taken in the guest while the container starts', async () => {
  const port = await listen();
  const range = `${port - 1}-${port + 1}`;
  container('a', 'web', range, false);
  await Promise.all([ports.gate.prepare('web'), ports.gate.prepare('web')]);
  expect(served).toContain(`127.0.0.1:${port}`);
  expect(served.filter((place) => place.endsWith(`:${port}`))).toHaveLength(1);
  await ports.gate.release('web');
  expect(served).toContain(`127.0.0.1:${port}`);
  await ports.gate.release('web');
  expect(served).toEqual([]);
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

test.each(['1022', '1023'])('%s is the guest’s own: refused before the start, with another one', async (port) => {
  container('a', 'web', port, false);
  await expect(ports.gate.prepare('web')).rejects.toMatchObject({
    code: 'engine.portTaken',
    params: { port: Number(port), suggested: expect.toSatisfy((other: number) => other > 9000) as number },
  });
  expect(await ask(port)).toBe('ECONNREFUSED');
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

/** A driver as QEMU is: its listener is one of another socket, and a taken port has no reason. */
function driver() {
  const rules = new Map<number, Server>();
  let end: () => void = () => undefined;
  forward = async ({ address, port, guestPort }) => {
    const server = createServer((socket) =>
      socket
        .on('error', () => undefined)
        .resume()
        .end(`direct to ${guestPort}`),
    );
    await new Promise<void>((resolve, reject) =>
      server.once('error', () => reject(new Error('Could not set up'))).listen(port, address, resolve),
    );
    servers.push(server);
    rules.set(port, server);
    const gone = new Promise<void>((resolve) => (end = resolve));
    return {
      gone,
      remove() {
        server.close();
        return Promise.resolve();
      },
    };
  };
  return {
    rules,
    die() {
      rules.forEach((server) => server.close());
      end();
    },
  };
}
const forwards = async (): Promise<Pick<Forward, 'address' | 'way' | 'notDirect'>[]> => {
  const ending = new AbortController();
  for await (const now of ports.handlers['ports.changes']({}, { signal: ending.signal, upload: (async function* () {})() })) {
    ending.abort();
    return now.map(({ address, way: by, notDirect }) => ({ address, way: by, ...(notDirect === undefined ? {} : { notDirect }) }));
  }
  return [];
};
/** As dockerd publishes it: on every address of the guest. */
function published(letter: string, name: string, port: string): void {
  const found = container(letter, name, port, true);
  engine.set(found.Id, {
    ...found,
    NetworkSettings: { ...found.NetworkSettings, Ports: { '80/tcp': [{ HostIp: '0.0.0.0', HostPort: port }] } },
  });
}

test('hostfwd: bound here before the start, by the driver once it runs, IPv6 through Berth, free again with the stop', async () => {
  driver();
  way.set('hostfwd');
  const port = await freePort();
  container('a', 'web', port, false);
  await ports.gate.prepare('web');
  published('a', 'web', port);
  await ports.gate.confirm('web');
  expect(await ask(port)).toBe(`direct to ${port}`);
  expect(await forwards()).toEqual([
    { address: '127.0.0.1', way: 'hostfwd' },
    { address: '::1', way: 'relay', notDirect: { reason: 'ipv6', detail: '' } },
  ]);
  engine.delete(id('a'));
  await ports.gate.changed('web');
  expect(await ask(port)).toBe('ECONNREFUSED');
});

test('hostfwd: the setting is followed both ways, and an address of its own stays with Berth', async () => {
  driver();
  const port = await freePort();
  published('a', 'web', port);
  await ports.gate.prepare('web');
  await ports.gate.confirm('web');
  expect(await ask(port)).toBe('HELLO');
  way.set('hostfwd');
  await expect.poll(() => ask(port)).toBe(`direct to ${port}`);
  way.set('relay');
  await expect.poll(() => ask(port)).toBe('HELLO');
  const own = await freePort();
  way.set('hostfwd');
  container('b', 'own', own, true, '127.0.0.1');
  await ports.gate.prepare('own');
  await ports.gate.confirm('own');
  expect((await forwards()).filter(({ notDirect }) => notDirect?.reason === 'address')).toHaveLength(1);
});

test('hostfwd: what the driver refuses goes through Berth with its words, and what ends with the VM comes back', async () => {
  way.set('hostfwd');
  const port = await freePort();
  published('a', 'web', port);
  await ports.gate.prepare('web');
  await ports.gate.confirm('web');
  expect(await ask(port)).toBe('HELLO');
  expect((await forwards())[0]).toEqual({
    address: '127.0.0.1',
    way: 'relay',
    notDirect: { reason: 'refused', detail: 'Could not set up' },
  });
  const { die } = driver();
  await ports.handlers['ports.reconnect']({}, { signal: new AbortController().signal });
  expect(await ask(port)).toBe(`direct to ${port}`);
  die();
  await expect.poll(() => ask(port)).toBe('HELLO');
  await ports.handlers['ports.reconnect']({}, { signal: new AbortController().signal });
  expect(await ask(port)).toBe(`direct to ${port}`);
});

test('a port that is stolen while it changes hands is told as taken, and served when it is free', async () => {
  way.set('hostfwd');
  const port = await freePort();
  let thief: Server | undefined;
  forward = async () => {
    thief = createServer();
    await new Promise<void>((resolve) => thief?.listen(Number(port), '127.0.0.1', resolve));
    throw new Error('Could not set up');
  };
  published('a', 'web', port);
  await ports.gate.prepare('web');
  await ports.gate.confirm('web');
  await expect.poll(() => notices.map(({ code, params }) => [code, params['port']])).toEqual([['ports.inUse', Number(port)]]);
  expect(notices[0]?.params['process']).toContain(`(${process.pid})`);
  expect(notices[0]?.params['suggested']).toBeGreaterThan(Number(port));
  await new Promise((resolve) => thief?.close(resolve));
  forward = () => Promise.reject(new Error('Could not set up'));
  await ports.handlers['ports.reconnect']({}, { signal: new AbortController().signal });
  expect(await ask(port)).toBe('HELLO');
});

test('a Swarm service’s port: served while the service is there, at the guest’s own address', async () => {
  const port = await freePort();
  servicePort = Number(port);
  const ingress = { Protocol: 'tcp', TargetPort: 80, PublishedPort: servicePort, PublishMode: 'ingress' };
  const own = { Protocol: 'tcp', TargetPort: 80, PublishedPort: 1, PublishMode: 'host' };
  swarm = [{ ID: 's1', Spec: { Name: 'shop' }, Endpoint: { Ports: [ingress, own] } }];
  services.set(services.get() + 1);
  await expect.poll(() => ask(port)).toBe('HELLO');
  expect(await ask(port, '::1')).toBe('HELLO');
  expect(await forwards()).toHaveLength(2);
  container('a', 'web', port, false);
  await expect(ports.gate.prepare('web')).rejects.toMatchObject({ params: { detail: expect.stringContaining('(shop)') as string } });
  swarm = [];
  services.set(services.get() + 1);
  await expect.poll(() => ask(port)).toBe('ECONNREFUSED');
});

test('a swarm that is left takes its ports along, told of by its containers’ ends only', async () => {
  const port = await freePort();
  servicePort = Number(port);
  swarm = [{ ID: 's1', Endpoint: { Ports: [{ Protocol: 'tcp', TargetPort: 80, PublishedPort: servicePort }] } }];
  services.set(services.get() + 1);
  await expect.poll(() => ask(port)).toBe('HELLO');
  swarm = undefined;
  containers.set([]);
  await expect.poll(() => ask(port)).toBe('ECONNREFUSED');
});

test('another free port is proposed, of the usual ones where a low one is taken', async () => {
  const taken = await listen();
  const next = await freePortNear({ protocol: 'tcp', address: '127.0.0.1', port: taken, containerPort: 80 });
  expect(next).toBeGreaterThan(taken);
  expect(await freePortNear({ protocol: 'udp', address: '127.0.0.1', port: 53, containerPort: 53 })).toBeGreaterThanOrEqual(8053);
});
