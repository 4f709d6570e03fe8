import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { Duplex, PassThrough } from 'node:stream';
import { afterEach, expect, test, vi } from 'vitest';
import { parseHostPorts } from '../../preload/contract';
import { silentLogger } from '../lib/logger';
import { createObservable } from '../lib/observable';
import { createHostPorts } from './host-ports';

const servers: Server[] = [];
afterEach(() => servers.splice(0).forEach((server) => server.close()));

async function greeter(host: string): Promise<number> {
  const server = createServer((socket) => socket.end('hello'));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return (server.address() as AddressInfo).port;
}

/** One end of a connection that a container opened: what it reads is in `text`. */
function connection(): { readonly stream: Duplex; text(): string } {
  const [up, down] = [new PassThrough(), new PassThrough()];
  let text = '';
  down.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return { stream: Duplex.from({ readable: up, writable: down }), text: () => text };
}

function make(doors: readonly number[] = []) {
  const listeners = new Map<string, (stream: Duplex) => void>();
  const stands = createObservable(true);
  const changed = vi.fn();
  const ports = createHostPorts({
    serve(place, onStream) {
      listeners.set(place, onStream);
      return { stands, stop: () => void listeners.delete(place) };
    },
    address: '10.0.2.4',
    doors: () => doors,
    changed,
    log: silentLogger,
  });
  return { ports, listeners, stands, changed };
}

test.each(['127.0.0.1', '::1'])('a listed port leads to a service on %s', async (host) => {
  const port = await greeter(host);
  const { ports, listeners } = make();
  ports.apply([port], true);
  const client = connection();
  listeners.get(`10.0.2.4:${port}`)?.(client.stream);
  await vi.waitFor(() => expect(client.text()).toBe('hello'));
});

test('what is taken off the list is closed, and a connection that still comes in is refused here', async () => {
  const port = await greeter('127.0.0.1');
  const { ports, listeners } = make();
  ports.apply([port], true);
  const listener = listeners.get(`10.0.2.4:${port}`);
  ports.apply([], true);
  expect(listeners.size).toBe(0);
  const late = connection();
  listener?.(late.stream);
  await vi.waitFor(() => expect(late.stream.destroyed).toBe(true));
  expect(late.text()).toBe('');
});

test('a door of Berth’s is never opened, and nothing is while the network leads everywhere by itself', () => {
  const { ports, listeners } = make([4000]);
  ports.apply([4000, 5000], true);
  expect([...listeners.keys()]).toEqual(['10.0.2.4:5000']);
  expect(ports.list([4000, 5000]).map(({ state }) => state)).toEqual(['own', 'open']);
  ports.apply([5000], false);
  expect(listeners.size).toBe(0);
  expect(ports.list([5000])[0]?.state).toBe('waiting');
});

test('a port is open while its listener stands in the guest', () => {
  const { ports, stands, changed } = make();
  const state = (): unknown => ports.list([5000])[0]?.state;
  stands.set(false);
  ports.apply([5000], true);
  expect(state()).toBe('waiting');
  changed.mockClear();
  stands.set(true);
  expect(changed).toHaveBeenCalled();
  expect(state()).toBe('open');
  stands.set(false);
  expect(state()).toBe('waiting');
});

test.each([
  ['5432, 6379', [5432, 6379]],
  ['80，443、80', [80, 443]],
  ['', []],
  ['0', undefined],
  ['70000', undefined],
  ['80-90', undefined],
  ['1e3', undefined],
  [Array.from({ length: 65 }, (_, at) => at + 1).join(), undefined],
])('a list as written: %j', (text, expected) => {
  expect(parseHostPorts(text)).toEqual(expected);
});
