import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../../test/fakes/dockerd/bench';
import { dialSocket } from '../../test/fakes/dockerd/dialer';
import type { SocketDialer } from '../../test/fakes/dockerd/dialer';
import { startFakeDockerd } from '../../test/fakes/dockerd/server';
import type { FakeDockerd } from '../../test/fakes/dockerd/server';
import { createConnection } from './connection';
import type { Connection } from './connection';

let fake: FakeDockerd;
let dialer: SocketDialer;
let connection: Connection;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-connection-'));
  fake = await startFakeDockerd(join(folder, 'docker.sock'), { containers: 20 });
  dialer = dialSocket(fake.socket);
  connection = createConnection(dialer);
});

afterEach(async () => {
  connection.dispose();
  await fake.stop();
  await rm(folder, { recursive: true, force: true });
});

const list = { method: 'GET', path: '/containers/json', query: { all: true } } as const;

test('one connection serves call after call, and a stream that has no socket methods serves as well', async () => {
  for (let count = 0; count < 30; count++) {
    expect(await connection.json(list)).toHaveLength(20);
  }
  expect(dialer.dials).toBe(1);
  // As an SSH channel is: a Duplex, no net.Socket.
  const plain = createConnection({
    ...dialer,
    async engine() {
      const socket = await dialer.engine();
      return Duplex.from({ readable: socket, writable: socket });
    },
  });
  for (let count = 0; count < 30; count++) {
    expect(await plain.json(list)).toHaveLength(20);
  }
  plain.dispose();
});

test('a kept connection that died is replaced without a word, for what only reads', async () => {
  await connection.json(list);
  fake.fault({ match: /GET \/containers\/json/, times: 1, effect: { kind: 'cut' } });
  expect(await connection.json(list)).toHaveLength(20);
  fake.fault({ match: /POST \/containers/, times: 1, effect: { kind: 'cut' } });
  await expect(connection.json({ method: 'POST', path: '/containers/shop-0-web-1/stop' })).rejects.toMatchObject({ code: 'engine.away' });
  expect(fake.calls.filter((call) => call.startsWith('POST'))).toHaveLength(1);
});

test('an engine that does not answer is said to, a slow one is waited for, a cancel is told apart', async () => {
  const lift = fake.fault({ match: /GET/, effect: { kind: 'hang' } });
  await expect(connection.json({ ...list, deadlineSeconds: 0.1 })).rejects.toMatchObject({
    code: 'engine.notAnswering',
    params: { seconds: 0.1 },
  });
  const abort = new AbortController();
  const cancelled = connection.json({ ...list, signal: abort.signal });
  await until('it arrived', () => fake.calls.length === 2);
  abort.abort();
  await expect(cancelled).rejects.toMatchObject({ code: 'rpc.cancelled' });
  lift();
  fake.fault({ match: /GET/, effect: { kind: 'drip', bytesPerTick: 1000 } });
  expect(await connection.json(list)).toHaveLength(20);
});

test('what a dial is refused with is what the caller gets', async () => {
  dialer.down = true;
  await expect(connection.json(list)).rejects.toMatchObject({ code: 'engine.away', params: { reason: 'down' } });
  await expect(connection.stream({ method: 'GET', path: '/events' })).rejects.toMatchObject({ code: 'engine.away' });
  await expect(connection.upgrade({ method: 'POST', path: '/exec/x/start', body: {} })).rejects.toMatchObject({ code: 'engine.away' });
});
