// Both watchers of the host on real folders. The one of Linux is compiled here with sanitizers; the other systems' one runs on Node's own watch.
import { execFileSync } from 'node:child_process';
import { appendFile, chmod, mkdir, mkdtemp, readdir, readFile, readlink, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { silentLogger } from '../../lib/logger';
import { bytePath, outermost } from './byte-path';
import type { HostWatcher } from './host-watcher';
import { createInotifyWatcher } from './inotify-watcher';
import { createSystemWatcher } from './system-watcher';

let bin: string;
let root: string;
let watcher: HostWatcher;
const seen: string[] = [];
let limits: string[] = [];
let lost = 0;
let readies: number[] = [];

beforeAll(async () => {
  bin = await mkdtemp(join(tmpdir(), 'berth-watch-bin-'));
  const flags = ['-g', '-O1', '-Wall', '-Wextra', '-Werror', '-fsanitize=address,undefined', '-fno-sanitize-recover'];
  const sources = ['share-watch.c', 'watch-tree.c', 'watch-out.c'].map((name) => join(import.meta.dirname, '../../../vm/bundle', name));
  execFileSync('gcc', [...flags, '-o', join(bin, 'share-watch'), ...sources]);
  // For root nothing is shut.
  const as = process.getuid?.() === 0 ? 'setpriv --reuid=65534 --clear-groups ' : '';
  await writeFile(join(bin, 'as-user'), `#!/bin/sh\nexec ${as}'${join(bin, 'share-watch')}'\n`, { mode: 0o755 });
  await chmod(bin, 0o755);
}, 60_000);
afterAll(() => rm(bin, { recursive: true, force: true }));

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'berth-watch-'));
  seen.length = 0;
  [limits, lost, readies] = [[], 0, []];
});
afterEach(async () => {
  watcher.dispose();
  await rm(root, { recursive: true, force: true });
});

const listener = {
  change: (kind: string, path: string): void => void seen.push(kind + path.slice(root.length + 1)),
  lost: (): void => void (lost += 1),
  limit: (path: string): void => void limits.push(path),
  ready: (watches: number): void => void readies.push(watches),
};
const at = (name: string): string => join(root, name);
const told = (...lines: string[]): Promise<void> =>
  vi.waitFor(() => expect(seen).toEqual(expect.arrayContaining(lines)), { timeout: 10_000 });

/** Resolves when all of it is watched. */
async function watch(...names: string[]): Promise<void> {
  const before = readies.length;
  watcher.watch(names.map(at));
  await vi.waitFor(() => expect(readies.length).toBeGreaterThan(before), { timeout: 10_000 });
}

/** Its watches, from the kernel's own list. */
async function watchesOf(program: string): Promise<number> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    if ((await readlink(`/proc/${pid}/exe`).catch(() => '')) !== program) {
      continue;
    }
    const files = await readdir(`/proc/${pid}/fdinfo`);
    const infos = await Promise.all(files.map((file) => readFile(`/proc/${pid}/fdinfo/${file}`, 'utf8').catch(() => '')));
    return infos.join('').match(/^inotify /gm)?.length ?? 0;
  }
  return 0;
}

describe('share-watch', () => {
  const start = (excluded: readonly string[] = [], program = 'share-watch'): void => {
    watcher = createInotifyWatcher({ program: join(bin, program), excluded, listener, log: silentLogger });
  };

  test('tells what changed, what is new with all that is in it, and what went', async () => {
    await mkdir(at('r/a/b'), { recursive: true });
    start();
    await watch('r');
    await writeFile(at('r/a/b/f'), '1');
    await told('nr/a/b/f');
    await appendFile(at('r/a/b/f'), '2');
    await told('cr/a/b/f');
    await mkdir(at('r/n/m/o'), { recursive: true });
    await writeFile(at('r/n/m/o/deep'), '');
    await told('nr/n', 'nr/n/m', 'nr/n/m/o', 'nr/n/m/o/deep');
    await rename(at('r/n'), at('r/a/moved'));
    await told('dr/n', 'nr/a/moved', 'nr/a/moved/m/o/deep');
    await writeFile(at('r/a/moved/m/late'), '');
    await told('nr/a/moved/m/late');
    await rm(at('r/a/moved'), { recursive: true });
    await told('dr/a/moved/m/late', 'dr/a/moved');
    await writeFile(Buffer.concat([Buffer.from(at('r/')), Buffer.from([0xff, 0xfe])]), '');
    await told('nr/\xff\xfe');
  });

  test('a file stands for itself, what is not there is waited for, and a folder that went comes back', async () => {
    await writeFile(at('one'), '1');
    start();
    await watch('one', 'later/on');
    await writeFile(at('two'), '1');
    await writeFile(at('one'), '2');
    await told('cone');
    await rename(at('two'), at('one'));
    await told('none');
    await mkdir(at('later/on'), { recursive: true });
    await told('nlater/on');
    await writeFile(at('later/on/x'), '');
    await told('nlater/on/x');
    await rename(at('later'), at('away'));
    await told('dlater/on');
    await rename(at('away'), at('later'));
    await vi.waitFor(() => expect(seen.filter((line) => line === 'nlater/on')).toHaveLength(2));
    await writeFile(at('later/on/y'), '');
    await told('nlater/on/y');
    expect(seen.filter((line) => line.includes('two'))).toEqual([]);
  });

  test('a folder on the way that may be gone through and not be read, as that of all homes, hides nothing below it', async () => {
    await mkdir(at('homes/me/r'), { recursive: true });
    await Promise.all([chmod(root, 0o755), chmod(at('homes'), 0o311)]);
    start([], 'as-user');
    await watch('homes/me/r');
    await writeFile(at('homes/me/r/f'), '1');
    await told('nhomes/me/r/f');
    await rename(at('homes/me/r'), at('homes/me/away'));
    await told('dhomes/me/r');
    await rename(at('homes/me/away'), at('homes/me/r'));
    await told('nhomes/me/r');
    await appendFile(at('homes/me/r/f'), '2');
    await told('chomes/me/r/f');
    watcher.again();
    await told('chomes/me/r');
    await mkdir(at('homes/me/other'));
    await watch('homes/me/other');
    await writeFile(at('homes/me/other/f'), '1');
    await told('nhomes/me/other/f');
  });

  test('never looks into what is excluded, follows no link, and tells every folder when asked', async () => {
    await mkdir(at('r/own/disks'), { recursive: true });
    await mkdir(at('outside'));
    await mkdir(at('r/in'));
    execFileSync('ln', ['-s', at('outside'), at('r/link')]);
    start([at('r/own')]);
    await watch('r');
    await writeFile(at('r/own/disks/data.raw'), '1');
    await writeFile(at('outside/x'), '1');
    watcher.again();
    await told('cr', 'cr/in');
    await writeFile(at('r/last'), '');
    await told('nr/last');
    expect(seen.filter((line) => /own|outside|link/.test(line))).toEqual([]);
  });

  test('a queue that overflowed is told, with every folder to look at, and folders made meanwhile are watched', async () => {
    await mkdir(at('r'));
    start();
    await watch('r');
    const program = join(bin, 'share-watch');
    const pid = Number(
      (
        await readdir('/proc').then((all) =>
          Promise.all(
            all.filter((name) => /^\d+$/.test(name)).map(async (name) => [name, await readlink(`/proc/${name}/exe`).catch(() => '')]),
          ),
        )
      ).find(([, exe]) => exe === program)?.[0],
    );
    process.kill(pid, 'SIGSTOP');
    const queue = Number(await readFile('/proc/sys/fs/inotify/max_queued_events', 'utf8'));
    execFileSync('sh', ['-c', `cd "$0" && seq ${Math.ceil(queue / 2) + 10} | xargs touch && mkdir late`, at('r')]);
    process.kill(pid, 'SIGCONT');
    await vi.waitFor(() => expect(lost).toBe(1), { timeout: 20_000 });
    await told('cr', 'cr/late');
    await writeFile(at('r/late/x'), '');
    await told('nr/late/x');
  }, 60_000);

  test('a thousand changes of what is bound leave nothing behind, and what lies in both is watched throughout', async () => {
    for (const name of ['a/x/y', 'b/x', 'c']) {
      await mkdir(at(name), { recursive: true });
    }
    start();
    await watch('a');
    const before = await watchesOf(join(bin, 'share-watch'));
    expect(before).toBeGreaterThan(3);
    for (let i = 0; i < 1000; i += 1) {
      watcher.watch([['a', 'b'], ['a/x', 'c'], ['b'], ['a', 'b/x', 'c']][i % 4]?.map(at) ?? []);
    }
    await watch('a');
    await vi.waitFor(async () => expect(await watchesOf(join(bin, 'share-watch'))).toBe(before), { timeout: 10_000 });
    // Written again and again, because the last of a thousand orders may not be done when one of them was.
    await vi.waitFor(
      async () => {
        await writeFile(at('a/x/y/f'), '');
        expect(seen.some((line) => line.endsWith('a/x/y/f'))).toBe(true);
      },
      { timeout: 15_000, interval: 200 },
    );
    watcher.watch([]);
    await vi.waitFor(async () => expect(await watchesOf(join(bin, 'share-watch'))).toBe(0), { timeout: 10_000 });
  });

  test('a program that dies is started again and everything looked at', async () => {
    await mkdir(at('r/in'), { recursive: true });
    start();
    await watch('r');
    execFileSync('sh', [
      '-c',
      `for p in /proc/[0-9]*; do [ "$(readlink $p/exe)" = "$0" ] && kill -9 "\${p#/proc/}"; done; true`,
      join(bin, 'share-watch'),
    ]);
    await told('cr/in');
    expect(lost).toBe(1);
  });

  test('20,000 folders are watched', async () => {
    const names = Array.from({ length: 20_000 }, (_, i) => `${i % 100}/${i}`);
    execFileSync('sh', ['-c', 'mkdir "$0" && cd "$0" && xargs mkdir -p', at('r')], { input: names.join('\n') });
    start();
    watcher.watch([at('r')]);
    await vi.waitFor(() => expect(readies.at(-1)).toBeGreaterThan(20_100), { timeout: 50_000 });
    await writeFile(at('r/99/19999/f'), '');
    await told('nr/99/19999/f');
  }, 90_000);
});

describe('the system’s own watch', () => {
  test('tells changes, waits for what is not there, and leaves out what is excluded', async () => {
    await mkdir(at('r/own'), { recursive: true });
    await writeFile(at('one'), '1');
    watcher = createSystemWatcher({ excluded: [at('r/own')], listener });
    await watch('r', 'one', 'later/on');
    await writeFile(at('r/own/x'), '1');
    await writeFile(at('r/f'), '1');
    await told('nr/f');
    await appendFile(at('one'), '2');
    await told('cone');
    await mkdir(at('later/on'), { recursive: true });
    await told('nlater/on');
    await writeFile(at('later/on/x'), '1');
    await told('nlater/on/x');
    expect(seen.filter((line) => line.includes('own'))).toEqual([]);
  });
});

test('each folder once, nested ones in the outer one', () => {
  watcher = createSystemWatcher({ excluded: [], listener });
  expect(outermost(['/b/c', '/a/', '/b', '/a', '/ab', 'relative', '/b/c/d'])).toEqual(['/a', '/ab', '/b']);
  expect(outermost(['/x', '/'])).toEqual(['/']);
  expect(bytePath('/é')).toBe('/\xc3\xa9');
});
