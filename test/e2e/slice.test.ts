// The whole way, with nothing faked: the built application, the real VM, a real dockerd, a real Chromium and a real Electron over one home, and
// the docker CLI beside them. An image is loaded, run, stopped and started with one click, its log followed, a shell opened in it.
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { useElectron, noElectron } from './electron/launch';
import { makeRootfs, TEST_PAGE } from '../vm/images';
import { testResources } from '../vm/open-vm';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '../..');
const IMAGE = 'berth-slice:1';
const PORT = 18_473;
/** A start under emulation on a busy machine. */
const START_MS = 240_000;

let folder = '';
let archive = '';
let docker: (...args: string[]) => Promise<string> = () => Promise.reject(new Error('not set up'));

beforeAll(async () => {
  folder = await mkdtemp('/tmp/berth-slice-');
  archive = await imageArchive(folder);
  const { bundle } = await testResources();
  const env = {
    ...process.env,
    DOCKER_HOST: `unix://${join(folder, 'home', 'run', 'docker.sock')}`,
    DOCKER_CONFIG: join(folder, 'docker'),
  };
  docker = async (...args) => (await run(join(bundle, 'bin', 'docker'), args, { env })).stdout;
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('browser shell', () => {
  let backend: ChildProcess | undefined;
  let browser: Browser | undefined;

  afterAll(async () => {
    await browser?.close();
    await berth('stop');
    backend?.kill('SIGKILL');
  });

  test('from a stopped engine to a container that is run, followed, entered, stopped and started', { timeout: 900_000 }, async () => {
    const opened = await startHeadless();
    backend = opened.child;
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
    const page = await (await browser.newContext({ locale: 'en-US', viewport: { width: 1280, height: 800 } })).newPage();
    page.setDefaultTimeout(60_000);
    await page.goto(opened.address);
    await startEngine(page);

    await page.getByRole('navigation').getByRole('link', { name: 'Images' }).click();
    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Load tar' }).click();
    await (await chooser).setFiles(archive);
    await page.getByRole('row').filter({ hasText: 'berth-slice' }).getByRole('button', { name: /^Run/ }).click();

    await page.getByLabel('Name', { exact: true }).fill('slice');
    await page
      .getByRole('textbox', { name: 'Command' })
      .fill(`sh -c 'i=0; httpd -p 80 -h /www; while true; do i=$((i+1)); echo tick $i; sleep 1; done'`);
    await page.getByRole('button', { name: 'Add a port' }).click();
    await page.getByLabel('Port on this computer').fill(String(PORT));
    await page.getByLabel('Port in the container').fill('80');
    await page.getByRole('button', { name: 'Run', exact: true }).click();

    await page.getByRole('region', { name: 'Log of slice' }).getByText('tick 2', { exact: true }).waitFor();
    for (const host of ['127.0.0.1', '[::1]']) {
      expect(await (await fetch(`http://${host}:${PORT}/`)).text()).toBe(TEST_PAGE);
    }
    expect(await docker('ps', '--format', '{{.Names}} {{.Ports}}')).toMatch(/^slice .*18473->80/);

    await page.getByRole('tab', { name: 'Terminal' }).click();
    await page.locator('.xterm-helper-textarea').waitFor({ state: 'attached' });
    const screen = page.locator('.xterm-rows');
    await screen.filter({ hasText: '#' }).waitFor();
    await page.keyboard.type('echo $((6*7))-from-inside\n');
    await screen.filter({ hasText: '42-from-inside' }).waitFor();

    await oneClick(page);
  });
});

describe.skipIf(noElectron !== undefined)('Electron', () => {
  const lab = useElectron({ application: root });

  test('owns the same home: one click starts the container of before, quitting stops the VM', { timeout: 900_000 }, async () => {
    const { app, page, child } = await lab.launch({ BERTH_HOME: join(folder, 'home'), DOCKER_CONFIG: join(folder, 'docker') });
    page.setDefaultTimeout(60_000);
    await startEngine(page);

    await page.getByRole('complementary').getByRole('button', { name: 'Terminal', exact: true }).click();
    const screen = page.locator('.xterm-rows');
    await screen.filter({ hasText: /[#$]/ }).waitFor();
    await page.keyboard.type('docker ps --all --format "{{.Names}} is $((6*7))"\n');
    await screen.filter({ hasText: 'slice is 42' }).waitFor();

    await oneClick(page);
    expect(await docker('exec', 'slice', 'cat', '/www/index.html')).toBe(TEST_PAGE);
    const { pid } = JSON.parse(await readFile(join(folder, 'home', 'state', 'vm.json'), 'utf8')) as { readonly pid: number };
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    const ended = new Promise((done) => child.once('exit', done));
    await app.evaluate(({ app: application }) => application.quit()).catch(() => undefined);
    await ended;
    expect(existsSync(`/proc/${pid}`)).toBe(false);
  });
});

/** Starts the engine if the page says that it is off, and waits until it says that it runs. */
async function startEngine(page: Page): Promise<void> {
  const main = page.getByRole('main');
  const start = main.getByRole('button', { name: 'Start', exact: true }).first();
  const running = main.getByRole('heading', { name: 'Running' });
  await start
    .or(running)
    .or(main.getByRole('heading', { name: /Starting/ }))
    .first()
    .waitFor();
  if (await start.isVisible()) {
    await start.click();
  }
  await running.waitFor({ timeout: START_MS });
}

/** One click stops it, one click starts it, as the row and the engine both say. */
async function oneClick(page: Page): Promise<void> {
  await page.getByRole('navigation').getByRole('link', { name: 'Containers' }).click();
  const row = page.getByRole('row').filter({ hasText: 'slice' });
  const state = (): Promise<string> => docker('inspect', '--format', '{{.State.Status}}', 'slice');
  const start = row.getByRole('button', { name: 'Start: slice' });
  const stop = row.getByRole('button', { name: 'Stop: slice' });
  await start.or(stop).first().waitFor();
  if (await stop.isVisible()) {
    await stop.click();
    await start.waitFor();
    expect(await state()).toBe('exited\n');
  }
  await start.click();
  await stop.waitFor();
  expect(await state()).toBe('running\n');
}

function startHeadless(): Promise<{ readonly child: ChildProcess; readonly address: string }> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [join(root, 'dist/main/headless.cjs'), '--print', '--no-start'], { env: environment() });
    let said = '';
    const read = (text: Buffer): void => {
      said += text.toString();
      const [address] = /http:\/\/127\.0\.0\.1:\d+\/#code=\S+/.exec(said) ?? [];
      if (address !== undefined) {
        done({ child, address });
      }
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('exit', () => fail(new Error(`the browser shell ended: ${said}`)));
  });
}

function berth(...args: string[]): Promise<unknown> {
  return run(process.execPath, [join(root, 'dist/main/cli.cjs'), ...args], { env: environment() });
}

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, BERTH_HOME: join(folder, 'home'), DOCKER_CONFIG: join(folder, 'docker'), LANG: 'en_US.UTF-8', DISPLAY: '' };
}

/** What `docker save` would have written of a one-layer image, made without an engine. */
async function imageArchive(work: string): Promise<string> {
  const rootfs = await makeRootfs();
  const out = join(work, 'image');
  await run('mkdir', [out]);
  await run('tar', ['-C', rootfs, '--owner=0', '--group=0', '-cf', join(out, 'layer.tar'), '.']);
  await rm(rootfs, { recursive: true });
  const diff = createHash('sha256')
    .update(await readFile(join(out, 'layer.tar')))
    .digest('hex');
  const config = { architecture: 'amd64', os: 'linux', config: { Cmd: ['sh'] }, rootfs: { type: 'layers', diff_ids: [`sha256:${diff}`] } };
  await writeFile(join(out, 'config.json'), JSON.stringify(config));
  await writeFile(join(out, 'manifest.json'), JSON.stringify([{ Config: 'config.json', RepoTags: [IMAGE], Layers: ['layer.tar'] }]));
  const file = join(work, 'slice.tar');
  await run('tar', ['-C', out, '-cf', file, 'manifest.json', 'config.json', 'layer.tar']);
  return file;
}
