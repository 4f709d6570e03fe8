import { EventEmitter, once } from 'node:events';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test, vi } from 'vitest';
import { startRelay } from '../../test/fakes/relay';
import type { Relay } from '../../test/fakes/relay';
import { createFakeSshServer } from '../../test/fakes/ssh-server';
import type { FakeSshServer } from '../../test/fakes/ssh-server';
import { silentLogger } from '../lib/logger';
import { watchSilence } from './silence';
import { createTransport } from './transport';
import type { Transport } from './transport';

let server: FakeSshServer | undefined;
let relay: Relay | undefined;
let transport: Transport | undefined;

afterEach(async () => {
  transport?.close();
  await relay?.close();
  await server?.close();
});

async function behindRelay(): Promise<{ server: FakeSshServer; relay: Relay; transport: Transport }> {
  server = await createFakeSshServer();
  relay = await startRelay(server.target.port);
  transport = createTransport({
    target: { ...server.target, port: relay.port },
    log: silentLogger,
    onConnected: () => undefined,
    onRefused: () => undefined,
  });
  await transport.ready();
  transport.widen();
  const { logins } = server;
  await vi.waitFor(() => expect(logins()).toBe(3), 10_000);
  // Those that are logged in there may not be ready here.
  await transport.check(5000);
  return { server, relay, transport };
}

const said = async (t: Transport, word: string): Promise<string> => {
  const stream = await t.engine();
  stream.end(word);
  return text(stream);
};

test('nothing is asked while nothing is written, and an answer is no silence', async () => {
  const { transport: t } = await behindRelay();
  const seen: boolean[] = [];
  t.answering.subscribe((answering) => seen.push(answering));
  expect(await said(t, 'a word')).toBe('a word');
  await new Promise((resolve) => setTimeout(resolve, 3500));
  expect(seen).toEqual([]);
});

test('swallowed bytes: said within seconds, and another connection takes the place of the dead one', async () => {
  const { relay: r, server: s, transport: t } = await behindRelay();
  const seen: boolean[] = [];
  t.answering.subscribe((answering) => seen.push(answering));
  r.swallow();
  await expect(said(t, 'into the void')).rejects.toThrow();
  expect(await vi.waitFor(() => said(t, 'here again'), 15_000)).toBe('here again');
  expect(seen).toEqual([false, true]);
  expect(s.logins()).toBe(4);
});

test('held for a while, new ones too: said, and what was under way goes on over the same connection', async () => {
  const { relay: r, server: s, transport: t } = await behindRelay();
  const stream = await t.engine();
  const answer = text(stream);
  r.hold();
  stream.write('before and ');
  await vi.waitFor(() => expect(t.answering.get()).toBe(false), 10_000);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  r.release();
  await vi.waitFor(() => expect(t.answering.get()).toBe(true), 10_000);
  stream.end('after');
  expect(await answer).toBe('before and after');
  expect(s.connections()).toBe(3);
});

test('a check names the connections that did not answer, and they stand anew when it is over', async () => {
  const { relay: r, transport: t } = await behindRelay();
  expect(await t.check(5000)).toEqual([]);
  const stream = await t.engine();
  const broken = once(stream, 'error');
  // What is still on its way from before would be an answer.
  await new Promise((resolve) => setTimeout(resolve, 500));
  r.swallow();
  expect(await t.check(300)).toEqual(['api', 'bulk', 'terminal']);
  await broken;
  expect(await said(t, 'anew')).toBe('anew');
});

test('a question that was answered raises no other one', () => {
  vi.useFakeTimers();
  try {
    const socket = Object.assign(new EventEmitter(), { bytesRead: 0, destroyed: false, write: () => true });
    let asked = 0;
    watchSilence(socket as unknown as Socket, () => {
      asked += 1;
      socket.write();
    });
    socket.write();
    vi.advanceTimersByTime(1100);
    expect(asked).toBe(1);
    socket.bytesRead += 36;
    socket.emit('data');
    vi.advanceTimersByTime(60_000);
    expect(asked).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});
