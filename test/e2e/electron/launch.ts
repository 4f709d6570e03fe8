// Starts a real Electron for a test: a display of its own where there is none, a home of its own, never --no-sandbox.
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { _electron } from 'playwright-core';
import type { ElectronApplication, Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';

const root = resolve(import.meta.dirname, '../../..');
const run = promisify(execFile);

export const electronFile = findElectron();
/** Why the tests cannot run, for `describe.skipIf`; scripts/test.mjs knows more and says so. */
export const noElectron = process.env['BERTH_TEST_NO_ELECTRON'] ?? (electronFile === undefined ? 'no Electron binary' : undefined);

function findElectron(): string | undefined {
  const override = process.env['ELECTRON_OVERRIDE_DIST_PATH'];
  const file = override === undefined ? join(root, 'node_modules/electron/dist/electron') : join(override, 'electron');
  return existsSync(file) ? file : undefined;
}

export interface Launched {
  readonly app: ElectronApplication;
  readonly page: Page;
  /** Playwright's own handle is gone with the application. */
  readonly child: ChildProcess;
}

export interface ElectronLab {
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
  /** Starts the application and waits for its page. */
  launch(env?: Readonly<Record<string, string>>): Promise<Launched>;
  /** Starts it without waiting, as a second instance is started. */
  spawnSecond(): ChildProcess;
}

export interface LabOptions {
  /** TypeScript, bundled before the tests; the shell over a fake backend by default. */
  readonly entry?: string;
  /** What is opened instead of a bundled entry: a folder or an archive. */
  readonly application?: string;
  /** JavaScript that runs in the main process before the application. */
  readonly hook?: string;
}

/** Gives a file of tests an application, a folder, a display and a home, and removes everything afterwards. */
export function useElectron({ entry = 'test/e2e/electron/entry.ts', application, hook }: LabOptions = {}): ElectronLab {
  let folder = '';
  let xvfb: ChildProcess | undefined;
  const open = new Set<ChildProcess>();
  const env: Record<string, string> = {};

  beforeAll(async () => {
    if (noElectron !== undefined || electronFile === undefined) {
      return;
    }
    folder = await mkdtemp(join(tmpdir(), 'berth-electron-'));
    await mkdir(join(folder, 'app'));
    await writeFile(join(folder, 'hook.cjs'), hook ?? '');
    if (application === undefined) {
      await prepareEntry(entry, join(folder, 'app'));
    }
    let display = process.env['DISPLAY'];
    if (display === undefined || display === '') {
      [xvfb, display] = await startXvfb();
    }
    Object.assign(env, {
      PATH: process.env['PATH'] ?? '',
      DISPLAY: display,
      ...(process.env['XAUTHORITY'] === undefined ? {} : { XAUTHORITY: process.env['XAUTHORITY'] }),
      HOME: folder,
      XDG_CONFIG_HOME: join(folder, 'config'),
      XDG_CACHE_HOME: join(folder, 'cache'),
      XDG_RUNTIME_DIR: folder,
      LANG: 'en_US.UTF-8',
      BERTH_HOME: join(folder, 'home'),
      BERTH_TEST_ROOT: root,
      BERTH_TEST_RENDERER: process.env['BERTH_TEST_RENDERER'] ?? join(root, 'dist/renderer'),
    });
  }, 180_000);

  afterAll(async () => {
    for (const child of open) {
      child.kill('SIGKILL');
    }
    xvfb?.kill();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  const file = electronFile ?? '';
  const args = (): string[] => [...(hook === undefined ? [] : ['-r', join(folder, 'hook.cjs')]), application ?? join(folder, 'app')];
  return {
    get home() {
      return join(folder, 'home');
    },
    env,
    async launch(more = {}) {
      const app = await _electron.launch({
        executablePath: file,
        args: args(),
        env: { ...env, ...more },
        chromiumSandbox: true,
        timeout: 60_000,
      });
      const child = app.process();
      open.add(child);
      child.once('exit', () => open.delete(child));
      const page = await app.firstWindow();
      await page.waitForLoadState('load');
      return { app, page, child };
    },
    spawnSecond: () => spawn(file, args(), { env, stdio: 'ignore' }),
  };
}

async function prepareEntry(entry: string, folder: string): Promise<void> {
  const parts = process.env['BERTH_TEST_RENDERER'] === undefined ? ['preload', 'renderer'] : ['preload'];
  await run(process.execPath, [join(root, 'scripts/lib/bundle-file.mjs'), join(root, entry), join(folder, 'main.cjs')], { cwd: root });
  await run(process.execPath, [join(root, 'scripts/build.mjs'), ...parts], { cwd: root });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'berth', version: '0.0.0', main: 'main.cjs' }));
}

function startXvfb(): Promise<[ChildProcess, string]> {
  return new Promise((done, fail) => {
    const child = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1600x1000x24', '-nolisten', 'tcp'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    });
    child.once('error', fail);
    child.once('exit', (code) => fail(new Error(`Xvfb ended with ${code}`)));
    child.stdio[3]?.once('data', (number: Buffer) => done([child, `:${number.toString().trim()}`]));
  });
}
