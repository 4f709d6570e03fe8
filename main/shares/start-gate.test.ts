// A start is refused where what the container binds is not there; its ports are not even asked for then.
import { expect, test } from 'vitest';
import { BerthError } from '../../preload/contract';
import { openGate } from '../lib/port-gate';
import { createStartGate } from './start-gate';

/** Over one container, or none; what the ports were asked with. */
function gateOver(hostConfig: object | undefined): { readonly prepared: unknown[]; prepare(id: string): Promise<void> } {
  const prepared: unknown[] = [];
  const gate = createStartGate({
    ports: { ...openGate, prepare: (id, known) => Promise.resolve(void prepared.push([id, known?.HostConfig])) },
    inspect: (id) => Promise.resolve(hostConfig && { Id: id, HostConfig: hostConfig }),
    judge: (path) =>
      Promise.resolve(
        path.startsWith('/home')
          ? { source: path }
          : { error: new BerthError('shares.notMounted', { path, share: '/usb', state: 'missing' }) },
      ),
  });
  return { prepared, prepare: (id) => gate.prepare(id) };
}

test('binds that are there let the ports be asked, with what was found', async () => {
  const hostConfig = { Binds: ['/home/me:/x', 'data:/data'], Mounts: null };
  const gate = gateOver(hostConfig);
  await gate.prepare('web');
  expect(gate.prepared).toEqual([['web', hostConfig]]);
});

test('a bind that is away refuses the start', async () => {
  const gate = gateOver({ Binds: ['/home/me:/x'], Mounts: [{ Type: 'bind', Source: '/usb/db', Target: '/db' }] });
  await expect(gate.prepare('db')).rejects.toMatchObject({ code: 'shares.notMounted', params: { path: '/usb/db' } });
  expect(gate.prepared).toEqual([]);
});

test('a container that is not there is dockerd’s to refuse', async () => {
  const gate = gateOver(undefined);
  await gate.prepare('x');
  expect(gate.prepared).toEqual([['x', undefined]]);
});
