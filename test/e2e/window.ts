// The real window in Debian's Chromium, over the real backend, a fake VM and a fake engine: what the tests of pages look at.
// The window's bundle is built before the suite; BERTH_TEST_RENDERER names another one.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { prepareHome } from '../../main/control/home';
import { runHeadless } from '../../main/headless/run';
import { silentLogger } from '../../main/lib/logger';
import { createTexts } from '../../main/lib/texts';
import { startFakeDockerd } from '../fakes/dockerd/server';
import type { FakeDockerd } from '../fakes/dockerd/server';
import type { ModelOptions } from '../fakes/dockerd/model';
import { createFakeVm } from '../fakes/vm';

export interface WindowOptions extends ModelOptions {
  readonly context?: BrowserContextOptions;
  /** Fills the engine before the window opens. */
  readonly seed?: (fake: FakeDockerd) => void;
  /** The window's first page, e.g. "#/images". */
  readonly route?: string;
}

export interface TestWindow {
  readonly page: Page;
  readonly fake: FakeDockerd;
  /** What the page complained of: errors, and refusals of its content security policy. */
  readonly complaints: readonly string[];
  go(route: string): Promise<void>;
  close(): Promise<void>;
}

const renderer = process.env['BERTH_TEST_RENDERER'] ?? 'dist/renderer';
const executablePath = process.env['BERTH_CHROMIUM'] ?? '/usr/bin/chromium';

export async function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath, args: ['--no-sandbox'] });
}

export async function openWindow(browser: Browser, options: WindowOptions = {}): Promise<TestWindow> {
  if (!existsSync(join(renderer, 'index.html'))) {
    throw new Error(`${renderer} is not built: node scripts/build.mjs`);
  }
  const root = mkdtempSync(join(tmpdir(), 'berth-e2e-'));
  const files = await prepareHome(root);
  const engine = join(files.run.folder, 'engine.sock');
  const fake = await startFakeDockerd(engine, options);
  options.seed?.(fake);
  const headless = await runHeadless({
    files,
    log: silentLogger,
    texts: createTexts('en'),
    renderer,
    resources: { guest: join(root, 'no-guest'), bundle: join(root, 'no-bundle') },
    version: '0.0.0',
    build: 'dev',
    locale: 'en-US',
    port: 0,
    window: 'none',
    start: true,
    createVm: createFakeVm({ engine, phaseMs: 5 }),
    print: () => undefined,
    say: () => undefined,
  });
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-US', colorScheme: 'light', acceptDownloads: true, ...options.context });
  // The picker of files is the system's window, which no test can press; the plain download is the same code but for the target.
  await context.addInitScript('delete window.showSaveFilePicker');
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.text().includes('Content Security Policy')) {
      complaints.push(message.text());
    }
  });
  await page.goto(await headless.address(60_000));
  await page.locator('main').waitFor();
  const go = async (route: string): Promise<void> => {
    await page.evaluate((hash) => {
      location.hash = hash;
    }, route);
  };
  await go(options.route ?? '#/containers');
  return {
    page,
    fake,
    complaints,
    go,
    async close() {
      await context.close();
      await headless.dispose({ keepVm: false });
      await fake.stop();
      rmSync(root, { recursive: true, force: true });
    },
  };
}
