// A published port's way in while the VM sleeps, over real sockets; and what of it counts as use.
import { createServer, connect, type AddressInfo, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import { BerthError } from '../../preload/contract';
import { deferred } from '../lib/async';
import { listenOnPort } from './port-listener';
import type { PortListener } from './port-listener';
import { createPortUse } from './port-use';

let inside: Server;
let listener: PortListener;
afterEach(async () => {
  await listener.close();
  inside.close();
});

/** The port of a listener that leads through `portUse` to a server that says `hello`. */
async function publish(portUse: ReturnType<typeof createPortUse>): Promise<number> {
  inside = createServer((socket) => socket.end('hello'));
  const port = await new Promise<number>((resolve) => inside.listen(0, '127.0.0.1', () => resolve((inside.address() as AddressInfo).port)));
  const free = createServer();
  const published = await new Promise<number>((resolve) =>
    free.listen(0, '127.0.0.1', () => resolve((free.address() as AddressInfo).port)),
  );
  await new Promise((resolve) => free.close(resolve));
  listener = await listenOnPort('127.0.0.1', published, () =>
    portUse.connection(
      () =>
        new Promise<Duplex>((resolve) => {
          const socket = connect(port, '127.0.0.1', () => resolve(socket));
        }),
    ),
  );
  return published;
}

function ask(port: number): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    connect(port, '127.0.0.1')
      .on('data', (bytes: Buffer) => (text += bytes.toString()))
      .on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
      .on('close', () => resolve(text));
  });
}

test('a connection waits for the guest, is served, and counts from its beginning to its end', async () => {
  const up = deferred<void>();
  const portUse = createPortUse(() => up.promise);
  const answer = ask(await publish(portUse));
  await expect.poll(() => portUse.use.get().open).toBe(1);
  up.resolve();
  expect(await answer).toBe('hello');
  await expect.poll(() => portUse.use.get().open).toBe(0);
});

test('where somebody stopped the VM, a connection is reset at once and leaves nothing open', async () => {
  const portUse = createPortUse(() => Promise.reject(new BerthError('vm.suspended', {})));
  expect(await ask(await publish(portUse))).toBe('ECONNRESET');
  expect(portUse.use.get().open).toBe(0);
});

test('a port that the driver serves is open until it is gone or taken back', async () => {
  const portUse = createPortUse();
  await publish(portUse);
  const gone = deferred<void>();
  const taken = { gone: gone.promise, remove: () => Promise.resolve() };
  await portUse.forward(() => Promise.resolve(taken));
  const second = await portUse.forward(() => Promise.resolve({ ...taken, gone: new Promise(() => undefined) }));
  expect(portUse.use.get().open).toBe(2);
  gone.resolve();
  await second.remove();
  expect(portUse.use.get().open).toBe(0);
  await expect(portUse.forward(() => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
  expect(portUse.use.get().open).toBe(0);
});
