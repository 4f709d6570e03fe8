// What clients meet at the socket while the VM sleeps: answers from memory, a wait, or words.
import { afterEach, expect, test } from 'vitest';
import { BerthError } from '../../preload/contract';
import { setUp, type Setup } from '../../test/fakes/engine-socket';
import { deferred, type Deferred } from '../lib/async';
import { OWN_USER_AGENT } from '../lib/engine-http';

const PING = 'HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\nDocker-Experimental: false\r\nOstype: linux\r\nServer: Docker/28.5.2 (linux)\r\n';
const VERSION = '{"Version":"28.5.2","ApiVersion":"1.51"}';

interface Bed {
  /** undefined = awake. */
  sleep: { deep: boolean } | undefined;
  wakes: number;
  left: AbortSignal | undefined;
  readonly up: Deferred<void>;
}

let setup: Setup;
afterEach(() => setup.dispose());

async function start(): Promise<Bed> {
  const bed: Bed = { sleep: undefined, wakes: 0, left: undefined, up: deferred<void>() };
  setup = await setUp(
    async (connection) => {
      for (;;) {
        const text = await connection.until('\r\n\r\n');
        connection.clear();
        connection.socket.write(
          text.includes('/_ping')
            ? `${PING}Date: x\r\nContent-Length: 2\r\n\r\nOK`
            : text.includes('/version')
              ? `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${VERSION.length.toString(16)}\r\n${VERSION}\r\n0\r\n\r\n`
              : 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]',
        );
      }
    },
    {
      sleep: {
        asleep: () => bed.sleep,
        up(left) {
          bed.wakes += 1;
          bed.left = left;
          return bed.up.promise;
        },
      },
    },
  );
  return bed;
}

async function ask(line: string, fields = ''): Promise<string> {
  const one = await setup.client();
  one.send(`${line} HTTP/1.1\r\nHost: d\r\n${fields}Connection: close\r\n\r\n`);
  return one.whole;
}

test('ping and version are answered as they last were, and wake nothing', async () => {
  const bed = await start();
  await ask('GET /_ping');
  await ask('GET /v1.51/version');
  bed.sleep = { deep: true };
  const dialled = setup.engine.connections.length;
  expect(await ask('GET /_ping')).toBe(`${PING}Content-Length: 2\r\n\r\nOK`);
  expect(await ask('HEAD /_ping')).toBe(`${PING}Content-Length: 0\r\n\r\n`);
  expect(await ask('GET /version')).toBe(
    `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${VERSION.length}\r\n\r\n${VERSION}`,
  );
  expect([bed.wakes, setup.engine.connections.length]).toEqual([0, dialled]);
  expect(setup.proxy.use.get().lastAt).toBeUndefined();
});

test('docker ps: on one connection the ping is answered at once, the list waits for the resume', async () => {
  const bed = await start();
  await ask('GET /_ping');
  bed.sleep = { deep: true };
  const cli = await setup.client();
  cli.send('HEAD /_ping HTTP/1.1\r\nHost: d\r\n\r\n');
  await cli.until('\r\n\r\n');
  cli.send('GET /v1.51/containers/json HTTP/1.1\r\nHost: d\r\n\r\n');
  await expect.poll(() => bed.wakes).toBe(1);
  expect(setup.proxy.use.get().open).toBe(1);
  expect(cli.received()).not.toContain('[]');
  bed.sleep = undefined;
  bed.up.resolve();
  await cli.until('[]');
});

test('what a program asks over and over is refused with words and wakes nothing; the first time it wakes', async () => {
  const bed = await start();
  const poll = (): Promise<string> => ask('GET /containers/json', 'User-Agent: ide\r\n');
  await poll();
  await poll();
  await poll();
  bed.sleep = { deep: true };
  const answer = await poll();
  expect(answer).toMatch(/^HTTP\/1\.1 503 /);
  expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toEqual({ message: 'described vm.asleep {}' });
  expect(await ask('GET /events')).toMatch(/^HTTP\/1\.1 503 /);
  expect(bed.wakes).toBe(0);
  bed.up.resolve();
  expect(await ask('GET /containers/json', 'User-Agent: other\r\n')).toContain('[]');
  expect(bed.wakes).toBe(1);
});

test('once it is on its way back, everything waits for it', async () => {
  const bed = await start();
  bed.sleep = { deep: false };
  const events = ask('GET /events');
  await expect.poll(() => bed.wakes).toBe(1);
  bed.up.resolve();
  expect(await events).toContain('[]');
});

test('Berth’s own ping is never answered from memory: it is the proof', async () => {
  const bed = await start();
  await ask('GET /_ping');
  bed.sleep = { deep: false };
  const dialled = setup.engine.connections.length;
  await ask('GET /_ping', `User-Agent: ${OWN_USER_AGENT}\r\n`);
  expect([setup.engine.connections.length, bed.wakes]).toEqual([dialled + 1, 0]);
});

test('a suspend that fails needs the ping on its way back: it passes while everybody else is told of the suspend', async () => {
  setup = await setUp(
    async (connection) => {
      await connection.until('\r\n\r\n');
      connection.socket.end(`${PING}Content-Length: 2\r\n\r\nOK`);
    },
    { available: () => new BerthError('vm.suspended', {}) },
  );
  expect(await ask('GET /_ping', `User-Agent: ${OWN_USER_AGENT}\r\n`)).toContain('OK');
  expect(await ask('GET /_ping')).toContain('described vm.suspended');
});

test('where nothing is known yet, a ping wakes too', async () => {
  const bed = await start();
  bed.sleep = { deep: true };
  bed.up.resolve();
  expect(await ask('GET /_ping')).toContain('Api-Version');
  expect(bed.wakes).toBe(1);
});

test('a resume that fails is told, and a client that leaves is not waited for', async () => {
  const bed = await start();
  bed.sleep = { deep: true };
  const gone = await setup.client();
  gone.send('GET /info HTTP/1.1\r\nHost: d\r\n\r\n');
  await expect.poll(() => bed.wakes).toBe(1);
  gone.socket.destroy();
  await expect.poll(() => bed.left?.aborted).toBe(true);
  bed.up.reject(new BerthError('vm.exited', { detail: 'x' }));
  expect(await ask('POST /containers/x/start')).toContain('described vm.exited');
});
