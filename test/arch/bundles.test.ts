// The runtime proof that Electron is one shell of two: the bundles of the backend run where `electron` cannot be resolved, and hold nothing of tests.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '../..');

describe('the bundles', () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-bundles-'));
  const main = join(folder, 'main');

  beforeAll(async () => {
    await run(process.execPath, [join(root, 'scripts/build.mjs'), 'electron', 'headless', 'cli', 'preload'], { cwd: root });
    // Away from the project, there is no node_modules on the way up.
    await mkdir(main);
    await Promise.all(['cli.cjs', 'headless.cjs'].map((name) => copyFile(join(root, 'dist/main', name), join(main, name))));
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('cannot find electron there', async () => {
    await expect(run(process.execPath, ['-e', "require('electron')"], { cwd: folder })).rejects.toThrow(/Cannot find module 'electron'/);
  });

  it('run the command line without it', async () => {
    const { stdout } = await run(process.execPath, [join(main, 'cli.cjs'), 'version'], {
      env: { PATH: process.env['PATH'], BERTH_HOME: join(folder, 'home') },
    });
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect(stdout.trim()).toContain(version);
  });

  it('name electron in those of the desktop only', () => {
    const asks = (file: string): boolean => /require\(["']electron["']\)/.test(readFileSync(join(root, 'dist', file), 'utf8'));
    expect(['main/electron.cjs', 'preload/electron.cjs', 'main/headless.cjs', 'main/cli.cjs'].map(asks)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('hold nothing of the tests', () => {
    for (const file of ['main/electron.cjs', 'main/headless.cjs', 'main/cli.cjs', 'preload/electron.cjs']) {
      expect(existsSync(join(root, 'dist', file))).toBe(true);
      expect(readFileSync(join(root, 'dist', file), 'utf8')).not.toMatch(/^\/\/ test\//m);
    }
  });
});
