// The points of Electron's security checklist that a test can decide, each in a real Electron on the real window. The numbers are the checklist's.
import { readFileSync } from 'node:fs';
import type { ElectronApplication, Page } from 'playwright-core';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { contentSecurityPolicy } from '../../main/lib/csp';
import { allowedUrls, hostileUrls } from '../fakes/hostile-urls';
import { callFromPage } from './electron/call-from-page';
import type { TestAccess } from './electron/entry';
import { noElectron, useElectron } from './electron/launch';

declare const berthTest: TestAccess;

const soon = { timeout: 40_000, interval: 100 };
const home = 'app://berth/';

describe.skipIf(noElectron !== undefined)(`Electron's security checklist${noElectron === undefined ? '' : ` (${noElectron})`}`, () => {
  const lab = useElectron();
  let app: ElectronApplication;
  let page: Page;
  /** Every address that the page asked for. */
  const requested: string[] = [];

  beforeAll(async () => {
    if (noElectron !== undefined) {
      return;
    }
    ({ app, page } = await lab.launch());
    page.on('request', (request) => requested.push(request.url()));
    await page.addInitScript(() => {
      const seen: string[] = [];
      Object.assign(window, { violations: seen });
      document.addEventListener('securitypolicyviolation', (event) => seen.push(`${event.effectiveDirective} ${event.blockedURI}`));
    });
    await reload();
  }, 180_000);

  const pages = (): Promise<number> => app.evaluate(() => berthTest.backends.at(-1)?.pages.size ?? 0);
  const connected = (): Promise<void> => vi.waitFor(async () => expect(await pages()).toBe(1), soon);
  const violations = (): Promise<string[]> => page.evaluate(() => (window as unknown as { violations: string[] }).violations);

  async function reload(): Promise<void> {
    await page.reload();
    await connected();
  }

  type Preferences = Readonly<Record<string, unknown>>;
  /** Of every window there is. */
  const preferences = (): Promise<Preferences[]> =>
    app.evaluate(({ webContents }) =>
      webContents.getAllWebContents().map((contents) => {
        const { getLastWebPreferences } = contents as unknown as { getLastWebPreferences(): Preferences };
        return JSON.parse(JSON.stringify(getLastWebPreferences.call(contents))) as Preferences;
      }),
    );
  async function expectPreference(name: string, value: unknown): Promise<void> {
    const found = await preferences();
    expect(found.length).toBeGreaterThan(0);
    for (const each of found) {
      expect(each[name] ?? false, name).toBe(value);
    }
  }

  it('1: the page loads from its own scheme only', async () => {
    expect(requested.length).toBeGreaterThan(1);
    expect(requested.filter((url) => !url.startsWith(home))).toEqual([]);
  });

  it('2: no Node in the page', async () => {
    await expectPreference('nodeIntegration', false);
    await expectPreference('nodeIntegrationInWorker', false);
    await expectPreference('nodeIntegrationInSubFrames', false);
    expect(
      await page.evaluate(() => [
        typeof Reflect.get(window, 'require'),
        typeof Reflect.get(window, 'process'),
        typeof Reflect.get(window, 'module'),
      ]),
    ).toEqual(['undefined', 'undefined', 'undefined']);
  });

  it('3: the preload lives in a world of its own, which a page that rewrites built-ins does not reach', async () => {
    await expectPreference('contextIsolation', true);
    const ports = (): Promise<number> => app.evaluate(() => berthTest.backends.at(-1)?.connects ?? 0);
    const before = await ports();
    // Broken while the preload answers, then mended: a page that stays broken makes old Chromium's debugger, which drives this test, crash it.
    await page.evaluate(() => {
      const broken = (): never => {
        throw new Error('reached');
      };
      const post = window.postMessage.bind(window);
      const get = { get: broken, configurable: true };
      const value = { value: broken, configurable: true };
      const breakages: {
        readonly on: object;
        readonly name: PropertyKey;
        readonly as: PropertyDescriptor;
        was?: PropertyDescriptor | undefined;
      }[] = [
        ...['ports', 'sender', 'source', 'data'].map((name) => ({ on: Object.prototype, name, as: get })),
        { on: JSON, name: 'parse', as: value },
        { on: window, name: 'postMessage', as: value },
        { on: Array.prototype, name: 'push', as: value },
        { on: Array.prototype, name: Symbol.iterator, as: value },
      ];
      const { defineProperty, getOwnPropertyDescriptor } = Object;
      const { deleteProperty } = Reflect;
      setTimeout(() => {
        breakages.forEach(({ on, name, was }) => (was === undefined ? deleteProperty(on, name) : defineProperty(on, name, was)));
      }, 200);
      breakages.forEach((each) => {
        each.was = getOwnPropertyDescriptor(each.on, each.name);
        defineProperty(each.on, each.name, each.as);
      });
      post('berth:connect', location.origin);
    });
    await vi.waitFor(async () => expect(await ports()).toBeGreaterThan(before), soon);
    // Not by looking into the page, which cannot be looked into before.
    await page.waitForTimeout(500);
    await reload();
  });

  it('4: every page runs sandboxed, as the kernel says too', async () => {
    await expectPreference('sandbox', true);
    const pids = await app.evaluate(({ webContents }) => webContents.getAllWebContents().map((contents) => contents.getOSProcessId()));
    for (const pid of pids) {
      expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/^Seccomp:\t2$/m);
    }
    expect(app.process().spawnargs).not.toContain('--no-sandbox');
  });

  it('5: every permission is refused but writing text to the clipboard', async () => {
    const states = await page.evaluate(async () => {
      const names = [
        'geolocation',
        'notifications',
        'camera',
        'microphone',
        'midi',
        'clipboard-read',
        'persistent-storage',
        'background-sync',
        'idle-detection',
        'screen-wake-lock',
      ];
      return Promise.all(
        names.map((name) =>
          navigator.permissions.query({ name: name as PermissionName }).then(
            ({ state }) => `${name} ${state}`,
            () => `${name} denied`,
          ),
        ),
      );
    });
    expect(states.filter((state) => !state.endsWith(' denied') && !state.endsWith(' prompt'))).toEqual([]);
    const asked = await page.evaluate(async () => {
      const refused = (work: Promise<unknown>): Promise<string> =>
        work.then(
          (given) => (Array.isArray(given) && given.length === 0 ? 'nothing' : 'granted'),
          (error: unknown) => (error as Error).name,
        );
      const anything = navigator as unknown as Record<
        string,
        { requestDevice?: (options: object) => Promise<unknown>; requestPort?: () => Promise<unknown> }
      >;
      return Promise.all([
        Notification.requestPermission(),
        refused(new Promise((resolve, reject) => navigator.geolocation.getCurrentPosition(resolve, () => reject(new Error('denied'))))),
        refused(navigator.mediaDevices.getUserMedia({ audio: true })),
        refused(navigator.mediaDevices.getUserMedia({ video: true })),
        refused(navigator.mediaDevices.getDisplayMedia()),
        refused(navigator.clipboard.readText()),
        refused(anything['usb']?.requestDevice?.({ filters: [] }) ?? Promise.reject(new Error('absent'))),
        refused(anything['hid']?.requestDevice?.({ filters: [] }) ?? Promise.reject(new Error('absent'))),
        refused(anything['serial']?.requestPort?.() ?? Promise.reject(new Error('absent'))),
      ]);
    });
    expect(asked.filter((answer) => answer === 'granted')).toEqual([]);
  });

  it('6: web security is on, and another origin cannot be read', async () => {
    await expectPreference('webSecurity', true);
    const read = (url: string): Promise<string> =>
      page.evaluate(
        (address) =>
          fetch(address).then(
            () => 'read',
            () => 'refused',
          ),
        url,
      );
    expect(await read('http://127.0.0.1:9/')).toBe('refused');
    expect(await read('app://other/')).toBe('refused');
    expect(await read('https://docs.docker.com/')).toBe('refused');
  });

  it('7: the content security policy is sent, holds, and the window does not run into it', async () => {
    await reload();
    expect(await violations()).toEqual([]);
    const header = await page.evaluate(async () => (await fetch(location.href)).headers.get('content-security-policy'));
    expect(header).toBe(contentSecurityPolicy);
    await page.evaluate(async () => {
      const add = (tag: string, attributes: Record<string, string>, text = ''): void => {
        try {
          const element = document.createElement(tag);
          Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
          element.textContent = text;
          document.head.append(element);
        } catch {
          // Trusted types refuse the text of a script before the policy on scripts does.
        }
      };
      Object.assign(window, { ran: [] });
      add('script', {}, 'window.ran.push("inline")');
      add('script', { src: 'data:text/javascript,window.ran.push("data")' });
      add('script', { src: 'https://docs.docker.com/x.js' });
      add('img', { src: 'https://docs.docker.com/x.png', onerror: 'window.ran.push("attribute")' });
      add('iframe', { src: 'https://docs.docker.com/' });
      add('object', { data: 'https://docs.docker.com/' });
      add('base', { href: 'https://docs.docker.com/' });
      // Outside of the debugger's own evaluation, which may use eval.
      await new Promise((resolve) => {
        setTimeout(() => {
          try {
            (0, eval)('window.ran.push("eval")');
          } catch {
            // As it should be.
          }
          setTimeout(resolve, 500);
        });
      });
    });
    expect(await page.evaluate((): unknown[] => [Reflect.get(window, 'ran') as unknown, document.baseURI])).toEqual([[], home]);
    expect((await violations()).length).toBeGreaterThanOrEqual(7);
    await reload();
  });

  it('8: no insecure content', () => expectPreference('allowRunningInsecureContent', false));
  it('9: no experimental features', () => expectPreference('experimentalFeatures', false));
  it('10: no Blink features switched on', async () => {
    for (const each of await preferences()) {
      expect(each['enableBlinkFeatures'] ?? '').toBe('');
    }
  });

  it('11, 12: no webview, and none can be attached', async () => {
    await expectPreference('webviewTag', false);
    const before = await app.evaluate(({ webContents }) => webContents.getAllWebContents().length);
    await page.evaluate(() => {
      const view = document.createElement('webview');
      view.setAttribute('src', 'data:text/html,x');
      view.setAttribute('allowpopups', '');
      document.body.append(view);
    });
    await page.waitForTimeout(300);
    expect(await app.evaluate(({ webContents }) => webContents.getAllWebContents().length)).toBe(before);
    const prevented = await app.evaluate(({ BrowserWindow }) => {
      let refused = false;
      BrowserWindow.getAllWindows()[0]?.webContents.emit('will-attach-webview', { preventDefault: () => (refused = true) }, {}, {});
      return refused;
    });
    expect(prevented).toBe(true);
    await reload();
  });

  const away: Readonly<Record<string, () => void>> = {
    'location =': () => void (location.href = 'https://docs.docker.com/'),
    'location.replace': () => location.replace('app://other/'),
    'a file address': () => void (location.href = 'file:///etc/passwd'),
    'a data address': () => void (location.href = 'data:text/html,x'),
    'a link': () => {
      const link = document.body.appendChild(document.createElement('a'));
      link.href = 'https://docs.docker.com/';
      link.click();
    },
    'a link to a new window': () => {
      const link = document.body.appendChild(document.createElement('a'));
      Object.assign(link, { href: 'https://docs.docker.com/', target: '_blank' });
      link.click();
    },
    'a form': () => {
      const form = document.body.appendChild(document.createElement('form'));
      Object.assign(form, { action: 'https://docs.docker.com/', method: 'post' });
      form.submit();
    },
    'a refresh': () => {
      const meta = document.head.appendChild(document.createElement('meta'));
      meta.httpEquiv = 'refresh';
      meta.content = '0;url=https://docs.docker.com/';
    },
    'window.open': () => void window.open('https://docs.docker.com/'),
    'window.open of itself': () => void window.open('app://berth/', 'named'),
    'a dropped file': () => {
      const data = new DataTransfer();
      data.items.add(new File(['<p>x'], 'x.html', { type: 'text/html' }));
      for (const type of ['dragenter', 'dragover', 'drop']) {
        document.body.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
      }
    },
  };

  it.each(Object.entries(away))('13, 14: the page stays, and no window opens: %s', async (_name, leave) => {
    await page.evaluate(leave);
    await page.waitForTimeout(250);
    expect(new URL(page.url()).origin + '/').toBe(new URL(home).origin + '/');
    expect(page.url().startsWith(home)).toBe(true);
    expect(await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1);
    await reload();
  });

  it('13: a redirect does not lead out', async () => {
    const refused = await app.evaluate(({ BrowserWindow }) => {
      let prevented = false;
      BrowserWindow.getAllWindows()[0]?.webContents.emit(
        'will-redirect',
        { preventDefault: () => (prevented = true), url: 'https://x.example/' },
        'https://x.example/',
      );
      return prevented;
    });
    expect(refused).toBe(true);
  });

  it(`15: of ${allowedUrls.length + hostileUrls.length} addresses only the allowed ones reach the system`, async () => {
    await app.evaluate(({ shell }) => {
      const opened: string[] = [];
      Object.assign(berthTest, { opened });
      shell.openExternal = (url) => {
        opened.push(url);
        return Promise.resolve();
      };
    });
    const outcomes = await callFromPage(
      page,
      'shell.openExternal',
      [...hostileUrls, ...allowedUrls].map((url) => ({ url })),
    );
    expect(outcomes.filter((outcome) => outcome === 'result')).toHaveLength(allowedUrls.length);
    const opened = await app.evaluate(() => (berthTest as TestAccess & { opened: string[] }).opened);
    expect(opened).toEqual(allowedUrls.map((url) => new URL(url).href));
    await reload();
  });

  it('17: one channel is registered, and only our own main frame is answered on it', async () => {
    const channels = await app.evaluate(({ ipcMain }) => {
      const handlers = (ipcMain as unknown as { _invokeHandlers?: Map<string, unknown> })._invokeHandlers;
      // "error" is Electron's own listener.
      return [...ipcMain.eventNames().map(String), ...(handlers?.keys() ?? [])].filter((name) => name !== 'error');
    });
    expect(channels).toEqual(['berth:connect']);

    await connected();
    const warnings = await app.evaluate(({ ipcMain, BrowserWindow }) => {
      const contents = BrowserWindow.getAllWindows()[0]!.webContents;
      berthTest.warnings.length = 0;
      const { mainFrame } = contents;
      const frames: unknown[] = [
        null,
        { url: 'app://berth/', parent: mainFrame },
        { url: 'https://docs.docker.com/', parent: null },
        Object.create(mainFrame, { url: { value: 'app://berth/' } }),
      ];
      for (const senderFrame of frames) {
        ipcMain.emit('berth:connect', { sender: contents, senderFrame });
      }
      ipcMain.emit('berth:connect', { sender: { id: 99, mainFrame }, senderFrame: mainFrame });
      return berthTest.warnings;
    });
    expect(warnings).toHaveLength(5);
    expect(await pages()).toBe(1);
  });

  it('17: a foreign window with the same preload, and the same window on a foreign page, get no port', async () => {
    const seen = await app.evaluate(async ({ BrowserWindow }) => {
      const [main] = BrowserWindow.getAllWindows();
      const preload = `${process.env['BERTH_TEST_ROOT'] ?? ''}/dist/preload/electron.cjs`;
      berthTest.warnings.length = 0;
      const foreign = new BrowserWindow({ show: false, webPreferences: { preload, sandbox: true, contextIsolation: true } });
      await foreign.loadURL('data:text/html,<title>x</title>');
      await foreign.webContents.executeJavaScript('postMessage("berth:connect", "*")');
      await main!.loadURL('data:text/html,<title>y</title>');
      await main!.webContents.executeJavaScript('postMessage("berth:connect", "*")');
      await new Promise((resolve) => setTimeout(resolve, 500));
      const result = [berthTest.warnings.length, berthTest.backends.at(-1)?.pages.size];
      foreign.destroy();
      await main!.loadURL('app://berth/');
      return result;
    });
    expect(seen).toEqual([2, 0]);
    await connected();
  });

  it('18: the scheme is ours, serves its own files only, and file: cannot be read', async () => {
    expect(page.url().startsWith(home)).toBe(true);
    const outside = [
      'app://berth/../../../../etc/passwd',
      'app://berth/%2e%2e/%2e%2e/etc/passwd',
      'app://berth/..%2f..%2fetc%2fpasswd',
      'app://berth/%5c..%5c..%5cetc%5cpasswd',
      'app://berth/..\\..\\etc\\passwd',
      'app://berth//etc/passwd',
      'app://berth/%00',
      'app://berth/index.html%00.js',
      'app://berth/assets/%2e%2e/%2e%2e/main/electron.cjs',
      'app://berth/etc/passwd',
      'app://berth/assets/',
      'app://berth/.',
      'app://other/index.html',
      'app://berth.example/index.html',
    ];
    const answers = await page.evaluate(
      (urls) =>
        Promise.all(
          urls.map((url) =>
            fetch(url).then(
              async (response) => `${response.status} ${(await response.text()).slice(0, 40)}`,
              () => 'refused',
            ),
          ),
        ),
      outside,
    );
    const bad = answers
      .map((answer, index) => `${outside[index] ?? ''} ${answer}`)
      .filter((line) => !line.endsWith('404 not found') && !line.endsWith('refused'));
    // The folder's own address, spelled with a dot, is the window itself.
    expect(bad.filter((line) => !line.startsWith('app://berth/. 200 <!doctype html>'))).toEqual([]);
    expect(
      await page.evaluate(() =>
        fetch('file:///etc/passwd').then(
          () => 'read',
          () => 'refused',
        ),
      ),
    ).toBe('refused');
    expect(
      await page.evaluate(() =>
        fetch('app://berth/index.html', { method: 'POST', body: 'x' }).then(
          ({ status }) => status,
          () => 404,
        ),
      ),
    ).toBe(404);
  });

  it('20: the page finds nothing of Electron, and nothing that a page without preload does not find', async () => {
    const names = (): string[] =>
      Object.getOwnPropertyNames(window).filter((name) => name !== 'violations' && !/^\d+$|playwright/i.test(name));
    const ours = await page.evaluate(names);
    const plain = await app.evaluate(async ({ BrowserWindow }, source) => {
      const window = new BrowserWindow({ show: false, webPreferences: { sandbox: true, contextIsolation: true } });
      await window.loadURL('app://berth/');
      const found = (await window.webContents.executeJavaScript(`(${source})()`)) as string[];
      window.destroy();
      return found;
    }, names.toString());
    expect(ours.filter((name) => !plain.includes(name))).toEqual([]);
    expect(
      await page.evaluate(() => ['ipcRenderer', 'electron', 'require', 'contextBridge', 'webFrame'].filter((name) => name in window)),
    ).toEqual([]);
  });

  it('20: what the preload posts carries bytes and a port, never an event of Electron', async () => {
    const messages = await page.evaluate(async () => {
      const seen: unknown[] = [];
      window.addEventListener('message', (event) =>
        seen.push([typeof event.data === 'string' ? event.data : 'object', event.ports.length, event.origin]),
      );
      window.postMessage('berth:connect', location.origin);
      await new Promise((resolve) => setTimeout(resolve, 1000));
      return seen;
    });
    // More than once: the window, whose port was taken back, asks for another.
    expect(new Set(messages.map((message) => JSON.stringify(message)))).toEqual(
      new Set(['["berth:connect",0,"app://berth"]', '["berth:port",1,"app://berth"]']),
    );
    await reload();
  });

  it('a proxy that the system or the user set stays in force', async () => {
    const proxy = await app.evaluate(async ({ session }) => {
      await session.defaultSession.setProxy({ proxyRules: 'http=127.0.0.1:1' });
      const found = await session.defaultSession.resolveProxy('http://example.com/');
      await session.defaultSession.setProxy({});
      return found;
    });
    expect(proxy).toBe('PROXY 127.0.0.1:1');
  });
});
