// Published ports under load, over real sockets of this host: a thousand connections at once, a storm of datagrams through the guest's own
// program, a thousand rounds of containers. What was bound is free afterwards and nothing of it is kept.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { createSocket } from 'node:dgram';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Duplex } from 'node:stream';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { ContainerSummary, PortWay } from '../../preload/contract';
import type { ContainerInspect } from '../../main/lib/engine-http';
import { silentLogger } from '../../main/lib/logger';
import { createObservable } from '../../main/lib/observable';
import { listenOnPort } from '../../main/ports/port-listener';
import { createPorts } from '../../main/ports/ports';
import { listenOnUdp } from '../../main/ports/udp-listener';
import { freePort } from '../../main/vm/qemu/launch';
import { held, heldAtRest, MIB } from './memory';

const folder = mkdtempSync(join(tmpdir(), 'berth-ports-'));
const guest = resolve(import.meta.dirname, '../../vm/guest');
const program = join(folder, 'init');
const ends: (() => unknown)[] = [];

beforeAll(() => {
  const sources = readdirSync(guest).filter((name) => name.endsWith('.c'));
  execFileSync('cc', ['-O1', '-o', program, ...sources.map((name) => join(guest, name))], { stdio: 'pipe' });
}, 60_000);
afterEach(async () => {
  await Promise.all(ends.splice(0).map((end) => end()));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const descriptors = (): number => readdirSync('/proc/self/fd').length;

/** The program in the container: answers in capitals when its client has ended. */
async function shout(): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let text = '';
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => (text += bytes.toString()));
    socket.on('end', () => socket.end(text.toUpperCase()));
  });
  await new Promise<void>((done) => server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, done));
  ends.push(() => server.close());
  return { port: (server.address() as AddressInfo).port, server };
}

function dialTo(port: number): Promise<Duplex> {
  return new Promise((done, fail) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.once('connect', () => done(socket)).once('error', fail);
  });
}

/** How a client ends: as it should, without waiting for the answer, or with a reset in the middle. */
function client(port: number, how: 'whole' | 'leaves' | 'resets'): Promise<string> {
  return new Promise((done) => {
    let text = '';
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', (error: NodeJS.ErrnoException) => done(error.code ?? ''));
    socket.on('data', (bytes: Buffer) => (text += bytes.toString()));
    socket.on('end', () => done(text));
    socket.on('close', () => done(text));
    socket.write('hello', () => {
      if (how === 'whole') {
        socket.end();
      } else if (how === 'leaves') {
        socket.end(() => socket.destroy());
      } else {
        socket.resetAndDestroy();
      }
    });
  });
}

test('a thousand connections at once, a third of them reset and a third left: the others are answered, and nothing stays open', async () => {
  const inside = await shout();
  const port = await freePort();
  const before = descriptors();
  const listener = await listenOnPort('127.0.0.1', port, () => dialTo(inside.port));
  const ways = ['whole', 'leaves', 'resets'] as const;
  const answers = await Promise.all(Array.from({ length: 1000 }, (_, index) => client(port, ways[index % 3] ?? 'whole')));
  expect(answers.filter((_, index) => index % 3 === 0).every((text) => text === 'HELLO')).toBe(true);
  await expect.poll(() => listener.figures().connections, { timeout: 20_000 }).toBe(0);
  await listener.close();
  await expect.poll(descriptors, { timeout: 20_000 }).toBeLessThanOrEqual(before);
});

const storm = `
const dgram = require('node:dgram'), [to, count, bytes] = process.argv.slice(1).map(Number);
const sink = dgram.createSocket('udp4'), out = dgram.createSocket('udp4'), data = Buffer.alloc(bytes, 97);
let arrived = 0, sent = 0, failed = 0, quiet;
const end = () => { console.log(JSON.stringify({ sent, arrived })); process.exit(); };
sink.on('message', () => { arrived++; clearTimeout(quiet); quiet = setTimeout(end, 3000); });
sink.bind(0, '127.0.0.1', () => {
  sink.setRecvBufferSize(8 << 20);
  console.log(sink.address().port);
  process.stdin.once('data', () => {
    quiet = setTimeout(end, 10000);
    const burst = () => {
      let pending = 0;
      for (let i = 0; i < 100 && sent + failed + pending < count; i++) {
        pending++;
        out.send(data, to, '127.0.0.1', (error) => { error ? failed++ : sent++; if (--pending === 0) setTimeout(burst, 2); });
      }
    };
    burst();
  });
});`;

test('a storm of 50,000 datagrams a second: each one passed on or counted as dropped, and memory bounded', async () => {
  const [count, bytes] = [100_000, 512];
  const port = await freePort();
  const sender = spawn(process.execPath, ['-e', storm, String(port), String(count), String(bytes)], { stdio: ['pipe', 'pipe', 'inherit'] });
  ends.push(() => sender.kill('SIGKILL'));
  const lines: string[] = [];
  sender.stdout.on('data', (text: Buffer) => lines.push(...text.toString().split('\n').filter(Boolean)));
  await expect.poll(() => lines.length, { timeout: 20_000 }).toBe(1);
  const listener = await listenOnUdp('127.0.0.1', port, () => {
    const child = spawn(program, ['udp', '127.0.0.1', lines[0] ?? ''], { stdio: ['pipe', 'pipe', 'inherit'] });
    ends.push(() => child.kill('SIGKILL'));
    return Promise.resolve(Duplex.from({ writable: child.stdin, readable: child.stdout }));
  });
  ends.push(() => listener.close());
  const before = held();
  let most = 0;
  const watching = setInterval(() => (most = Math.max(most, held())), 200);
  sender.stdin.write('go');
  await expect.poll(() => lines.length, { timeout: 120_000 }).toBe(2);
  clearInterval(watching);
  const { sent, arrived } = JSON.parse(lines[1] ?? '') as { sent: number; arrived: number };
  const accounted = (): number => {
    const { bytesIn, dropped } = listener.figures();
    return bytesIn / bytes + dropped;
  };
  await expect.poll(accounted).toBeGreaterThanOrEqual(sent);
  expect(sent).toBe(count);
  expect(arrived).toBeGreaterThan(0);
  expect(listener.figures().connections).toBe(1);
  console.info(`datagrams: ${Math.round((most - before) / MIB)} MiB held at most, ${arrived} of ${sent} passed on`);
  // Half of what was sent: who keeps what it cannot pass on would hold all of it.
  expect(most - before).toBeLessThan((count * bytes) / 2);
}, 600_000);

test('ten senders’ datagrams of 65,507 bytes come through whole', async () => {
  const echo = createSocket('udp4');
  await new Promise<void>((done) => echo.bind(0, '127.0.0.1', done));
  echo.setRecvBufferSize(4 << 20);
  echo.on('message', (datagram, from) => echo.send(datagram, from.port, from.address));
  ends.push(() => echo.close());
  const port = await freePort();
  const listener = await listenOnUdp('127.0.0.1', port, () => {
    const child = spawn(program, ['udp', '127.0.0.1', String(echo.address().port)], { stdio: ['pipe', 'pipe', 'inherit'] });
    ends.push(() => child.kill('SIGKILL'));
    return Promise.resolve(Duplex.from({ writable: child.stdin, readable: child.stdout }));
  });
  ends.push(() => listener.close());
  const answers = Array.from({ length: 10 }, (_, index) => {
    const socket = createSocket('udp4');
    ends.push(() => socket.close());
    const data = Buffer.alloc(65_507, index + 1);
    socket.send(data, port, '127.0.0.1');
    return new Promise<boolean>((done) => socket.once('message', (answer) => done(answer.equals(data))));
  });
  expect(await Promise.all(answers)).toEqual(Array.from({ length: 10 }, () => true));
});

test('a thousand times down and up: what listens is what is published, and no descriptor and no memory is kept', async () => {
  const inside = await shout();
  const engine = new Map<string, ContainerInspect>();
  const containers = createObservable<readonly ContainerSummary[]>([]);
  const published = await Promise.all([freePort(), freePort(), freePort()]);
  const ports = createPorts({
    dialer: {
      engine: () => Promise.reject(new Error('away')),
      udp: () => Promise.reject(new Error('no datagrams here')),
      notify: () => Promise.reject(new Error('no guest here')),
      tcp: () => dialTo(inside.port),
    },
    inspect: (name) => Promise.resolve([...engine.values()].find(({ Id, Name }) => Id === name || Name === `/${name}`)),
    containers,
    services: createObservable(0),
    moves: createObservable<undefined>(undefined),
    publish: createObservable<'loopback' | 'lan'>('loopback'),
    way: createObservable<PortWay>('relay'),
    forward: () => Promise.reject(new Error('none')),
    serve: () => ({ ready: Promise.reject(new Error('no guest here')), stop: () => undefined }),
    notify: (error) => {
      throw error;
    },
    log: silentLogger,
  });
  ends.push(() => ports.dispose());
  const container = (round: number, index: number, running: boolean): ContainerInspect => {
    const bindings = { '80/tcp': [{ HostIp: '', HostPort: String(published[index]) }] };
    return {
      Id: `${round}-${index}`.padEnd(64, '0'),
      Name: `/shop-${index}`,
      State: { Running: running, StartedAt: new Date(round * 1000).toISOString() },
      HostConfig: { NetworkMode: 'shop', PortBindings: bindings },
      NetworkSettings: { Ports: running ? bindings : {}, Networks: { shop: { IPAddress: `172.18.0.${index + 2}` } } },
    };
  };
  const round = async (number: number): Promise<void> => {
    for (const index of published.keys()) {
      const found = container(number, index, false);
      engine.set(found.Id, found);
      await ports.gate.prepare(found.Id);
      engine.set(found.Id, container(number, index, true));
      await ports.gate.confirm(found.Id);
    }
    expect(await Promise.all(published.map((port) => client(port, 'whole')))).toEqual(['HELLO', 'HELLO', 'HELLO']);
    const ids = [...engine.keys()];
    engine.clear();
    await Promise.all(ids.map((id) => ports.gate.changed(id)));
    expect(await Promise.all(published.map((port) => client(port, 'whole')))).toEqual(['ECONNREFUSED', 'ECONNREFUSED', 'ECONNREFUSED']);
  };
  let number = 0;
  const rounds = async (count: number): Promise<void> => {
    for (const end = number + count; number < end; number += 1) {
      await round(number);
    }
  };
  await rounds(20);
  const open = descriptors();
  const resources = process.getActiveResourcesInfo().length;
  await rounds(500);
  const half = await heldAtRest();
  await rounds(500);
  await expect.poll(descriptors).toBeLessThanOrEqual(open);
  await expect.poll(() => process.getActiveResourcesInfo().length).toBeLessThanOrEqual(resources);
  const perRound = ((await heldAtRest()) - half) / 500;
  console.info(`ports: ${Math.round(perRound)} bytes a round kept`);
  // What warms up has done so in the first half. A socket that somebody keeps has more, and each round has twenty of them.
  expect(perRound).toBeLessThan(1024);
}, 600_000);
