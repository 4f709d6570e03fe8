// Changes on the host as watchers in containers see them: the kernel's own events, chokidar and fs.watch of a real Node, 20,000 watched folders,
// a burst, and the user's files, which nobody but the test writes.
import { execFile } from 'node:child_process';
import { appendFile, copyFile, cp, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deferred } from '../../main/lib/async';
import { silentLogger } from '../../main/lib/logger';
import { createObservable } from '../../main/lib/observable';
import { createShareEvents, type ShareEvents } from '../../main/shares/events/create-share-events';
import { createShareGuest, type ShareGuest } from '../../main/shares/guest';
import type { ShareDevice } from '../../main/vm/driver';
import { openFileLimit } from '../../main/vm/qemu/virtiofsd';
import type { BerthError } from '../../preload/contract';
import { startDocker, type RunningCli } from './cli';
import { useVm } from './harness';
import { ensureTestImage, TEST_IMAGE } from './images';

const run = promisify(execFile);
const box = useVm();
const watchers: string[] = [];
const errors: BerthError[] = [];
let folder: string;
let guest: ShareGuest;
let device: ShareDevice;
let events: ShareEvents;
let ready = deferred<number>();
const host = (...names: string[]): string => join(folder, ...names);

beforeAll(async () => {
  await ensureTestImage(box());
  folder = await mkdtemp('/tmp/berth-events-');
  await mkdir(host('tools'));
  await run('cc', ['-O1', '-static', '-s', '-o', host('tools/inotify-print'), join(import.meta.dirname, 'inotify-print.c')]);
  guest = createShareGuest((command, options) => box().vm.exec(command, options));
  device = await box().vm.shares.add({ tag: 'e7e27500ca5e', folder, readOnly: false });
  await guest.mount({ kind: 'mount', spec: device.spec });
  events = createShareEvents({
    execStream: () => box().vm.dialer.notify(),
    active: createObservable(true),
    bundle: box().resources.bundle,
    excluded: [],
    notify: (error) => errors.push(error),
    log: silentLogger,
    onReady: (watches) => ready.resolve(watches),
  });
});

afterAll(async () => {
  events.dispose();
  await Promise.all(watchers.map((name) => box().docker('rm', '-f', name)));
  await guest.run([{ kind: 'none', path: folder }]);
  await device.remove();
  await rm(folder, { recursive: true, force: true });
});

async function bound(...names: string[]): Promise<number> {
  ready = deferred();
  events.bound(names.map((name) => host(name)));
  return ready.promise;
}

/** A container that watches; `told` waits for a line of its own. */
async function watcher(
  name: string,
  volume: string,
  command: readonly string[],
): Promise<RunningCli & { told(line: string | RegExp): Promise<void> }> {
  watchers.push(`events-${name}`);
  const mounts = ['-v', `${host(volume)}:/src`, '-v', `${host('tools')}:/tools:ro`];
  const cli = await startDocker(box(), ['run', '--rm', '--name', `events-${name}`, ...mounts, TEST_IMAGE, ...command]);
  let text = '';
  const waits = new Set<() => void>();
  cli.child.stdout?.on('data', (bytes: Buffer) => {
    text += bytes.toString();
    waits.forEach((wake) => wake());
  });
  await cli.until('watching');
  return {
    ...cli,
    async told(line) {
      const isThere = (): boolean => (typeof line === 'string' ? text.includes(line) : line.test(text));
      while (!isThere()) {
        await new Promise<void>((resolve_) => waits.add(resolve_));
        waits.clear();
      }
      text = '';
    },
  };
}

test('modify, create, delete, rename, new folders and what is in them, and the files stay as the user left them', async () => {
  await mkdir(host('src/a'), { recursive: true });
  await Promise.all(['one', 'two', 'a/in'].map((name) => writeFile(host('src', name), 'first\n')));
  await bound('src');
  const seen = await watcher('raw', 'src', ['/tools/inotify-print', '/src']);
  await appendFile(host('src/one'), 'more\n');
  const before = await stat(host('src/one'), { bigint: true });
  await seen.told(' MODIFY /src/one\n');
  await writeFile(host('src/new'), 'x');
  await seen.told(' MODIFY /src/new\n');
  await rm(host('src/two'));
  await seen.told(' MODIFY,DIR /src\n');
  await rename(host('src/new'), host('src/named'));
  await seen.told(' MODIFY /src/named\n');
  await mkdir(host('src/n/m'), { recursive: true });
  await seen.told(' MODIFY,DIR /src/n\n');
  await rename(host('src/a'), host('src/b'));
  await seen.told(' MODIFY,DIR /src/b\n');
  await appendFile(host('src/b/in'), 'x');
  await seen.told(' MODIFY /src/a/in\n'); // the watch moved with the folder; the test's program knows its first name
  // Replaced, as many editors save: who looks at once sees the new file, although the guest would have believed the old name for a second.
  await writeFile(host('src/one.tmp'), 'replaced\n');
  await rename(host('src/one.tmp'), host('src/one'));
  await seen.told(' MODIFY /src/one\n');
  expect(await box().docker('exec', 'events-raw', 'cat', '/src/one')).toBe('replaced\n');

  // Who watches a file alone hears of its end, however long nobody asked for it.
  await writeFile(host('src/alone'), '1');
  const alone = await watcher('alone', 'src', ['/tools/inotify-print', '/src/alone']);
  await new Promise((resolve_) => setTimeout(resolve_, 1500));
  await writeFile(host('src/alone.tmp'), '2');
  await rename(host('src/alone.tmp'), host('src/alone'));
  await alone.told(' DELETE_SELF /src/alone\n');

  await appendFile(host('src/named'), 'last\n');
  const { mtimeNs, ctimeNs } = await stat(host('src/named'), { bigint: true });
  await seen.told(' MODIFY /src/named\n');
  const after = await stat(host('src/named'), { bigint: true });
  expect({ mtimeNs: after.mtimeNs, ctimeNs: after.ctimeNs }).toEqual({ mtimeNs, ctimeNs });
  expect(await readFile(host('src/named'), 'utf8')).toBe('xlast\n');
  expect(before.mtimeNs).toBeGreaterThan(0n);
  expect((await box().exec(['stat', '-c', '%Y', host('src/named')])).stdout.trim()).toBe(String(mtimeNs / 1_000_000_000n));
});

test('a file that is bound singly, and one whose name is no UTF-8', async () => {
  await mkdir(host('single'));
  await writeFile(host('single/file'), '1');
  await bound('single/file');
  const one = await watcher('single', 'single/file', ['/tools/inotify-print', '/src']);
  await appendFile(host('single/file'), '2');
  await one.told(' MODIFY /src\n');
  await bound('single');
  const all = await watcher('bytes', 'single', ['/tools/inotify-print', '/src']);
  await writeFile(Buffer.concat([Buffer.from(`${host('single')}/`), Buffer.from([0xff, 0xc3, 0x28])]), '');
  await all.told(/ MODIFY \/src\/(?!file)/);
});

test('chokidar and fs.watch in a real Node', async () => {
  const modules = resolve('node_modules');
  const node = join(modules, `node-${process.platform}-${process.arch}`, 'bin/node');
  await copyFile(node, host('tools/node'));
  const { stdout } = await run('ldd', [node]);
  const libraries = [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path);
  await Promise.all(libraries.map((path) => copyFile(path, host('tools', path.slice(path.lastIndexOf('/') + 1)))));
  await Promise.all(['chokidar', 'readdirp'].map((name) => cp(join(modules, name), host('tools/node_modules', name), { recursive: true })));
  await copyFile(join(import.meta.dirname, 'watcher.mjs'), host('tools/watcher.mjs'));
  await mkdir(host('app/lib'), { recursive: true });
  await Promise.all(['index.js', 'old.js', 'lib/a.js'].map((name) => writeFile(host('app', name), '1')));
  await bound('app');
  const loader = libraries.find((path) => path.includes('ld-linux')) ?? '';
  const command = [
    `/tools/${loader.slice(loader.lastIndexOf('/') + 1)}`,
    '--library-path',
    '/tools',
    '/tools/node',
    '/tools/watcher.mjs',
    '/src',
  ];
  const seen = await watcher('node', 'app', command);
  await writeFile(host('app/index.js'), '2');
  await seen.told('fs.watch change index.js\n');
  await appendFile(host('app/lib/a.js'), '2');
  await seen.told('chokidar change lib/a.js\n');
  await writeFile(host('app/fresh.js'), '1');
  await seen.told('chokidar add fresh.js\n');
  await rm(host('app/old.js'));
  await seen.told('chokidar unlink old.js\n');
  await rename(host('app/fresh.js'), host('app/named.js'));
  await seen.told(/chokidar unlink fresh\.js\n[^]*chokidar add named\.js\n|chokidar add named\.js\n[^]*chokidar unlink fresh\.js\n/);
  await mkdir(host('app/deep/er'), { recursive: true });
  await writeFile(host('app/deep/er/x.js'), '1');
  await seen.told('chokidar add deep/er/x.js\n');
  await writeFile(host('app/index.js.tmp'), 'replaced');
  await rename(host('app/index.js.tmp'), host('app/index.js'));
  await seen.told('chokidar change index.js\n');
  await rm(host('app/deep'), { recursive: true });
  await seen.told('chokidar unlinkDir deep\n');
});

test('20,000 watched folders, a burst, and the guest’s program ended in between', async () => {
  await mkdir(host('many'));
  await run('sh', ['-c', 'cd "$0" && seq 0 19999 | xargs mkdir', host('many')]);
  expect(await bound('many')).toBeGreaterThan(20_000);
  // Each folder that the guest knows is an open file of virtiofsd's.
  const count = Math.min(20_000, Math.floor((await openFileLimit()) * 0.3));
  const seen = await watcher('many', 'many', ['/tools/inotify-print', '-n', String(count), '/src']);
  await writeFile(host('many', String(count - 1), 'x'), '');
  await seen.told(` MODIFY /src/${count - 1}/x\n`);

  let text = '';
  seen.child.stdout?.on('data', (bytes: Buffer) => (text += bytes.toString()));
  await Promise.all(Array.from({ length: 1000 }, (_, i) => writeFile(host('many', String(i), 'f'), '1')));
  const told = (): number => new Set([...text.matchAll(/ MODIFY (\/src\/\d+\/f)\n/g)].map(([, path]) => path)).size;
  await expect.poll(told, { timeout: 120_000, interval: 200 }).toBe(1000);

  await box().exec(`for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline | grep -q '^/proc/1/exe notify' && kill "\${p#/proc/}"; done; true`);
  await writeFile(host('many/7/again'), '');
  await seen.told(' MODIFY /src/7/again\n');
  expect(errors).toEqual([]);
});
