// A start is refused where what the container binds is not there; its ports are not even asked for then.
import { expect, test } from 'vitest';
import { BerthError } from '../../preload/contract';
import { openGate } from '../lib/port-gate';
import { createStartGate } from './start-gate';

function gateOver(inspect: (id: string) => Promise<unknown>): { readonly prepared: string[]; prepare(id: string): Promise<void> } {
  const prepared: string[] = [];
  const gate = createStartGate({
    ports: { ...openGate, prepare: (id) => Promise.resolve(void prepared.push(id)) },
    inspect,
    judge: (path) =>
      Promise.resolve(
        path.startsWith('/home')
          ? { source: path }
          : { error: new BerthError('shares.notMounted', { path, share: '/usb', state: 'missing' }) },
      ),
  });
  return { prepared, prepare: (id) => gate.prepare(id) };
}

test('binds that are there let the ports be asked', async () => {
  const gate = gateOver(() => Promise.resolve({ HostConfig: { Binds: ['/home/me:/x', 'data:/data'], Mounts: null } }));
  await gate.prepare('web');
  expect(gate.prepared).toEqual(['web']);
});

test('a bind that is away refuses the start', async () => {
  const gate = gateOver(() =>
    Promise.resolve({ HostConfig: { Binds: ['/home/me:/x'], Mounts: [{ Type: 'bind', Source: '/usb/db', Target: '/db' }] } }),
  );
  await expect(gate.prepare('db')).rejects.toMatchObject({ code: 'shares.notMounted', params: { path: '/usb/db' } });
  expect(gate.prepared).toEqual([]);
});

test('a container that is not there is dockerd’s to refuse', async () => {
  const gate = gateOver(() => Promise.reject(new BerthError('engine.notFound', { kind: 'container', id: 'x', detail: '' })));
  await gate.prepare('x');
  expect(gate.prepared).toEqual(['x']);
});
