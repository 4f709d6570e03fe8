// What a bind's source means, on real folders and links in a folder of its own; the root of this computer is looked at, never written.
import { mkdir, mkdtemp, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BerthError, Share } from '../../preload/contract';
import { createJudge } from './judge';

let root: string;
let shares: Pick<Share, 'path' | 'state'>[];
const at = (path: string): string => join(root, path);

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'berth-judge-')));
  for (const folder of ['me/src', 'me/.berth/run', 'srv/gitea/data', 'srv/usb']) {
    await mkdir(at(folder), { recursive: true });
  }
  await writeFile(at('srv/gitea/app.ini'), '');
  await writeFile(at('me/.berth/run/docker.sock'), '');
  shares = [{ path: at('me'), state: 'mounted' }];
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** The source; or the refusal's code, and the folder to share. */
async function judge(path: string): Promise<string> {
  const deps = { shares: () => shares, own: [at('me/.berth')], socket: at('me/.berth/run/docker.sock'), realpath, stat };
  const verdict = await createJudge(deps)(path);
  if ('source' in verdict) {
    return verdict.source;
  }
  const { code, params }: BerthError = verdict.error;
  return [code, params['share'], params['state']].filter((part) => part !== undefined).join(' ');
}

test('below a mounted share a path is itself, as it was written, whether it exists or not', async () => {
  for (const path of ['me', 'me/src', 'me/src/', 'me/./src/../src', 'me/new/er/est']) {
    expect(await judge(`${root}/${path}`)).toBe(`${root}/${path}`);
  }
});

test('what is not shared names the folder to share: itself, a file’s, or the nearest that exists', async () => {
  expect(await judge(at('srv/gitea'))).toBe(`shares.notShared ${at('srv/gitea')}`);
  expect(await judge(at('srv/gitea/app.ini'))).toBe(`shares.notShared ${at('srv/gitea')}`);
  expect(await judge(at('srv/gitea/new/er'))).toBe(`shares.notShared ${at('srv/gitea')}`);
  expect(await judge(at('me/../srv/gitea'))).toBe(`shares.notShared ${at('srv/gitea')}`);
  expect(await judge(at('mean'))).toBe(`shares.notShared ${root}`);
});

test('a link out of the shared folders is judged by where it leads', async () => {
  await symlink(at('srv/gitea'), at('me/link'));
  await symlink(at('me/src'), at('srv/back'));
  expect(await judge(at('me/link/data'))).toBe(`shares.notShared ${at('srv/gitea/data')}`);
  expect(await judge(at('srv/back/new'))).toBe(at('me/src/new'));
  shares.push({ path: at('srv/gitea'), state: 'mounted' });
  expect(await judge(at('me/link/data'))).toBe(at('me/link/data'));
});

test('a share that is itself reached by a link is mounted under its name', async () => {
  await symlink(at('srv'), at('alias'));
  shares.push({ path: at('alias'), state: 'mounted' });
  expect(await judge(at('srv/gitea'))).toBe(at('alias/gitea'));
  expect(await judge(at('alias/gitea'))).toBe(at('alias/gitea'));
});

test('the innermost share decides; one that is not mounted refuses', async () => {
  shares.push({ path: at('me/src'), state: 'missing' }, { path: at('srv/gone/disk'), state: 'missing' });
  expect(await judge(at('me/src/a'))).toBe(`shares.notMounted ${at('me/src')} missing`);
  expect(await judge(at('srv/gone/disk/a'))).toBe(`shares.notMounted ${at('srv/gone/disk')} missing`);
  expect(await judge(at('me/other'))).toBe(at('me/other'));
  shares = [{ path: at('me'), state: 'waiting' }];
  expect(await judge(at('me/src'))).toBe(`shares.notMounted ${at('me')} waiting`);
});

test('Berth’s own folders are nobody’s, by name and by a link; the engine’s socket is the guest’s', async () => {
  await symlink(at('me/.berth'), at('me/hidden'));
  await symlink(at('me/.berth/run/docker.sock'), at('me/docker.sock'));
  for (const path of ['me/.berth', 'me/.berth/keys/client', 'me/hidden/keys', 'me/src/../.berth/run']) {
    expect(await judge(`${root}/${path}`)).toBe('shares.own');
  }
  for (const path of [
    at('me/.berth/run/docker.sock'),
    at('me/docker.sock'),
    '/var/run/docker.sock',
    '/run/docker.sock',
    '/run//docker.sock',
  ]) {
    expect(await judge(path)).toBe('/run/docker.sock');
  }
  expect(await judge(at('me'))).toBe(at('me'));
});

test('what containers bind to look at the engine’s machine is the guest’s', async () => {
  const asked = [
    '/',
    '/sys',
    '/sys/fs/cgroup',
    '/proc',
    '/dev/fuse',
    '/dev/disk/',
    '/lib/modules',
    '/etc/localtime',
    '/etc/timezone',
    '/var/run',
  ];
  for (const path of [...asked, '/var/lib/docker/volumes', '/var/lib/docker/', '/etc/ssl/certs']) {
    expect(await judge(path)).toBe(path);
  }
});

test('what can be neither shared nor the guest’s says so', async () => {
  expect(await judge('/etc/hosts')).toBe('shares.reserved');
  expect(await judge('/usr/bin')).toBe('shares.reserved');
  // The guest has no tables of zones.
  expect(await judge('/usr/share/zoneinfo')).toMatch(/shares.(reserved|notFound)/);
  expect(await judge('/no-such-folder/of/any')).toBe('shares.notFound');
  expect(await judge('/etc/no-such-folder')).toBe('shares.notFound');
  expect(await judge('C:\\Users\\me')).toBe('shares.windowsPath');
  expect(await judge('\\\\server\\share')).toBe('shares.windowsPath');
  expect(await judge('/a\0b')).toBe('shares.notFound');
});

test('a socket of this computer cannot be reached by a mount; one in a shared folder may be a container’s own', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(at('srv/agent.sock'), resolve));
  const own = createServer();
  await new Promise<void>((resolve) => own.listen(at('me/php.sock'), resolve));
  try {
    expect(await judge(at('srv/agent.sock'))).toBe('shares.socket');
    expect(await judge(at('me/php.sock'))).toBe(at('me/php.sock'));
  } finally {
    server.close();
    own.close();
  }
});

test('links that lead to each other are dockerd’s to refuse', async () => {
  await symlink(at('me/b'), at('me/a'));
  await symlink(at('me/a'), at('me/b'));
  expect(await judge(at('me/a'))).toBe(at('me/a'));
});
