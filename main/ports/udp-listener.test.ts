// Datagrams over real sockets on loopback; the guest's side is its own program, compiled from vm/guest.
import { execFileSync, spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Duplex, PassThrough } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { PortListener } from './port-listener';
import { listenOnUdp } from './udp-listener';

const guest = resolve(import.meta.dirname, '../../vm/guest');
let folder: string;
let program: string;
let echo: Socket;
let listener: PortListener | undefined;
const ends: (() => void)[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-udp-'));
  program = join(folder, 'init');
  const sources = readdirSync(guest)
    .filter((name) => name.endsWith('.c'))
    .map((name) => join(guest, name));
  execFileSync('cc', ['-O1', '-o', program, ...sources], { stdio: 'pipe' });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeEach(async () => {
  echo = await open();
  echo.on('message', (datagram, from) => echo.send(datagram.toString('latin1').toUpperCase(), from.port, from.address));
});
afterEach(() => {
  void listener?.close();
  listener = undefined;
  echo.close();
  ends.splice(0).forEach((end) => end());
});

function open(): Promise<Socket> {
  const socket = createSocket('udp4');
  return new Promise((done) => socket.bind(0, '127.0.0.1', () => done(socket)));
}
const portOf = (socket: Socket): number => socket.address().port;

/** What SSH's channel is in the product. */
function relay(): Promise<Duplex> {
  const child = spawn(program, ['udp', '127.0.0.1', String(portOf(echo))], { stdio: ['pipe', 'pipe', 'inherit'] });
  ends.push(() => child.kill('SIGKILL'));
  return Promise.resolve(Duplex.from({ writable: child.stdin, readable: child.stdout }));
}

async function listen(dial: () => Promise<Duplex>, onUse?: () => void): Promise<number> {
  const free = await open();
  const port = portOf(free);
  await new Promise<void>((done) => free.close(() => done()));
  listener = await listenOnUdp('127.0.0.1', port, dial, onUse);
  return port;
}

async function client(
  port: number,
): Promise<{ ask(datagram: Buffer | string): Promise<string>; readonly answers: Buffer[]; socket: Socket }> {
  const socket = await open();
  // The system's default is full with a hundred of 1 KB that come at once.
  socket.setRecvBufferSize(2 ** 20);
  const answers: Buffer[] = [];
  socket.on('message', (datagram) => answers.push(datagram));
  ends.push(() => socket.close());
  return {
    socket,
    answers,
    async ask(datagram) {
      const before = answers.length;
      socket.send(datagram, port, '127.0.0.1');
      await vi.waitFor(() => expect(answers.length).toBeGreaterThan(before), { timeout: 5000, interval: 5 });
      return answers.at(-1)!.toString('latin1');
    },
  };
}

test('answers find their sender, each of many', async () => {
  const port = await listen(relay);
  const clients = await Promise.all(Array.from({ length: 50 }, () => client(port)));
  const answers = await Promise.all(clients.map(({ ask }, index) => ask(`hello ${index}`)));
  expect(answers).toEqual(clients.map((_, index) => `HELLO ${index}`));
  expect(listener?.figures()).toMatchObject({ connections: 50, dropped: 0 });
});

test.each([0, 1, 1472, 9000, 65_507])('a datagram of %i bytes, whole', async (size) => {
  const { ask } = await client(await listen(relay));
  expect(await ask(Buffer.alloc(size, 'a'))).toBe('A'.repeat(size));
});

test('a burst arrives whole and in order, whatever its sizes', async () => {
  const port = await listen(relay);
  const { answers, socket } = await client(port);
  const sizes = [...Array.from({ length: 90 }, () => 1000), 10, 1000, 1000, 2000, 2000, 0, 5, 5, 900];
  const sent = sizes.map((size, index) => Buffer.alloc(size, 'A'.charCodeAt(0) + (index % 26)));
  sent.forEach((datagram) => socket.send(datagram, port, '127.0.0.1'));
  await vi.waitFor(() => expect(answers).toHaveLength(sent.length), { timeout: 5000, interval: 20 });
  expect(Buffer.concat(answers).equals(Buffer.concat(sent))).toBe(true);
  expect(answers.map(({ length }) => length)).toEqual(sizes);
});

test('the first datagrams wait for the way into the guest, and a failed way is tried again', async () => {
  let tries = 0;
  const port = await listen(() => ((tries += 1) === 1 ? Promise.reject(new Error('not yet')) : relay()));
  const { ask, socket } = await client(port);
  socket.send('lost', port, '127.0.0.1');
  await vi.waitFor(() => expect(listener?.figures().dropped).toBe(1), 5000);
  await new Promise((done) => setTimeout(done, 250));
  expect(await ask('found')).toBe('FOUND');
});

test('a guest that takes nothing costs bounded memory; what did not fit is counted', async () => {
  const stuck = new Duplex({ read: () => undefined, write: () => undefined });
  const port = await listen(() => Promise.resolve(stuck));
  const { socket } = await client(port);
  for (let sent = 0; sent < 300; sent += 1) {
    await new Promise((done) => socket.send(Buffer.alloc(60_000), port, '127.0.0.1', done));
  }
  await vi.waitFor(() => expect(listener?.figures().dropped).toBeGreaterThan(0), 5000);
  expect(stuck.writableLength).toBeLessThan(5 * 1024 * 1024);
});

test('what is no frame ends that stream, and the next datagram gets another', async () => {
  const broken = new PassThrough();
  let tries = 0;
  const port = await listen(() => ((tries += 1) === 1 ? Promise.resolve(broken) : relay()));
  const { ask } = await client(port);
  expect(await ask('as it came')).toBe('as it came');
  broken.push(Buffer.alloc(16, 0xff));
  await vi.waitFor(() => expect(broken.destroyed).toBe(true), 5000);
  expect(await ask('again')).toBe('AGAIN');
});

test('a port that is taken says so', async () => {
  await expect(listenOnUdp('127.0.0.1', portOf(echo), relay)).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

test('what comes while the guest is on its way waits, 4 MiB at most; all that passes is told', async () => {
  let arrive: (stream: Duplex) => void = () => undefined;
  let used = 0;
  const port = await listen(
    () => new Promise((resolve) => (arrive = resolve)),
    () => (used += 1),
  );
  const sender = await open();
  ends.push(() => sender.close());
  for (let number = 0; number < 100; number += 1) {
    await new Promise((sent) => sender.send(Buffer.alloc(60_000), port, '127.0.0.1', sent));
    // The system's own buffer may be smaller than two of them.
    await new Promise(setImmediate);
  }
  // 4 MiB of 60,000 bytes and what each costs beside them, and the one that goes beyond.
  await expect.poll(() => listener?.figures().dropped).toBe(30);
  expect(used).toBe(0);
  // It gives back what it gets: both ways are told.
  arrive(new PassThrough({ highWaterMark: 8 * 1024 * 1024 }));
  await expect.poll(() => used).toBe(140);
});
