// The guest's relay, compiled for this machine with sanitizers, and the host's side of it (main/ssh/relay.ts) as its client: what goes through, what
// breaks, and what somebody without the key gets.
import { execFileSync, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { datagramFrame, datagramReader } from '../../main/lib/datagram-frames';
import { createLineSplitter } from '../../main/lib/lines';
import { silentLogger } from '../../main/lib/logger';
import { createRelay, type Relay } from '../../main/ssh/relay';
import { freePort } from '../../main/vm/qemu/launch';

const folder = mkdtempSync(join(tmpdir(), 'berth-relay-'));
const program = join(folder, 'relay');
let port: number;
let guest: ChildProcessWithoutNullStreams;
let said: string;
let answers: ((line: string) => void)[];
let relay: Relay;
let ends: (() => unknown)[];

beforeAll(async () => {
  port = await freePort();
  const flags = ['-g', '-O1', '-Wall', '-Wextra', '-Werror', '-fsanitize=address,undefined', '-fno-sanitize-recover'];
  const sources = ['relay.c', 'udp.c', 'json.c', 'text.c', 'sys.c', '../test/relay-main.c'].map((name) => join(import.meta.dirname, name));
  execFileSync('gcc', [...flags, `-DRELAY_PORT=${port}`, '-DRELAY_CARD="lo"', '-DRELAY_UNKNOWN_MS=1000', '-o', program, ...sources]);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeEach(() => {
  ends = [];
  answers = [];
  said = '';
  guest = spawn(program);
  guest.stderr.on('data', (words: Buffer) => (said += words.toString()));
  const lines = createLineSplitter();
  guest.stdout.on('data', (chunk: Buffer) => lines.push(chunk).forEach((line) => answers.shift()?.(line)));
  relay = createRelay({ port, order: (key) => order(key), log: silentLogger });
});
afterEach(async () => {
  relay.close();
  await Promise.all(ends.map((end) => end()));
  guest.stdin.end();
  await once(guest, 'exit');
  // What a sanitizer finds is said there.
  expect(said).toBe('');
});

const ask = (line: string): Promise<string> =>
  new Promise((resolve) => {
    answers.push(resolve);
    guest.stdin.write(`${line}\n`);
  });
const order = async (key: Buffer): Promise<void> => {
  const answer = await ask(JSON.stringify({ key: key.toString('base64') }));
  if (answer !== '"ok":true') {
    throw new Error(answer);
  }
};

async function listen(onSocket: (socket: Socket) => void, host = '127.0.0.1'): Promise<number> {
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    onSocket(socket);
  }).listen(0, host);
  await once(server, 'listening');
  ends.push(() => server.close());
  return (server.address() as AddressInfo).port;
}
const echo = (host?: string): Promise<number> => listen((socket) => void socket.pipe(socket), host);

async function dial(to: number, host = '127.0.0.1'): Promise<Duplex> {
  const stream = await relay.dial('tcp', host, to);
  if (stream === undefined) {
    throw new Error('not by the relay');
  }
  return stream;
}

/** Of the relay itself: the program's only child. */
function relayPid(): number {
  return Number(execFileSync('pgrep', ['-P', String(guest.pid)], { encoding: 'utf8' }));
}
const openFiles = (): number => readdirSync(`/proc/${relayPid()}/fd`).length;
const closed = (socket: Duplex): Promise<void> =>
  new Promise((resolve) =>
    socket
      .on('error', () => undefined)
      .on('end', resolve)
      .on('close', resolve)
      .resume(),
  );
const sum = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

test.each(['127.0.0.1', '::1'])('8 MiB there and back to %s, and the end of one way is passed on', async (host) => {
  const stream = await dial(await echo(host), host);
  const bytes = randomBytes(8 * 1024 * 1024);
  stream.end(bytes);
  expect(sum(await buffer(stream))).toBe(sum(bytes));
});

test('a program that answers before it is asked, and one that answers after the end', async () => {
  const first = await dial(await listen((socket) => socket.end('hello')));
  expect((await buffer(first)).toString()).toBe('hello');
  const late = await dial(
    await listen((socket) => {
      void buffer(socket).then((asked) => setTimeout(() => socket.end(asked), 50));
    }),
  );
  late.end('after my end');
  expect((await buffer(late)).toString()).toBe('after my end');
});

test('a break on one side breaks the other', async () => {
  const sockets: Socket[] = [];
  const to = await listen((socket) => sockets.push(socket));
  const [here, there] = [await dial(to), await dial(to)];
  await expect.poll(() => sockets.length).toBe(2);
  const broken = closed(sockets[0] as Socket);
  (here as Socket).resetAndDestroy();
  await broken;
  const failure = once(there, 'error');
  sockets[1]?.resetAndDestroy();
  expect(await failure).toMatchObject([{ code: 'ECONNRESET' }]);
});

test('a reader that stands still holds its sender back, and nobody else', async () => {
  let [taken, stands]: [number, boolean] = [0, true];
  const to = await listen((socket) => {
    socket.pause();
    ends.push(() => socket.destroy());
    setTimeout(() => (stands = false), 300);
    const look = setInterval(() => {
      if (!stands) {
        clearInterval(look);
        socket.on('data', (chunk) => (taken += chunk.length)).resume();
      }
    }, 10);
  });
  const stream = await dial(to);
  const bytes = randomBytes(64 * 1024 * 1024);
  stream.end(bytes);
  const other = await dial(await echo());
  other.end('quick');
  expect((await buffer(other)).toString()).toBe('quick');
  await expect.poll(() => taken, { timeout: 20_000 }).toBe(bytes.length);
});

test('urgent data ends nothing: what is behind it goes through, and the relay rests', async () => {
  const server = spawn(program, ['urgent']);
  ends.push(() => server.kill());
  const [line] = (await once(server.stdout, 'data')) as [Buffer];
  const stream = await dial(Number(line));
  expect((await buffer(stream)).toString()).toBe('before between after');
  const ticks = (): number => Number(/\) (?:\S+ ){11}(\d+)/.exec(readFileSync(`/proc/${relayPid()}/stat`, 'utf8'))?.[1]);
  const before = ticks();
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(ticks() - before).toBeLessThan(10);
});

test('where nobody listens it says so; what is no address too', async () => {
  const to = await freePort();
  await expect(relay.dial('tcp', '127.0.0.1', to)).rejects.toThrow('connection refused');
  await expect(relay.dial('tcp', 'example', 80)).rejects.toThrow('errno 22');
  await expect(relay.dial('udp', '', 80)).rejects.toThrow('errno 22');
});

test('500 are open beside each other, what comes beside more than eight that wait is left to SSH, and all of it is let go of', async () => {
  const to = await echo();
  await dial(to);
  const before = openFiles();
  const atOnce = await Promise.all(Array.from({ length: 100 }, () => relay.dial('tcp', '127.0.0.1', to)));
  expect(atOnce.filter((each) => each !== undefined)).toHaveLength(8);
  const open = atOnce.filter((each) => each !== undefined);
  for (let each = await relay.dial('tcp', '127.0.0.1', to); each !== undefined; each = await relay.dial('tcp', '127.0.0.1', to)) {
    open.push(each);
  }
  // One was there before, and one tells which are ended.
  expect(open).toHaveLength(498);
  const texts = await Promise.all(
    open.map((stream, number) => {
      stream.end(`number ${number}`);
      return buffer(stream);
    }),
  );
  expect(texts.map(String)).toEqual(open.map((_, number) => `number ${number}`));
  await expect.poll(openFiles).toBe(before);
});

test('datagrams have a process each, which ends with its stream', async () => {
  const socket = createSocket('udp4');
  socket.on('message', (bytes, from) => socket.send(bytes.toString().toUpperCase(), from.port, from.address));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  ends.push(() => socket.close());
  const stream = await relay.dial('udp', '127.0.0.1', socket.address().port);
  const came: [number, string][] = [];
  const take = datagramReader((flow, datagram) => came.push([flow, datagram.toString()]));
  stream?.on('data', (bytes: Buffer) => take(bytes));
  stream?.write(Buffer.concat([datagramFrame(1, Buffer.from('one')), datagramFrame(2, Buffer.from('two'))]));
  await expect
    .poll(() => came.sort())
    .toEqual([
      [1, 'ONE'],
      [2, 'TWO'],
    ]);
  const children = (): string => readFileSync(`/proc/${relayPid()}/task/${relayPid()}/children`, 'utf8');
  expect(children()).not.toBe('');
  stream?.destroy();
  await expect.poll(children).toBe('');
});

/** What a stranger gets for its bytes, until it is let go of. */
async function stranger(bytes: Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let got = '';
  socket.on('data', (chunk) => (got += chunk.toString('hex'))).on('error', () => undefined);
  socket.write(bytes);
  await new Promise((resolve) => socket.once('close', resolve));
  return got;
}

test('who does not know the key learns nothing: one bit off, the other half, nothing at all', async () => {
  const key = randomBytes(64);
  await order(key);
  const head = (half: Buffer): Buffer => Buffer.concat([half, Buffer.alloc(53)]);
  const off = Buffer.from(key.subarray(0, 32));
  off[31] = (off[31] ?? 0) ^ 1;
  for (const half of [off, key.subarray(32), Buffer.alloc(32)]) {
    expect(await stranger(head(half))).toBe('');
  }
  expect(await stranger(randomBytes(100_000))).toBe('');
  // Its head in single bytes, with the right key and a kind that does not exist: answered as what it is.
  const socket = connect(port, '127.0.0.1');
  for (const byte of Buffer.concat([key.subarray(0, 32), Buffer.from('x'), Buffer.alloc(52)])) {
    socket.write(Buffer.from([byte]));
    await new Promise(setImmediate);
  }
  expect((await buffer(socket)).toString('hex')).toBe(`${key.subarray(32).toString('hex')}16`);
});

test('who says nothing is let go of, and keeps nobody else waiting', async () => {
  const to = await echo();
  await dial(to);
  const idle = Array.from({ length: 50 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
  const gone = Promise.all(idle.map(closed));
  const stream = await dial(to);
  stream.end('meanwhile');
  expect((await buffer(stream)).toString()).toBe('meanwhile');
  await gone;
});

test('the same key leaves everything as it is, another one and the end cut it off', async () => {
  const to = await echo();
  const stream = await dial(to);
  const pid = relayPid();
  let key: Buffer = Buffer.alloc(0);
  const other = createRelay({ port, order: (given) => order((key = given)), log: silentLogger });
  stream.write('x');
  await once(stream, 'data');
  const cut = closed(stream);
  const second = await other.dial('tcp', '127.0.0.1', to);
  await cut;
  expect(relayPid()).not.toBe(pid);
  const again = relayPid();
  await order(key);
  expect(relayPid()).toBe(again);
  const ended = second && closed(second);
  await ask('end');
  await ended;
  other.close();
});

test('killed: what goes through it breaks and does not end, the next connections go by SSH', async () => {
  const to = await echo();
  const stream = await dial(to);
  stream.write('x');
  await once(stream, 'data');
  const failure = once(stream, 'error');
  process.kill(relayPid(), 'SIGKILL');
  expect(String(await failure)).toContain('cut off in the guest');
  expect(await relay.dial('tcp', '127.0.0.1', to)).toBeUndefined();
  expect(await relay.dial('tcp', '127.0.0.1', to)).toBeUndefined();
  // Another client of the same guest has it made again at once.
  const next = createRelay({ port, order, log: silentLogger });
  expect(await next.dial('tcp', '127.0.0.1', to)).toBeDefined();
  next.close();
});

test('bad orders are refused by name', async () => {
  const refused = '"ok":false,"error":"key must be 64 bytes in base64"';
  expect(await ask('{}')).toBe(refused);
  expect(await ask('{"key":"AAAA"}')).toBe(refused);
  expect(await ask(`{"key":"${Buffer.alloc(65).toString('base64')}"}`)).toBe(refused);
});
