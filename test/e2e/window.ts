// A real Chromium with the real window, over the real browser shell; only the VM and dockerd are fakes that speak the real protocols.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { BerthError } from '../../preload/contract';
import { prepareHome } from '../../main/control/home';
import { runHeadless } from '../../main/headless/run';
import type { Headless } from '../../main/headless/run';
import { createLog } from '../../main/lib/log';
import { createTexts } from '../../main/lib/texts';
import { startFakeDockerd } from '../fakes/dockerd/server';
import type { FakeDockerd } from '../fakes/dockerd/server';
import { createFakeVm } from '../fakes/vm';
import type { FakeVmOptions } from '../fakes/vm';
import { createFakeGuestDisk } from '../fakes/guest-disk';
import type { FakeShares } from '../fakes/shares';

const CHROMIUM = process.env['BERTH_TEST_CHROMIUM'] ?? '/usr/bin/chromium';
const ADDRESS_MS = 600_000;

export interface TestWindow {
  readonly page: Page;
  readonly dockerd: FakeDockerd;
  readonly headless: Headless;
  /** What the page complained of: errors of scripts, refusals of the policy, requests that failed or left the origin. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

export interface TestWindowOptions extends Pick<
  BrowserContextOptions,
  'locale' | 'colorScheme' | 'viewport' | 'reducedMotion' | 'forcedColors'
> {
  readonly containers?: number;
  readonly images?: number;
  readonly stopped?: boolean;
  readonly phaseMs?: number;
  /** Commands in the guest, e.g. curl done on this machine. */
  readonly exec?: FakeVmOptions['exec'];
  /** Devices of shares. */
  readonly shares?: FakeShares;
  /** The next start fails with this. */
  readonly failure?: () => BerthError | undefined;
  /** The next stop fails with this. */
  readonly stopFailure?: () => BerthError | undefined;
  /** The VM suspends. */
  readonly suspend?: boolean;
  /** Why the next start cannot use what was saved. */
  readonly notResumed?: FakeVmOptions['notResumed'];
  /** The guest tells of its disk, whose file has blocks. */
  readonly disk?: boolean;
  /** What the guard of this computer's space found. */
  readonly hostSpace?: FakeVmOptions['hostSpace'];
  /** The data disk that a repair finds. */
  readonly repair?: FakeVmOptions['repair'];
  /** Fills the engine before anything reads it. */
  readonly seed?: (dockerd: FakeDockerd) => void;
  /** In place of /var/run/docker.sock. */
  readonly systemSocket?: string;
  /** Before the page is opened. */
  readonly prepare?: (page: Page) => Promise<void>;
}

/** global-setup.ts built it. */
function builtRenderer(): string {
  const folder = process.env['BERTH_TEST_RENDERER'];
  if (folder === undefined) {
    throw new Error('there is no window: tests that open one belong to the project e2e');
  }
  return folder;
}

export async function openWindow(options: TestWindowOptions = {}): Promise<TestWindow> {
  const {
    containers = 6,
    images = 4,
    stopped = false,
    phaseMs = 20,
    exec,
    shares,
    disk = false,
    hostSpace,
    failure,
    stopFailure,
    repair,
    suspend,
    notResumed,
    seed,
    prepare,
    systemSocket,
    ...context
  } = options;
  const root = mkdtempSync(join(tmpdir(), 'berth-window-'));
  const files = await prepareHome(root);
  const engine = join(files.run.folder, 'engine.sock');
  const dockerd = await startFakeDockerd(engine, { containers, images });
  seed?.(dockerd);
  const headless = await runHeadless({
    files,
    log: createLog(files.logs.berth),
    texts: createTexts('en'),
    renderer: builtRenderer(),
    systemSocket: systemSocket ?? join(root, 'system.sock'),
    resources: { guest: join(root, 'no-guest'), bundle: join(root, 'no-bundle') },
    version: '0.0.0',
    build: 'dev',
    locale: context.locale ?? 'en-US',
    port: 0,
    window: 'none',
    start: !stopped,
    createVm: createFakeVm({
      engine,
      phaseMs,
      configuration: dockerd.configuration,
      ...(exec === undefined ? {} : { exec }),
      ...(shares === undefined ? {} : { shares }),
      ...(failure === undefined ? {} : { failure }),
      ...(stopFailure === undefined ? {} : { stopFailure }),
      ...(hostSpace === undefined ? {} : { hostSpace }),
      ...(disk ? { disk: createFakeGuestDisk(() => dockerd.model) } : {}),
      ...(repair === undefined ? {} : { repair }),
      ...(suspend === undefined ? {} : { suspend }),
      ...(notResumed === undefined ? {} : { notResumed }),
    }),
    print: () => undefined,
    say: () => undefined,
  });
  const browser: Browser = await chromium.launch({ executablePath: CHROMIUM, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
  const page = await (await browser.newContext({ locale: 'en-US', viewport: { width: 1280, height: 800 }, ...context })).newPage();
  page.setDefaultTimeout(30_000);
  const complaints: string[] = [];
  const address = await headless.address(ADDRESS_MS);
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') {
      complaints.push(message.text());
    }
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(address).origin) {
      complaints.push(`asked ${request.url()}`);
    }
  });
  await prepare?.(page);
  await page.goto(address);
  return {
    page,
    dockerd,
    headless,
    complaints,
    async close() {
      await browser.close();
      await headless.dispose({ keepVm: false });
      await dockerd.stop();
      rmSync(root, { recursive: true, force: true });
    },
  };
}
