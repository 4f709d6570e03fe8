// From a write on the host to the event of inotify in a container, as the container's program tells it back: single changes, new files, a burst of
// 500. Beside it the way back alone: a line to `cat` in a container and its echo, which every figure contains once.
// npm run bench -- events [rounds]
import { execFile } from 'node:child_process';
import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { silentLogger } from '../main/lib/logger';
import { createObservable } from '../main/lib/observable';
import { createShareEvents } from '../main/shares/events/create-share-events';
import { createShareGuest } from '../main/shares/guest';
import { locateResources } from '../main/vm/resources';
import { startDocker, type RunningCli } from '../test/vm/cli';
import { ensureTestImage, TEST_IMAGE } from '../test/vm/images';
import { makeHome, openVm } from '../test/vm/open-vm';
import { percentile, print, summarise } from './report';

const ROUNDS = Number(process.argv[2] ?? 30);
const BURST = 500;
const found = { change: [] as number[], create: [] as number[], echo: [] as number[], burst: [] as number[] };

/** Resolves when the program in the container has said all of it. */
function said({ child }: RunningCli, lines: readonly string[]): Promise<void> {
  const missing = new Set(lines);
  let rest = '';
  return new Promise((resolve) => {
    const take = (bytes: Buffer): void => {
      const parts = (rest + bytes.toString()).split('\n');
      rest = parts.pop() ?? '';
      parts.forEach((line) => missing.delete(line.replace(/^\d+ /, '')));
      if (missing.size === 0) {
        child.stdout?.off('data', take);
        resolve();
      }
    };
    child.stdout?.on('data', take);
  });
}

async function timed(into: number[], round: number, work: () => Promise<unknown>, told: Promise<void>): Promise<void> {
  const start = performance.now();
  await Promise.all([work(), told]);
  if (round > 0) {
    into.push(performance.now() - start);
  }
}

async function main(): Promise<void> {
  const home = await makeHome('berth-b-');
  const folder = await makeHome('berth-e-');
  const resources = await locateResources(process.env, [join(process.cwd(), 'dist', 'resources.json')]);
  const box = await openVm(home, { resources });
  try {
    await box.vm.start();
    await ensureTestImage(box);
    const source = join(process.cwd(), 'test/vm/inotify-print.c');
    await promisify(execFile)('cc', ['-O1', '-static', '-s', '-o', join(folder, 'inotify-print'), source]);
    await mkdir(join(folder, 'src'));
    await writeFile(join(folder, 'src/one'), '');
    const device = await box.vm.shares.add({ tag: 'be5cbe5cbe5c', folder, readOnly: false });
    await createShareGuest((command, options) => box.vm.exec(command, options)).mount({ kind: 'mount', spec: device.spec });
    let ready = (): void => undefined;
    const watched = new Promise<void>((resolve) => (ready = resolve));
    const events = createShareEvents({
      ...{ execStream: () => box.vm.dialer.notify(), active: createObservable(true), bundle: resources.bundle, excluded: [] },
      ...{ notify: () => undefined, log: silentLogger, onReady: () => ready() },
    });
    events.bound([join(folder, 'src')]);
    const mounts = ['-v', `${folder}/src:/src`, '-v', `${folder}/inotify-print:/w`];
    const watcher = await startDocker(box, ['run', '--rm', ...mounts, TEST_IMAGE, '/w', '/src']);
    const cat = await startDocker(box, ['run', '--rm', '-i', TEST_IMAGE, 'cat'], { open: true });
    await Promise.all([watched, watcher.until('watching')]);
    for (let round = 0; round <= ROUNDS; round += 1) {
      const path = (name: string): string => join(folder, 'src', name);
      await timed(found.change, round, () => appendFile(path('one'), 'x'), said(watcher, ['MODIFY /src/one']));
      await timed(found.create, round, () => writeFile(path(`n${round}`), ''), said(watcher, [`MODIFY /src/n${round}`]));
      const echo = said(cat, [`echo ${round}`]);
      await timed(found.echo, round, () => Promise.resolve(cat.child.stdin?.write(`echo ${round}\n`)), echo);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    for (let round = 0; round <= 3; round += 1) {
      const names = Array.from({ length: BURST }, (_, i) => `b${round}-${i}`);
      const told = said(
        watcher,
        names.map((name) => `MODIFY /src/${name}`),
      );
      await timed(found.burst, round, () => Promise.all(names.map((name) => writeFile(join(folder, 'src', name), ''))), told);
    }
    events.dispose();
    watcher.child.kill();
    cat.child.kill();
  } finally {
    await box.close({ keepVm: false });
    await Promise.all([home, folder].map((path) => rm(path, { recursive: true, force: true })));
  }
  const results = Object.fromEntries(Object.entries(found).map(([name, ms]) => [name, { ...summarise(ms), p95: percentile(ms, 0.95) }]));
  const rows = Object.entries(results).map(([name, { median, p95, min, max, n }]) => [name, median, p95, min, max, n]);
  print('events', [['ms', 'median', 'p95', 'min', 'max', 'n'], ...rows], { rounds: ROUNDS, burstFiles: BURST, ms: results });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
