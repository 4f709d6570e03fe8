// T1 in a real Chromium: what pages of other origins on the same loopback can do to the browser shell (nothing), and what the window itself gives away.
import { statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { writeRedirect } from '../../main/lib/browser';
import { startBrowserShell } from '../fakes/browser-shell';
import type { BrowserShell } from '../fakes/browser-shell';
import { openWindow } from './window';
import type { TestWindow } from './window';

const launch = (...args: string[]): Promise<Browser> =>
  chromium.launch({
    executablePath: process.env['BERTH_TEST_CHROMIUM'] ?? '/usr/bin/chromium',
    args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), ...args],
  });

describe('a page of a container, on another port of the loopback', () => {
  let shell: BrowserShell;
  let attacker: Server;
  let browser: Browser;
  const cookies: (string | undefined)[] = [];
  const at = (): string => `http://localhost:${(attacker.address() as AddressInfo).port}/`;

  beforeAll(async () => {
    shell = await startBrowserShell();
    attacker = createServer((request, response) => {
      cookies.push(request.headers.cookie);
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end('<!doctype html><title>container</title>');
    });
    await new Promise<void>((resolve) => {
      attacker.listen(0, '127.0.0.1', resolve);
    });
    // Chromium's own fence around local networks is taken down: it is none to count on.
    browser = await launch('--host-resolver-rules=MAP rebound.test 127.0.0.1', '--disable-features=LocalNetworkAccessChecks');
  });
  afterAll(async () => {
    await browser.close();
    attacker.close();
    await shell.dispose();
  });

  test.each(['127.0.0.1', 'localhost'])('reads nothing from %s by fetch, socket, frame, form, script or window', async (host) => {
    const page = await browser.newPage();
    await page.goto(at());
    const target = `http://${host}:${shell.port}`;
    const results = await page.evaluate(async (to) => {
      const outcome = (work: Promise<unknown>): Promise<string> =>
        work.then(
          (value) => `got ${String(value)}`,
          () => 'refused',
        );
      const loads = (element: HTMLElement): Promise<string> =>
        new Promise((resolve) => {
          element.onload = () => resolve('loaded');
          element.onerror = () => resolve('refused');
          document.body.append(element);
          setTimeout(() => resolve('silent'), 2000);
        });
      const script = Object.assign(document.createElement('script'), { src: `${to}/assets/app.js` });
      const frame = Object.assign(document.createElement('iframe'), { src: `${to}/` });
      const json = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"code":"x"}' };
      const loaded = loads(frame);
      return {
        get: await outcome(fetch(`${to}/`).then((response) => response.text())),
        credentials: await outcome(fetch(`${to}/`, { credentials: 'include' }).then((response) => response.text())),
        post: await outcome(fetch(`${to}/api/session`, json).then((response) => response.text())),
        simplePost: await outcome(
          fetch(`${to}/api/session`, { method: 'POST', mode: 'no-cors', body: '{"code":"x"}' }).then(
            (response) => `${response.type}${response.status}`,
          ),
        ),
        socket: await outcome(
          new Promise((resolve, reject) => {
            const socket = new WebSocket(`${to.replace('http', 'ws')}/api/ws`);
            socket.onopen = resolve;
            socket.onerror = reject;
          }),
        ),
        events: await outcome(
          new Promise((resolve, reject) => {
            const source = new EventSource(`${to}/`);
            source.onopen = resolve;
            source.onerror = reject;
          }),
        ),
        script: await loads(script),
        frame: await loaded.then(() => {
          try {
            return frame.contentDocument?.title ?? 'opaque';
          } catch {
            return 'opaque';
          }
        }),
      };
    }, target);
    expect(results).toEqual({
      get: 'refused',
      credentials: 'refused',
      post: 'refused',
      // Opaque by the browser's rules: it was answered 403 or 415, and the page cannot even see that.
      simplePost: expect.stringMatching(/^(got opaque0|refused)$/) as string,
      socket: 'refused',
      events: 'refused',
      script: 'refused',
      frame: 'opaque',
    });
    expect(shell.calls).toEqual([]);
    await page.close();
  });

  test('posts no form into it, and gets no hold of a window that it opens', async () => {
    const page = await browser.newPage();
    await page.goto(at());
    await page.setContent(
      `<form id="f" method="post" enctype="text/plain" action="http://127.0.0.1:${shell.port}/api/session"><input name='{"code":"' value='x"}'></form>`,
    );
    const [response] = await Promise.all([
      page.waitForResponse(/api\/session/),
      page.evaluate(() => (document.getElementById('f') as HTMLFormElement).submit()),
    ]);
    expect(response.status()).toBe(403);
    const other = await browser.newPage();
    await other.goto(at());
    const [popup] = await Promise.all([
      other.waitForEvent('popup'),
      other.evaluate((to) => void Object.assign(window, { opened: window.open(to) }), `http://127.0.0.1:${shell.port}/`),
    ]);
    await popup.waitForLoadState();
    expect(await popup.evaluate(() => window.opener as unknown)).toBeNull();
    // Cross-Origin-Opener-Policy: to its opener the window counts as closed.
    expect(await other.evaluate(() => (window as unknown as { opened: Window }).opened.closed)).toBe(true);
  });

  test('is not helped by a name that was bound again to the loopback', async () => {
    const page = await browser.newPage();
    const address = `http://rebound.test:${shell.port}/`;
    const [response] = await Promise.all([page.waitForResponse(address), page.goto(address).catch(() => undefined)]);
    expect(response.status()).toBe(403);
    // The attacker's own page came under that name before it was bound to us; from here on its requests are same-origin.
    await page.route(address, (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>attacker</title>' }));
    await page.goto(address);
    expect(await page.title()).toBe('attacker');
    const status = await page.evaluate(() =>
      fetch('/api/session', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"code":"x"}' }).then(
        (answer) => answer.status,
      ),
    );
    expect(status).toBe(403);
    expect(
      await page.evaluate(
        () =>
          new Promise((resolve) =>
            Object.assign(new WebSocket(`ws://${location.host}/api/ws`), {
              onopen: () => resolve('open'),
              onerror: () => resolve('refused'),
            }),
          ),
      ),
    ).toBe('refused');
    expect(shell.calls).toEqual([]);
  });

  test('receives no cookie, because none is ever set', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(shell.server.address(10_000));
    await page.goto(at());
    expect(await context.cookies()).toEqual([]);
    expect(cookies.every((cookie) => cookie === undefined)).toBe(true);
  });
});

describe('the window itself', () => {
  let opened: TestWindow;
  beforeEach(async () => {
    opened = await openWindow({ containers: 2 });
    await opened.page.getByRole('navigation').first().waitFor();
  });
  afterEach(() => opened.close());

  test('keeps its code out of the address bar and its token in this tab; a code works once', async () => {
    const { page, headless } = opened;
    expect(page.url()).not.toContain('code');
    const stored = await page.evaluate(() => ({
      session: Object.keys(sessionStorage),
      local: JSON.stringify(localStorage),
      cookie: document.cookie,
    }));
    expect(stored.session).toContain('berth.token');
    expect(stored.local).not.toMatch(/[\w-]{43}/);
    expect(stored.cookie).toBe('');

    const address = await headless.address(60_000);
    const used = async (): Promise<boolean> => {
      const tab = await page.context().newPage();
      await tab.goto(address);
      await tab.waitForFunction(() => !location.hash.includes('code'));
      await tab.waitForTimeout(1500);
      const token = await tab.evaluate(() => sessionStorage.getItem('berth.token'));
      await tab.close();
      return token !== null;
    };
    expect(await used()).toBe(true);
    expect(await used()).toBe(false);
  });

  test('runs no script that was put into it, and loads nothing from elsewhere', async () => {
    const { page } = opened;
    const ran = await page.evaluate(async () => {
      const flags = window as unknown as { ran: string[] };
      flags.ran = [];
      const refusals: string[] = [];
      const attempt = (name: string, work: () => void): void => {
        try {
          work();
        } catch {
          refusals.push(name);
        }
      };
      attempt('html', () => document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="ran.push(1)">'));
      attempt('handler', () => {
        const image = document.createElement('img');
        image.setAttribute('onerror', 'ran.push(2)');
        image.src = 'x';
        document.body.append(image);
      });
      attempt('link', () => {
        const link = document.createElement('a');
        link.href = 'javascript:ran.push(3)';
        document.body.append(link);
        link.click();
      });
      for (const source of ['data:text/javascript,ran.push(4)', 'https://evil.example/x.js']) {
        attempt('source', () => document.body.append(Object.assign(document.createElement('script'), { src: source })));
      }
      attempt('inline', () => document.body.append(Object.assign(document.createElement('script'), { textContent: 'ran.push(7)' })));
      // Later, because what a debugger evaluates is exempt from the policy.
      setTimeout(() => {
        // eslint-disable-next-line @typescript-eslint/no-implied-eval -- what the policy must refuse
        (new Function('ran.push(5)') as () => void)();
      }, 0);
      // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the same
      attempt('timer', () => setTimeout('ran.push(6)', 0));
      const base = document.createElement('base');
      base.href = 'https://evil.example/';
      document.head.append(base);
      const remote = await fetch('https://evil.example/').then(
        () => 'loaded',
        () => 'refused',
      );
      await new Promise((resolve) => setTimeout(resolve, 300));
      return { ran: flags.ran, html: refusals.includes('html'), remote, base: document.baseURI.startsWith(location.origin) };
    });
    expect(ran).toEqual({ ran: [], html: true, remote: 'refused', base: true });
  });

  test('opens from the private file that keeps the code out of every command line', async () => {
    const { page, headless } = opened;
    const file = writeRedirect(await headless.address(30_000), dirname(process.env['BERTH_HOME'] ?? '/tmp'));
    expect(statSync(file.path).mode & 0o777).toBe(0o600);
    const tab = await page.context().newPage();
    await tab.goto(`file://${file.path}`);
    await tab.getByRole('navigation').first().waitFor();
    expect(tab.url()).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/(#(?!code).*)?$/);
    file.remove();
  });
});
