// The package that electron-builder lays out: its archive opens in a real Electron, its parts find each other, its command line reaches it.
// The VM is not started here (the guest named is not there), which the window must survive.
import { execFile } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { noElectron, useElectron } from './electron/launch';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '../..');
const resources = join(root, 'out/linux-unpacked/resources');

describe.skipIf(noElectron !== undefined)(`the package${noElectron === undefined ? '' : ` (${noElectron})`}`, () => {
  // Debuggers are kept out of packages; the test is one.
  const lab = useElectron({
    application: join(resources, 'app.asar'),
    hook: "require('electron').app.commandLine.removeSwitch = () => {}",
  });

  beforeAll(async () => {
    if (noElectron === undefined) {
      await run(process.execPath, [join(root, 'scripts/package.mjs'), '--dir'], { cwd: root, maxBuffer: 2 ** 26 });
    }
  }, 900_000);

  it('carries the engine’s machine, a Node and the command line beside the archive', async () => {
    expect(await readdir(resources)).toEqual(expect.arrayContaining(['app.asar', 'bin', 'bundle', 'guest', 'main', 'renderer', 'LICENSE']));
    const { stdout } = await run(join(resources, 'bundle/bin/docker'), ['--version']);
    expect(stdout).toMatch(/^Docker version /);
  });

  // Once more, because the tests' older Electron now and then crashes in its own code as its process ends.
  it('opens, and its command line finds it', { retry: 1 }, async () => {
    await mkdir(lab.home, { recursive: true });
    const nowhere = join(lab.home, 'resources.json');
    await writeFile(nowhere, JSON.stringify({ guest: './no-guest', bundle: './no-bundle' }));
    const { page, app, child } = await lab.launch({ BERTH_RESOURCES: nowhere });
    await vi.waitFor(async () => expect(await page.locator('body').innerText()).toContain('Berth'), { timeout: 60_000, interval: 200 });
    expect(page.url().startsWith('app://berth/')).toBe(true);
    const status = async (): Promise<{ shells: string[]; home: string; state: string }> => {
      // Exit code 3 says that no engine runs; what is printed is the same.
      const { stdout } = await run(join(resources, 'bin/berth'), ['status', '--json'], {
        env: { ...lab.env, BERTH_RESOURCES: nowhere },
      }).catch((error: unknown) => error as { stdout: string });
      return JSON.parse(stdout) as { shells: string[]; home: string; state: string };
    };
    await vi.waitFor(async () => expect((await status()).shells).toEqual(['electron']), { timeout: 60_000, interval: 1000 });
    expect((await status()).home).toBe(lab.home);
    const gone = new Promise((done) => child.once('exit', done));
    await app.evaluate(({ app: electron }) => electron.quit());
    expect(await gone).toBe(0);
  });
});
