import { mkdir, mkdtemp, realpath, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { BerthError, settingsSchema } from '../../preload/contract';
import type { SharesStatus, VmStatus } from '../../preload/contract';
import { deferred, sleep } from '../lib/async';
import type { Deferred } from '../lib/async';
import { homeFiles } from '../lib/home';
import { silentLogger } from '../lib/logger';
import { createObservable } from '../lib/observable';
import type { ShareSpec } from '../vm/driver';
import { shareLine } from './backend';
import type { ShareBackend, ShareSource } from './backend';
import { createShares } from './create-shares';
import type { SharesWithHooks } from './create-shares';
import { keepsAttributes } from './folders';
import type { BindUser } from './users';

let root: string;
let user: string;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'berth-shares-')));
  user = join(root, 'user');
  await mkdir(join(user, 'berth'), { recursive: true });
});
afterEach(async () => {
  await open?.shares.dispose();
  open = undefined;
  await rm(root, { recursive: true, force: true });
});

interface Open {
  readonly shares: SharesWithHooks;
  /** What the guest was told, tags left out. */
  readonly lines: string[];
  readonly notices: BerthError[];
  readonly servers: Map<string, Deferred<string>>;
  /** Folders that nobody answers for when their server is gone. */
  readonly unanswered: Set<string>;
  readonly users: ReturnType<typeof createObservable<readonly BindUser[]>>;
  readonly vm: ReturnType<typeof createObservable<VmStatus>>;
}
let open: Open | undefined;
const never = { signal: new AbortController().signal };

function make(change: { readonly slots?: number; readonly limit?: number; readonly late?: boolean } = {}): Open {
  const { slots = 8, limit = 1_000_000, late = false } = change;
  const lines: string[] = [];
  const notices: BerthError[] = [];
  const servers = new Map<string, Deferred<string>>();
  const unanswered = new Set<string>();
  const settings = createObservable(settingsSchema.parse({}));
  const users = createObservable<readonly BindUser[]>([]);
  const vm = createObservable({ state: 'running' } as VmStatus);
  const say = (line: string): void => {
    lines.push(line.replace(/^[0-9a-f]{12} /, 'TAG '));
  };
  const source = (spec: ShareSpec): ShareSource => {
    const gone = deferred<string>();
    servers.set(spec.folder, gone);
    return {
      spec,
      gone: gone.promise,
      answers: () => Promise.resolve(!unanswered.has(spec.folder)),
      mount() {
        say(shareLine({ kind: 'mount', spec }));
        return Promise.resolve();
      },
      remove() {
        servers.delete(spec.folder);
        say(`unplug ${spec.folder}`);
        return Promise.resolve();
      },
      openFiles: () => Promise.resolve(7),
    };
  };
  const backend: ShareBackend = {
    driver: late ? 'sshfs' : 'virtiofs',
    slots,
    late,
    present: () => Promise.resolve([]),
    open: (spec) =>
      servers.size >= slots ? Promise.reject(new BerthError('shares.noSlot', { path: spec.folder })) : Promise.resolve(source(spec)),
  };
  const shares = createShares({
    files: homeFiles(join(user, 'berth'), join(user, 'berth/run')),
    homeFolder: user,
    settings,
    async keep(folders) {
      await sleep(10); // a file is written
      settings.set({ ...settings.get(), shares: { ...settings.get().shares, folders: [...folders] } });
    },
    vm,
    guest: {
      run(commands) {
        commands.map(shareLine).forEach(say);
        return Promise.resolve(commands.map(() => ({ ok: true, detail: '' })));
      },
      mount: () => Promise.resolve(),
    },
    backends: [backend],
    users,
    fileLimit: () => Promise.resolve(limit),
    bound: () => undefined,
    notify: (_, error) => void notices.push(error),
    log: silentLogger,
  });
  open = { shares, lines, notices, servers, unanswered, users, vm };
  return open;
}

async function realFolder(name: string): Promise<string> {
  await mkdir(join(root, name));
  return join(root, name);
}

const stateOf = (shares: SharesWithHooks, path: string): string | undefined =>
  shares.status.get().shares.find((share) => share.path === path)?.state;

test('the home folder by default, Berth’s own home in it covered, at the start and in a guest that runs', async () => {
  const { shares, lines } = make();
  const specs = await shares.hooks.forBoot();
  expect(specs.map(({ folder, readOnly }) => [folder, readOnly])).toEqual([[user, false]]);
  expect(shares.bootLines()).toBe(`${specs[0]?.tag ?? ''} rw ${user}\n- cover ${user}/berth\n- files 1000000\n`);
  await shares.hooks.onGuest(never.signal);
  expect(lines).toEqual([`TAG rw ${user}`, `- cover ${user}/berth`]);
  expect(stateOf(shares, user)).toBe('mounted');
});

test('two that are added at once are both kept', async () => {
  const { shares } = make();
  const paths = [await realFolder('a'), await realFolder('b')];
  await Promise.all(paths.map(async (path) => shares.handlers['shares.add']({ path, readOnly: false }, never)));
  expect(shares.status.get().shares.map(({ path }) => path)).toEqual([...paths, user]);
});

test('a nested one comes after its parent, and is mounted anew when a parent comes', async () => {
  const { shares, lines } = make();
  const inner = join(user, 'a/inner');
  await mkdir(inner, { recursive: true });
  await shares.hooks.forBoot();
  await shares.hooks.onGuest(never.signal);
  await shares.handlers['shares.add']({ path: inner, readOnly: true }, never);
  lines.length = 0;
  await shares.handlers['shares.remove']({ path: user, force: false }, never);
  expect(lines).toEqual([`- none ${user}`, `unplug ${user}`, `TAG ro ${inner}`]);
  lines.length = 0;
  await shares.handlers['shares.add']({ path: join(user, 'a'), readOnly: false }, never);
  expect(lines).toEqual([`TAG rw ${user}/a`, `TAG ro ${inner}`]);
});

test('what cannot be shared is refused, each with its reason', async () => {
  const { shares } = make();
  const add = (path: string): Promise<void> | void => shares.handlers['shares.add']({ path, readOnly: false }, never);
  const refused = async (path: string, code: string): Promise<void> => {
    await expect(add(path)).rejects.toMatchObject({ code });
  };
  await refused('a/b', 'shares.relative');
  await refused(join(root, 'none'), 'shares.notFound');
  await refused('/proc/self/status', 'shares.notFolder');
  await refused('/usr/bin', 'shares.reserved');
  await refused('/', 'shares.reserved');
  await refused(join(user, 'berth'), 'shares.own');
  await refused(user, 'shares.exists');
  await expect(shares.handlers['shares.remove']({ path: '/nowhere', force: false }, never)).rejects.toMatchObject({
    code: 'shares.unknown',
  });
});

test('one that containers use goes only by force, and they are named', async () => {
  const { shares, users } = make();
  await shares.hooks.forBoot();
  await shares.hooks.onGuest(never.signal);
  users.set([{ name: 'web', binds: [join(user, 'src')] }]);
  expect(shares.status.get().shares[0]?.usedBy).toEqual(['web']);
  await expect(shares.handlers['shares.remove']({ path: user, force: false }, never)).rejects.toMatchObject({
    code: 'shares.inUse',
    params: { names: 'web' },
  });
  await shares.handlers['shares.remove']({ path: user, force: true }, never);
  expect(shares.status.get().shares).toEqual([]);
});

test('a server that dies is followed by another one, and those that must be started again are named', async () => {
  const { shares, servers, users, notices, lines } = make();
  await shares.hooks.forBoot();
  await shares.hooks.onGuest(never.signal);
  users.set([{ name: 'web', binds: [user] }]);
  lines.length = 0;
  servers.get(user)?.resolve('signal 9');
  await vi.waitFor(() => expect(notices.map(({ code }) => code)).toEqual(['shares.serverDied', 'shares.restartContainers']));
  expect(lines).toEqual([`- cover ${user}`, `unplug ${user}`, `TAG rw ${user}`, `- cover ${user}/berth`]);
  expect(stateOf(shares, user)).toBe('mounted');
});

test('servers that go with their VM are nobody’s fault', async () => {
  const { shares, servers, unanswered, notices, vm } = make();
  await shares.hooks.forBoot();
  await shares.hooks.onGuest(never.signal);
  unanswered.add(user);
  servers.get(user)?.resolve('');
  // It is started again at once.
  vm.set({ state: 'starting' } as VmStatus);
  await new Promise((resolve) => setTimeout(resolve, 1200));
  expect(notices).toEqual([]);
});

test('a folder that nobody answers for is said to hang, and left alone until the VM starts anew', async () => {
  const { shares, servers, unanswered, users, notices, lines, vm } = make();
  await shares.hooks.forBoot();
  await shares.hooks.onGuest(never.signal);
  lines.length = 0;
  unanswered.add(user);
  servers.get(user)?.resolve('');
  await vi.waitFor(() => expect(notices.map(({ code }) => code)).toEqual(['shares.stuck']), 5000);
  users.set([{ name: 'web', binds: [user] }]);
  await shares.handlers['shares.add']({ path: await realFolder('other'), readOnly: false }, never);
  expect(lines).toEqual([`TAG rw ${join(root, 'other')}`]);
  expect(shares.status.get().shares.find(({ path }) => path === user)).toMatchObject({ state: 'failed', error: { code: 'shares.stuck' } });

  unanswered.clear();
  vm.set({ state: 'stopped' } as VmStatus);
  await shares.hooks.forBoot();
  await shares.hooks.onGuest(never.signal);
  expect(stateOf(shares, user)).toBe('mounted');
});

test('a server that dies again and again is not started for ever', async () => {
  const { shares, servers, notices } = make();
  await shares.hooks.forBoot();
  await shares.hooks.onGuest(never.signal);
  for (let deaths = 1; deaths <= 3; deaths += 1) {
    servers.get(user)?.resolve('exit 1');
    await vi.waitFor(() => expect(notices).toHaveLength(deaths));
  }
  expect(servers.size).toBe(0);
  expect(shares.status.get().shares[0]).toMatchObject({
    state: 'failed',
    error: { code: 'shares.serverDied', params: { detail: 'exit 1' } },
  });
});

test('a folder that is gone is covered, and mounted when it is back', async () => {
  const { shares, lines, notices } = make();
  const disk = join(root, 'disk');
  await mkdir(disk);
  await shares.hooks.forBoot();
  await shares.hooks.onGuest(never.signal);
  await shares.handlers['shares.add']({ path: disk, readOnly: false }, never);
  lines.length = 0;
  await rename(disk, `${disk}-away`);
  await vi.waitFor(() => expect(stateOf(shares, disk)).toBe('missing'), 5000);
  expect(lines).toContain(`- cover ${disk}`);
  expect(lines).toContain(`unplug ${disk}`);
  await rename(`${disk}-away`, disk);
  await vi.waitFor(() => expect(stateOf(shares, disk)).toBe('mounted'), 5000);
  await vi.waitFor(() => expect(notices.map(({ code }) => code)).toEqual(['shares.cameBack']));
});

test('no port left: kept for the next start', async () => {
  const { shares } = make({ slots: 2 });
  const [a, b] = [join(root, 'a'), join(root, 'b')];
  await Promise.all([mkdir(a), mkdir(b)]);
  await shares.hooks.forBoot();
  await shares.hooks.onGuest(never.signal);
  await shares.handlers['shares.add']({ path: a, readOnly: false }, never);
  await expect(shares.handlers['shares.add']({ path: b, readOnly: false }, never)).rejects.toMatchObject({ code: 'shares.tooMany' });
  expect(shares.status.get().shares.map(({ path }) => path)).toEqual([a, user]);
});

test('where folders come only when the guest can be reached, dockerd waits for them', async () => {
  const { shares, lines } = make({ late: true });
  expect(await shares.hooks.forBoot()).toEqual([]);
  expect(shares.bootLines()).toBe(`- cover ${user}\n- cover ${user}/berth\n- hold 60\n`);
  await shares.hooks.onGuest(never.signal);
  expect(lines.at(-1)).toBe('- release /');
});

test('few open files are said; files are counted while somebody looks', async () => {
  const { shares, vm } = make({ limit: 20_000 });
  await shares.hooks.forBoot();
  await shares.hooks.onGuest(never.signal);
  const abort = new AbortController();
  const seen: SharesStatus[] = [];
  const upload = (async function* () {})();
  for await (const status of shares.handlers['shares.changes']({}, { signal: abort.signal, upload })) {
    seen.push(status);
    if (status.shares[0]?.files !== undefined) {
      abort.abort();
    }
  }
  expect(seen.at(-1)).toMatchObject({
    warning: { code: 'shares.fewFiles', params: { limit: 20_000, wanted: 65_536 } },
    shares: [{ files: { open: 7, limit: 20_000 } }],
  });
  vm.set({ state: 'stopped' } as VmStatus);
  expect(shares.status.get().shares[0]?.state).toBe('waiting');
});

test('file systems that cannot keep owners are known', () => {
  expect([0x4d44, 0x2011bab0, 0xef53, 0x01021994, 0x9123683e].map(keepsAttributes)).toEqual([false, false, true, true, true]);
});
