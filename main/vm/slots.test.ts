import { createHash } from 'node:crypto';
import { access, cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { BerthError } from '../../preload/contract/errors';
import { silentLogger } from '../lib/logger';
import type { Resources } from './resources';
import { bootOn, createSlots } from './slots';
import type { Choice, Slots } from './slots';

let root: string;
let app: Resources;
let notices: BerthError[];
const opened: Slots[] = [];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'berth-slots-'));
  // As in a package: the same folders for every version.
  app = { guest: join(root, 'app', 'guest'), bundle: join(root, 'app', 'bundle') };
  notices = [];
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((slots) => slots.dispose()));
  await rm(root, { recursive: true, force: true });
});

async function lay(folder: string, kind: 'guest' | 'bundle', hash: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, 'bin'), { recursive: true });
  const content = `${kind} ${hash}`;
  await writeFile(join(folder, 'bin', 'tool'), content);
  await symlink('tool', join(folder, 'bin', 'link'));
  const sha256 = createHash('sha256').update(content).digest('hex');
  const files = { 'bin/tool': { sha256, size: content.length }, 'bin/link': { link: 'tool' } };
  await writeFile(join(folder, 'manifest.json'), JSON.stringify({ format: 1, kind, arch: 'x86_64', hash, files }));
}

/** The application of this version is installed over the one before. */
async function install(version: string): Promise<void> {
  await lay(app.guest, 'guest', `g${version}`);
  await lay(app.bundle, 'bundle', `b${version}`);
}

/** As a new backend would: every one of these is a point at which the one before may have died. */
function open(at: Resources = app, recordFile = join(root, 'state', 'system.json')): Slots {
  opened.forEach((slots) => void slots.dispose());
  const slots = createSlots({
    record: recordFile,
    folder: join(root, 'system'),
    app: at,
    log: silentLogger,
    notify: (_, error) => notices.push(error),
    keepAfterMs: 0,
  });
  opened.push(slots);
  return slots;
}

async function record(): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(root, 'state', 'system.json'), 'utf8')) as Record<string, unknown>;
}

/** What the next cold boot would take: begun on a copy of the record. */
async function nextBoot(): Promise<Choice> {
  const copy = join(root, 'state', 'copy.json');
  await cp(join(root, 'state', 'system.json'), copy).catch(() => rm(copy, { force: true }));
  return open(app, copy).begin();
}

async function found(pair: Parameters<Slots['use']>[0]): Promise<Resources> {
  const slots = open();
  await slots.use(pair);
  return { ...slots.inUse };
}

async function confirmed(version: string): Promise<void> {
  await install(version);
  const slots = open();
  await slots.begin();
  await slots.confirmed();
  await vi.waitFor(async () =>
    expect(await record()).toMatchObject({ current: { guestHash: `g${version}`, kept: expect.anything() as string } }),
  );
}

async function confirmedAndNotCopied(version: string): Promise<void> {
  await install(version);
  const slots = open();
  await slots.begin();
  await slots.confirmed();
  await slots.dispose();
  await rm(join(root, 'system'), { recursive: true, force: true });
}

const broken = new BerthError('vm.phaseTimeout', { phase: 'kernel', seconds: 20, detail: 'Kernel panic' });
const never = new AbortController().signal;
const version = ({ hashes }: Choice): string => hashes.guestHash;

test('the first pair is no trial; confirmed, it is kept in a slot, links and all', async () => {
  await install('1');
  expect(await nextBoot()).toMatchObject({ hashes: { guestHash: 'g1', bundleHash: 'b1' }, trial: false, resources: app });
  await confirmed('1');
  expect(await record()).toMatchObject({ current: { guestHash: 'g1', bundleHash: 'b1', kept: 'a' } });
  expect(await readFile(join(root, 'system/a/bundle/bin/link'), 'utf8')).toBe('bundle b1');
  // With the application as it was, its own files are booted.
  expect(await nextBoot()).toMatchObject({ resources: app, trial: false });
});

test('a new pair is a trial; confirmed, it is current, and the old one outlives its folder', async () => {
  await confirmed('1');
  await install('2');
  expect(await nextBoot()).toMatchObject({ hashes: { guestHash: 'g2' }, trial: true });
  await confirmed('2');
  expect(await record()).toMatchObject({ current: { guestHash: 'g2', kept: 'b' }, previous: { guestHash: 'g1', kept: 'a' } });
  expect(await found({ guestHash: 'g1', bundleHash: 'b1' })).toEqual({
    guest: join(root, 'system/a/guest'),
    bundle: join(root, 'system/a/bundle'),
  });
  expect(await found({ guestHash: 'g1', bundleHash: 'b2' })).toEqual(app);
  await confirmed('3');
  expect(await record()).toMatchObject({ current: { guestHash: 'g3', kept: 'a' }, previous: { guestHash: 'g2', kept: 'b' } });
  expect(await found({ guestHash: 'g1', bundleHash: 'b1' })).toEqual(app);
  expect((await readdir(join(root, 'system'))).sort()).toEqual(['a', 'b']);
});

test('a trial that fails goes back at once, says so once, and is not tried again until it changes or somebody asks', async () => {
  await confirmed('1');
  await install('2');
  const boots: string[] = [];
  const boot = (choice: Choice): Promise<string> => {
    boots.push(version(choice));
    return version(choice) === 'g2' ? Promise.reject(broken) : Promise.resolve(version(choice));
  };
  const slots = open();
  expect(await bootOn(slots, boot, never)).toBe('g1');
  expect(boots).toEqual(['g2', 'g1']);
  expect(notices).toMatchObject([{ code: 'vm.systemWentBack', params: { detail: expect.stringContaining('Kernel panic') as string } }]);
  expect(await bootOn(slots, boot, never)).toBe('g1');
  expect(await bootOn(open(), boot, never)).toBe('g1');
  expect(boots).toEqual(['g2', 'g1', 'g1', 'g1']);
  expect(notices).toHaveLength(1);
  await open().tryAgain();
  expect(await nextBoot()).toMatchObject({ hashes: { guestHash: 'g2' }, trial: true });
  await bootOn(open(), boot, never);
  await install('3');
  expect(await bootOn(open(), boot, never)).toBe('g3');
  expect(await record()).toMatchObject({ current: { guestHash: 'g3' }, previous: { guestHash: 'g1' } });
  expect(await record()).not.toHaveProperty('trial');
});

const late = new BerthError('vm.phaseTimeout', { phase: 'dockerd', seconds: 30, detail: 'loading containers' });

test('a trial that came along and was late goes back too, and is tried once more; late again, it is refused', async () => {
  await confirmed('1');
  await install('2');
  const boots: string[] = [];
  const boot = (choice: Choice): Promise<string> => {
    boots.push(version(choice));
    return version(choice) === 'g2' ? Promise.reject(late) : Promise.resolve(version(choice));
  };
  expect(await bootOn(open(), boot, never)).toBe('g1');
  expect(notices).toMatchObject([{ code: 'vm.systemSlow', params: { detail: expect.stringContaining('dockerd') as string } }]);
  expect(await nextBoot()).toMatchObject({ hashes: { guestHash: 'g2' }, trial: true });
  expect(await bootOn(open(), boot, never)).toBe('g1');
  expect(notices.at(-1)).toMatchObject({ code: 'vm.systemWentBack' });
  expect(await bootOn(open(), boot, never)).toBe('g1');
  expect(boots).toEqual(['g2', 'g1', 'g2', 'g1', 'g1']);
  // Asked for, it has its two trials again.
  await open().tryAgain();
  await bootOn(open(), boot, never);
  expect(await nextBoot()).toMatchObject({ hashes: { guestHash: 'g2' }, trial: true });
});

test('late once, and in time on a machine that is not busy any more: it is current', async () => {
  await confirmed('1');
  await install('2');
  const slots = open();
  expect(await bootOn(slots, (choice) => (choice.trial ? Promise.reject(late) : Promise.resolve(version(choice))), never)).toBe('g1');
  expect(await bootOn(slots, (choice) => Promise.resolve(version(choice)), never)).toBe('g2');
  expect(await record()).toMatchObject({ current: { guestHash: 'g2' }, previous: { guestHash: 'g1' } });
  expect(await record()).not.toHaveProperty('slow');
});

test('late, and another version after it: that one has its own trials', async () => {
  await confirmed('1');
  const boot = (choice: Choice): Promise<string> => (choice.trial ? Promise.reject(late) : Promise.resolve(version(choice)));
  for (const next of ['2', '3']) {
    await install(next);
    await bootOn(open(), boot, never);
    expect(await nextBoot()).toMatchObject({ hashes: { guestHash: `g${next}` }, trial: true });
  }
});

test.each(['qemu', 'kernel'])('nothing heard of it until %s timed out: refused at once', async (phase) => {
  await confirmed('1');
  await install('2');
  const silent = new BerthError('vm.phaseTimeout', { phase, seconds: 50, detail: '' });
  await bootOn(open(), (choice) => (choice.trial ? Promise.reject(silent) : Promise.resolve('up')), never);
  expect(await nextBoot()).toMatchObject({ hashes: { guestHash: 'g1' }, trial: false });
});

test('where the old pair is late too, nothing is held against the new one', async () => {
  await confirmed('1');
  await install('2');
  await expect(bootOn(open(), () => Promise.reject(late), never)).rejects.toBe(late);
  expect(notices).toEqual([]);
  expect(await record()).not.toHaveProperty('slow');
});

test('where the old pair does not start either, the first error is not the trial’s', async () => {
  await confirmed('1');
  await install('2');
  await expect(bootOn(open(), () => Promise.reject(broken), never)).rejects.toBe(broken);
  expect(notices).toEqual([]);
  expect(await nextBoot()).toMatchObject({ hashes: { guestHash: 'g2' }, trial: true });
});

test.each([
  new BerthError('vm.notEnoughMemory', { neededBytes: 2, availableBytes: 1 }),
  new BerthError('disk.missing', { path: '/d' }),
  new BerthError('rpc.cancelled', {}),
])('%s says nothing about the system', async (error) => {
  await confirmed('1');
  await install('2');
  const boots: string[] = [];
  const boot = (choice: Choice): Promise<string> => {
    boots.push(version(choice));
    return Promise.reject(error);
  };
  for (let time = 0; time < 4; time += 1) {
    await expect(bootOn(open(), boot, never)).rejects.toBe(error);
  }
  expect(boots).toEqual(['g2', 'g2', 'g2', 'g2']);
});

test('a start that the user ended on the way boots nothing else', async () => {
  await confirmed('1');
  await install('2');
  const ended = new AbortController();
  const boots: string[] = [];
  const boot = (choice: Choice): Promise<string> => {
    boots.push(version(choice));
    ended.abort();
    return Promise.reject(broken);
  };
  await expect(bootOn(open(), boot, ended.signal)).rejects.toBe(broken);
  expect(boots).toEqual(['g2']);
});

test('killed in the middle of a trial: tried once more, then the old one, with the notice', async () => {
  await confirmed('1');
  await install('2');
  expect(version(await open().begin())).toBe('g2');
  expect(version(await open().begin())).toBe('g2');
  const third = open();
  expect(version(await third.begin())).toBe('g1');
  await third.confirmed();
  expect(notices).toMatchObject([{ code: 'vm.systemWentBack' }]);
  expect(version(await open().begin())).toBe('g1');
});

test('killed after the trial failed, before the old one ran: the old one is next', async () => {
  await confirmed('1');
  await install('2');
  const slots = open();
  await slots.begin();
  expect(await slots.failed(broken)).toBe(true);
  expect(await nextBoot()).toMatchObject({ hashes: { guestHash: 'g1' }, trial: false });
});

test('killed after the confirmation, before it was copied: the next confirmation copies it, half copies go', async () => {
  await confirmedAndNotCopied('1');
  await mkdir(join(root, 'system', 'a.part', 'guest'), { recursive: true });
  await writeFile(join(root, 'system', 'a.part', 'guest', 'manifest.json'), '{');
  await confirmed('1');
  expect(await readdir(join(root, 'system'))).toEqual(['a']);
});

test('upgraded before it was copied: the new pair has no way back and is taken as it is', async () => {
  await confirmedAndNotCopied('1');
  await install('2');
  expect(await nextBoot()).toMatchObject({ hashes: { guestHash: 'g2' }, trial: false });
  await expect(bootOn(open(), () => Promise.reject(broken), never)).rejects.toBe(broken);
});

test('a record that cannot be read costs the way back and nothing else', async () => {
  await confirmed('1');
  await writeFile(join(root, 'state', 'system.json'), '{"format":1,"current":');
  expect(await nextBoot()).toMatchObject({ hashes: { guestHash: 'g1' }, trial: false, resources: app });
});

test('an application without its files boots what was kept', async () => {
  await confirmed('1');
  await rm(join(root, 'app'), { recursive: true });
  expect(await nextBoot()).toMatchObject({ hashes: { guestHash: 'g1' }, resources: { guest: join(root, 'system/a/guest') } });
});

test('folders that are named by their hash are not copied', async () => {
  const named = { guest: join(root, 'cache', 'guest-x86_64-g1'), bundle: join(root, 'cache', 'bundle-x86_64-b1') };
  await lay(named.guest, 'guest', 'g1');
  await lay(named.bundle, 'bundle', 'b1');
  const slots = open(named);
  await slots.begin();
  await slots.confirmed();
  await install('2');
  expect(await nextBoot()).toMatchObject({ trial: true });
  expect(await found({ guestHash: 'g1', bundleHash: 'b1' })).toEqual(named);
  await expect(access(join(root, 'system'))).rejects.toThrow();
});
