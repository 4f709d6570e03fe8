import { expect, test, vi } from 'vitest';
import { BerthError } from '../../preload/contract';
import { decodeFrame, encodeFrame, PROTOCOL } from '../../preload/rpc/frames';
import type { Frame } from '../../preload/rpc/frames';
import type { Transport } from '../../preload/rpc/transport';
import { deferred } from '../lib/async';
import { createMemoryTransports } from './memory';
import { relay } from './relay';

const hello: Frame = { t: 'hello', protocol: PROTOCOL, build: 'b', client: 'browser' };
const call: Frame = { t: 'call', id: 1, method: 'vm.boots', input: {} };

/** What an end gets, until it is closed. */
function collect(end: Transport) {
  const frames: Frame[] = [];
  const closed = vi.fn();
  end.start({ message: (bytes) => void frames.push(decodeFrame(bytes)), fault: closed, close: closed });
  return { frames, closed };
}

function make(accept: () => Promise<void> = () => Promise.resolve()) {
  const [page, backend] = [createMemoryTransports(), createMemoryTransports()];
  const dialled = deferred<Transport>();
  const dial = vi.fn(() => dialled.promise);
  relay(page.server, {
    dial,
    async accept() {
      await accept();
      return { build: 'b', client: 'browser' };
    },
    shell: { 'shell.openExternal': () => undefined },
  });
  return { page: page.client, ...collect(page.client), backend, dialled, dial };
}

test('a page that may not connect takes no connection of the backend’s', async () => {
  const { page, frames, closed, dial } = make(() => Promise.reject(new BerthError('rpc.unauthorized', {})));
  page.send(encodeFrame(hello));
  await vi.waitFor(() => expect(closed).toHaveBeenCalled());
  expect(frames).toMatchObject([{ t: 'error', id: 0, error: { code: 'rpc.unauthorized' } }]);
  expect(dial).not.toHaveBeenCalled();
});

test('what a page says while the backend is dialled arrives behind its hello', async () => {
  const { page, backend, dialled } = make();
  page.send(encodeFrame(hello));
  page.send(encodeFrame(call));
  const { frames } = collect(backend.server);
  dialled.resolve(backend.client);
  await vi.waitFor(() => expect(frames).toMatchObject([{ t: 'hello' }, { t: 'call', method: 'vm.boots' }]));
});

test('a page that goes while the backend is dialled leaves no connection behind', async () => {
  const { page, backend, dialled, dial } = make();
  page.send(encodeFrame(hello));
  await vi.waitFor(() => expect(dial).toHaveBeenCalled());
  page.close();
  const { closed } = collect(backend.server);
  dialled.resolve(backend.client);
  await vi.waitFor(() => expect(closed).toHaveBeenCalled());
});
