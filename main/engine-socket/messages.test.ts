// Messages through the engine's socket, byte for byte: every framing, both ways, whole and cut short.
import { afterEach, expect, test } from 'vitest';
import { setUp, type Setup, type SetupOptions } from '../../test/fakes/engine-socket';
import { answerEach, type Behaviour } from '../../test/fakes/raw-engine';

let setup: Setup;
async function start(behaviour: Behaviour, options?: SetupOptions): Promise<Setup> {
  setup = await setUp(behaviour, options);
  return setup;
}
afterEach(() => setup.dispose());

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK';

test('a request and its answer pass unaltered', async () => {
  const { client, engine } = await start(answerEach(OK));
  const one = await client();
  one.send('GET /v1.51/_ping HTTP/1.1\r\nHost: docker\r\nX-Odd:  kept \r\n\r\n');
  expect(await one.until('\r\n\r\nOK')).toBe(OK);
  one.end();
  expect(await one.whole).toBe(OK);
  expect(engine.lanes).toEqual(['api']);
});

test('the head reaches the engine byte for byte', async () => {
  let seen = '';
  const { client } = await start(async (connection) => {
    seen = await connection.until('\r\n\r\n');
    connection.socket.end(OK);
  });
  const one = await client();
  const head = 'GET /info?x=%20 HTTP/1.1\r\nHost: docker\r\nX-Odd:  kept \t\r\nX-Odd: twice\r\n\r\n';
  one.send(head);
  await one.until('OK');
  expect(seen).toBe(head);
});

test('two requests on one connection, and two clients after each other, share one connection to the engine', async () => {
  const { client, engine } = await start(answerEach(OK));
  const one = await client();
  one.send('GET /a HTTP/1.1\r\nHost: d\r\n\r\n');
  await one.until('OK');
  one.send('GET /b HTTP/1.1\r\nHost: d\r\n\r\n');
  await one.until(OK + OK);
  one.end();
  await one.whole;
  const two = await client();
  two.send('GET /c HTTP/1.1\r\nHost: d\r\n\r\n');
  await two.until('OK');
  expect(engine.connections).toHaveLength(1);
});

test('pipelined requests are answered in order', async () => {
  const { client } = await start(async (connection) => {
    for (let number = 0; number < 3; number++) {
      const text = await connection.until('\r\n\r\n');
      connection.clear();
      connection.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n${/GET (..)/.exec(text)?.[1] ?? ''}`);
    }
  });
  const one = await client();
  one.send('GET /1 HTTP/1.1\r\nHost: d\r\n\r\nGET /2 HTTP/1.1\r\nHost: d\r\n\r\nGET /3 HTTP/1.1\r\nHost: d\r\n\r\n');
  await one.until('\r\n\r\n/3');
  expect(one.received().match(/\/[0-9]$|\/[0-9](?=HTTP)/g)).toEqual(['/1', '/2', '/3']);
});

test('chunks and trailers pass unaltered, both ways', async () => {
  const body = '5\r\nhello\r\n1;'.slice(0, -1) + '\r\n!\r\n0\r\nX-Sum: 1\r\n\r\n';
  let seen = '';
  const { client } = await start(async (connection) => {
    seen = await connection.until('X-Sum: 1\r\n\r\n');
    connection.socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n${body}`);
  });
  const one = await client();
  one.send(`POST /images/load HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n${body}`);
  const answer = await one.until('X-Sum: 1\r\n\r\n');
  expect(seen.endsWith(`\r\n\r\n${body}`)).toBe(true);
  expect(answer.endsWith(`\r\n\r\n${body}`)).toBe(true);
  expect(setup.engine.lanes).toEqual(['bulk']);
});

test.each([
  ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n'],
  ['GET', 'HTTP/1.1 204 No Content\r\n\r\n'],
  ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n'],
])('%s answered with %j has no body', async (method, answer) => {
  const { client } = await start(answerEach(answer));
  const one = await client();
  one.send(`${method} /_ping HTTP/1.1\r\nHost: d\r\n\r\n`);
  await one.until('\r\n\r\n');
  one.send(`${method} /_ping HTTP/1.1\r\nHost: d\r\n\r\n`);
  expect(await one.until(answer + answer)).toBe(answer + answer);
});

test('100-continue: the body is sent only once the engine asked for it', async () => {
  const { client } = await start(async (connection) => {
    await connection.until('\r\n\r\n');
    connection.socket.write('HTTP/1.1 100 Continue\r\n\r\n');
    await connection.until('body');
    connection.socket.write(OK);
  });
  const one = await client();
  one.send('PUT /containers/x/archive?path=/ HTTP/1.1\r\nHost: d\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n');
  await one.until('100 Continue\r\n\r\n');
  one.send('body');
  await one.until(OK);
});

test('an HTTP/1.0 client gets its answer and the end', async () => {
  const { client } = await start(async (connection) => {
    await connection.until('HTTP/1.0\r\n\r\n');
    connection.socket.end('HTTP/1.0 200 OK\r\n\r\nuntil the end');
  });
  const one = await client();
  one.send('GET /_ping HTTP/1.0\r\n\r\n');
  one.end();
  expect(await one.whole).toBe('HTTP/1.0 200 OK\r\n\r\nuntil the end');
});

test('a client that leaves while it waits is told to the engine', async () => {
  const { client, engine } = await start((connection) => {
    connection.socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n');
  });
  const one = await client();
  one.send('GET /events HTTP/1.1\r\nHost: d\r\n\r\n');
  await one.until('x\r\n');
  one.socket.destroy();
  await engine.connections[0]?.ended;
});

test('a client that leaves within its body breaks the request', async () => {
  const { client, engine } = await start(() => undefined);
  const one = await client();
  one.send('POST /images/load HTTP/1.1\r\nHost: d\r\nContent-Length: 100\r\n\r\nhalf');
  await expect.poll(() => engine.connections[0]?.received()).toContain('half');
  one.socket.destroy();
  await engine.connections[0]?.ended;
});

test('an engine that leaves within its answer is seen as that, never as a whole answer', async () => {
  const { client } = await start(async (connection) => {
    await connection.until('\r\n\r\n');
    connection.socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel');
  });
  const one = await client();
  one.send('GET /containers/json HTTP/1.1\r\nHost: d\r\n\r\n');
  expect(await one.whole).not.toContain('0\r\n\r\n');
});

test('an answer before the end of the request arrives, and the connection ends with it', async () => {
  const refusal = 'HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\n\r\nbad';
  const { client } = await start(async (connection) => {
    await connection.until('first');
    connection.socket.write(refusal);
  });
  const one = await client();
  one.send('POST /build HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n');
  expect(await one.whole).toBe(refusal);
});

test('a kept connection that died is replaced for a read, without the client seeing it', async () => {
  let number = 0;
  const { client, engine } = await start(async (connection) => {
    number++;
    await connection.until('\r\n\r\n');
    connection.socket.write(OK);
    connection.clear();
    await connection.until('\r\n\r\n');
    if (number === 1) {
      connection.socket.destroy();
      return;
    }
    connection.socket.write(OK);
  });
  const one = await client();
  for (let round = 1; round <= 2; round++) {
    one.send('GET /info HTTP/1.1\r\nHost: d\r\n\r\n');
    await one.until(OK.repeat(round));
  }
  expect(engine.connections).toHaveLength(2);
});
