// What is more than a message: hijacked streams with half-close, backpressure, many clients at once.
import { createHash, randomBytes } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { setUp, type Setup } from '../../test/fakes/engine-socket';
import { answerEach, type Behaviour } from '../../test/fakes/raw-engine';

let setup: Setup;
async function start(behaviour: Behaviour): Promise<Setup> {
  setup = await setUp(behaviour);
  return setup;
}
afterEach(() => setup.dispose());

const upgrade = 'HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n';
const oldHijack = 'HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n';

test.each([
  ['101', '/v1.51/exec/abc/start', 'Connection: Upgrade\r\nUpgrade: tcp\r\n', upgrade],
  ['200, as clients of old get it', '/containers/abc/attach?stream=1&stdin=1', '', oldHijack],
  ['101 of h2c', '/grpc', 'Connection: Upgrade\r\nUpgrade: h2c\r\n', upgrade],
])('after %s bytes pass raw, and each side ends by itself', async (_name, path, fields, answer) => {
  const { client } = await start(async (connection) => {
    await connection.until('{}');
    connection.clear();
    connection.socket.write(`${answer}hello `);
    // As `cat` would: echo until stdin ends, and only then the last words.
    await connection.ended;
    connection.socket.end(Buffer.from(`${connection.received()} bye`, 'latin1'));
  });
  const one = await client();
  one.send(`POST ${path} HTTP/1.1\r\nHost: d\r\n${fields}Content-Length: 2\r\n\r\n{}`);
  await one.until('hello ');
  one.send(Buffer.from('GET / HTTP/1.1\r\n\r\n\0\xff', 'latin1'));
  one.end();
  expect((await one.whole).split('\r\n\r\n').slice(1).join('|')).toBe('hello GET / HTTP/1.1|\0\xff bye');
});

test('the engine may end first and still be sent to', async () => {
  const { client, engine } = await start(async (connection) => {
    await connection.until('\r\n\r\n');
    connection.clear();
    connection.socket.end(`${upgrade}done`);
  });
  const one = await client();
  one.send('POST /containers/x/attach HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
  expect(await one.whole).toBe(`${upgrade}done`);
  one.send('late words');
  one.end();
  await engine.connections[0]?.ended;
  expect(engine.connections[0]?.received()).toBe('late words');
});

test('an attach that is refused stays a message', async () => {
  const refusal = 'HTTP/1.1 409 Conflict\r\nContent-Length: 2\r\n\r\n{}';
  const { client } = await start(answerEach(refusal));
  const one = await client();
  for (let round = 1; round <= 2; round++) {
    one.send('POST /containers/x/attach HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
    await one.until(refusal.repeat(round));
  }
});

test('a log in raw-stream form is a message, because it is delimited', async () => {
  const log = 'HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n';
  const { client } = await start(answerEach(log));
  const one = await client();
  one.send('GET /containers/x/logs?stdout=1 HTTP/1.1\r\nHost: d\r\n\r\n');
  await one.until(log);
  one.send('GET /containers/x/logs?stdout=1 HTTP/1.1\r\nHost: d\r\n\r\n');
  await one.until(log + log);
});

const MiB = 1024 * 1024;

test('a reader that pauses holds the engine back, holds nobody else, and loses nothing', async () => {
  const total = 64 * MiB;
  const block = randomBytes(MiB);
  let written = 0;
  const { client } = await start(async (connection) => {
    const text = await connection.until('\r\n\r\n');
    if (!text.includes('/export')) {
      connection.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK');
      return;
    }
    connection.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`);
    while (written < total) {
      written += block.length;
      if (!connection.socket.write(block)) {
        await new Promise((resolve) => connection.socket.once('drain', resolve));
      }
    }
  });
  const slow = await client();
  slow.socket.removeAllListeners('data');
  slow.socket.pause();
  slow.send('GET /containers/x/export HTTP/1.1\r\nHost: d\r\n\r\n');
  let before = -1;
  await expect
    .poll(
      () => {
        const settled = written > 0 && written === before;
        before = written;
        return settled;
      },
      { interval: 200, timeout: 10_000 },
    )
    .toBe(true);
  expect(written).toBeLessThan(8 * MiB);

  const quick = await client();
  quick.send('GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n');
  await quick.until('OK');

  let received = 0;
  const sum = createHash('sha256');
  for await (const bytes of slow.socket as AsyncIterable<Buffer>) {
    const start = received === 0 ? bytes.indexOf('\r\n\r\n') + 4 : 0;
    sum.update(bytes.subarray(start));
    received += bytes.length - start;
    if (received === total) {
      break;
    }
  }
  const expected = createHash('sha256');
  for (let count = 0; count < total / MiB; count++) {
    expected.update(block);
  }
  expect(sum.digest('hex')).toBe(expected.digest('hex'));
});

test('an engine that does not read holds the client back', async () => {
  const { client } = await start((connection) => {
    connection.socket.removeAllListeners('data');
    connection.socket.pause();
  });
  const one = await client();
  one.send(`POST /images/load HTTP/1.1\r\nHost: d\r\nContent-Length: ${64 * MiB}\r\n\r\n`);
  const block = Buffer.alloc(MiB);
  let taken = 0;
  for (let count = 0; count < 64; count++) {
    one.socket.write(block, () => (taken += block.length));
  }
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(taken).toBeLessThan(8 * MiB);
});

test('200 clients at once, each with its own answer', async () => {
  const { client, proxy } = await start(async (connection) => {
    for (;;) {
      const text = await connection.until('\r\n\r\n');
      connection.clear();
      const name = /containers\/(\w+)\/wait/.exec(text)?.[1] ?? '';
      await new Promise((resolve) => setTimeout(resolve, 20));
      connection.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${name.length}\r\n\r\n${name}`);
    }
  });
  const answers = await Promise.all(
    Array.from({ length: 200 }, async (_, number) => {
      const one = await client();
      one.send(`POST /containers/name${number}x/wait HTTP/1.1\r\nHost: d\r\n\r\n`);
      await one.until(`name${number}x`);
      one.end();
      return (await one.whole).endsWith(`\r\n\r\nname${number}x`);
    }),
  );
  expect(answers.every(Boolean)).toBe(true);
  expect(proxy.use.get().open).toBe(0);
});

test('a list that a program reads over and over is no sign of use from the third time on', async () => {
  const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]';
  const { client, proxy } = await start(answerEach(answer));
  const ends: number[] = [];
  proxy.use.subscribe(({ open }) => (open === 0 ? ends.push(1) : undefined));
  const ide = await client();
  for (let round = 1; round <= 5; round += 1) {
    ide.send('GET /v1.51/containers/json HTTP/1.1\r\nHost: d\r\nUser-Agent: ide\r\n\r\n');
    await ide.until(answer.repeat(round));
  }
  await expect.poll(() => ends.length).toBe(2);
  expect(proxy.use.get().lastAt).toBeGreaterThan(0);
});

test('open requests count while they are open; pings and events do not', async () => {
  const { client, proxy } = await start((connection) => {
    connection.socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
  });
  const seen: number[] = [];
  proxy.use.subscribe(({ open }) => seen.push(open));
  const events = await client();
  events.send('GET /v1.51/events HTTP/1.1\r\nHost: d\r\n\r\n');
  await events.until('\r\n\r\n');
  expect(seen).toEqual([]);
  const logs = await client();
  logs.send('GET /containers/x/logs?follow=1 HTTP/1.1\r\nHost: d\r\n\r\n');
  await logs.until('\r\n\r\n');
  expect(seen).toEqual([1]);
  logs.socket.destroy();
  setup.engine.connections.forEach(({ socket }) => socket.end());
  await expect.poll(() => proxy.use.get().open).toBe(0);
});
