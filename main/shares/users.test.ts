// Who binds what: by binds, and by volumes that are binds.
import { expect, test, vi } from 'vitest';
import type { ContainerSummary } from '../../preload/contract';
import { silentLogger } from '../lib/logger';
import { createObservable } from '../lib/observable';
import { createBindUsers } from './users';

const container = (name: string, state: string, mounts: Partial<Pick<ContainerSummary, 'binds' | 'volumes'>>): ContainerSummary =>
  ({ id: name, name, state, ...mounts }) as ContainerSummary;
const volumes = [
  { Name: 'code', Driver: 'local', Options: { type: 'none', o: 'bind', device: '/home/me/code' } },
  { Name: 'mycode', Driver: 'local', Options: { type: 'none', o: 'ro,bind', device: '/home/me/other' } },
  { Name: 'data', Driver: 'local', Options: null },
  { Name: 'nfs', Driver: 'local', Options: { type: 'nfs', o: 'addr=1.2.3.4', device: ':/x' } },
];

test('volumes that are binds count with what they bind, are asked for once, and again after nobody used them', async () => {
  const containers = createObservable<readonly ContainerSummary[]>([container('idle', 'exited', { volumes: ['mycode'] })]);
  const json = vi.fn<(method: string, path: string) => Promise<unknown>>(() => Promise.resolve({ Volumes: volumes }));
  const users = createBindUsers({ containers, http: { json }, log: silentLogger });
  expect([users.get(), json.mock.calls.length]).toEqual([[], 0]);

  const web = container('web', 'running', { binds: ['/home/me'], volumes: ['code', 'data'] });
  const db = container('db', 'paused', { volumes: ['data', 'nfs'] });
  containers.set([web, db]);
  await vi.waitFor(() => expect(users.get()).toEqual([{ name: 'web', binds: ['/home/me', '/home/me/code'] }]));
  const before = users.get();
  containers.set([{ ...web, status: 'Up 2 minutes' }, db]);
  expect(users.get()).toBe(before);
  expect(json.mock.calls).toEqual([['GET', `/volumes?filters=${encodeURIComponent('{"name":["code","data","nfs"]}')}`]]);

  containers.set([]);
  json.mockRejectedValueOnce(new Error('away'));
  containers.set([container('web', 'running', { volumes: ['code'] })]);
  await vi.waitFor(() => expect(json).toHaveBeenCalledTimes(2));
  await new Promise((done) => setTimeout(done));
  containers.set([container('web', 'restarting', { volumes: ['code'] })]);
  await vi.waitFor(() => expect(users.get()).toEqual([{ name: 'web', binds: ['/home/me/code'] }]));
});
