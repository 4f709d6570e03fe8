import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { BerthError } from '../../preload/contract';
import type { BackendHandlers, Share, SharesStatus } from '../../preload/contract';
import { refuse, runCli, streamOf } from '../../test/fakes/cli';

const share = (patch: Partial<Share>): Share => ({ path: '/home/me', readOnly: false, state: 'mounted', usedBy: [], ...patch });
const status = (shares: readonly Share[], patch: Partial<SharesStatus> = {}): SharesStatus => ({
  driver: 'virtiofs',
  available: ['virtiofs', 'sshfs'],
  pendingRestart: false,
  shares,
  ...patch,
});

async function run(argv: readonly string[], shown: SharesStatus, more: Partial<BackendHandlers> = {}) {
  const calls: unknown[] = [];
  const note = (name: string) => (input: unknown) => void calls.push([name, input]);
  const handlers: Partial<BackendHandlers> = {
    'shares.changes': streamOf(shown),
    'shares.add': note('add'),
    'shares.remove': note('remove'),
    ...more,
  };
  return { ...(await runCli(['shares', ...argv], { handlers })), calls };
}

test.each([[[]], [['list']]])('the folders with state, open files and who uses them: %j', async (argv) => {
  const { code, stdout, stderr } = await run(
    argv,
    status([
      share({ files: { open: 1200, limit: 65536 }, usedBy: ['db', 'web'] }),
      share({ path: '/media/T7', readOnly: true, state: 'waiting' }),
    ]),
  );
  expect(code).toBe(0);
  expect(stdout.split('\n')).toEqual([
    '/home/me   read and write  mounted                        1,200 of 65,536 files  db, web',
    '/media/T7  read only       waits for the virtual machine',
  ]);
  expect(stderr).toBe('By virtiofs.');
});

test('a folder that is not there ends with 1 and says what to do', async () => {
  const error = { code: 'shares.serverDied', params: { path: '/srv', detail: 'signal 9' } } as const;
  const { code, stdout, stderr } = await run([], status([share({ path: '/srv', state: 'failed', error })]));
  expect(code).toBe(1);
  expect(stdout).toContain('The file server of /srv has ended');
  expect(stderr).toContain('started again by itself');
});

test('--json has every field, errors in words', async () => {
  const warning = { code: 'shares.fewFiles', params: { limit: 1024, wanted: 65536 } } as const;
  const { stdout } = await run(['list', '--json'], status([share({})], { warning }));
  expect(JSON.parse(stdout)).toEqual({
    driver: 'virtiofs',
    available: ['virtiofs', 'sshfs'],
    pendingRestart: false,
    warning: { ...warning, text: expect.stringContaining('1,024') as string },
    shares: [{ path: '/home/me', readOnly: false, state: 'mounted', usedBy: [], files: null, error: null }],
  });
});

test('a path counts from the working directory', async () => {
  const path = resolve('vm/guest');
  const { code, stderr, calls } = await run(['add', './vm/../vm/guest', '--read-only'], status([share({ path, readOnly: true })]));
  expect(code).toBe(0);
  expect(calls).toEqual([['add', { path, readOnly: true }]]);
  expect(stderr).toContain(`${path}  read only  mounted`);
});

test('what may not be shared is the backend’s to say', async () => {
  const { code, stderr, stdout } = await run(['add', '/etc', '--json'], status([]), {
    'shares.add': refuse(new BerthError('shares.reserved', { path: '/etc' })),
  });
  expect(code).toBe(1);
  expect(stderr).toContain('/etc is the virtual machine’s own place');
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'shares.reserved', params: { path: '/etc' } } });
});

test('a folder in use stays until it is forced', async () => {
  const inUse = refuse(new BerthError('shares.inUse', { path: '/srv', names: 'db' }));
  const refused = await run(['remove', '/srv'], status([]), { 'shares.remove': inUse });
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('running containers: db');
  const forced = await run(['remove', '/srv', '--force'], status([]));
  expect(forced).toMatchObject({ code: 0, calls: [['remove', { path: '/srv', force: true }]] });
});

test('the driver is a setting; another word is wrong usage', async () => {
  const set: unknown[] = [];
  const handlers: Partial<BackendHandlers> = { 'settings.set': (patch) => void set.push(patch) as never };
  const { code, stderr } = await run(['driver', 'sshfs'], status([], { pendingRestart: true }), handlers);
  expect(code).toBe(0);
  expect(set).toEqual([{ shares: { driver: 'sshfs' } }]);
  expect(stderr).toBe('By virtiofs until the virtual machine is restarted.');
  expect((await run(['driver', 'nfs'], status([]), handlers)).code).toBe(2);
});
