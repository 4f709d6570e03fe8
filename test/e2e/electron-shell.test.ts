// What the Electron shell does beyond the page: closing hides, quitting waits, one instance, the port's life, the place of the window, tray, menu.
import type { ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BrowserWindow as Window } from 'electron';
import type { ElectronApplication, Page } from 'playwright-core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { TestAccess } from './electron/entry';
import { noElectron, useElectron } from './electron/launch';

declare const berthTest: TestAccess;

const soon = { timeout: 40_000, interval: 100 };

describe.skipIf(noElectron !== undefined)(`the Electron shell${noElectron === undefined ? '' : ` (${noElectron})`}`, () => {
  const lab = useElectron();
  let app: ElectronApplication;
  let page: Page;
  let child: ChildProcess;

  async function launch(): Promise<void> {
    ({ app, page, child } = await lab.launch());
    await vi.waitFor(async () => expect(await pages()).toBe(1), soon);
  }
  const pages = (): Promise<number> => app.evaluate(() => [...(berthTest.backends.at(-1)?.pages ?? [])].length);
  const calls = (): Promise<string[]> => app.evaluate(() => berthTest.backends.flatMap((backend) => backend.calls));
  const windows = (): Promise<{ path: string; visible: boolean }[]> =>
    app.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows().map((window) => ({ path: new URL(window.webContents.getURL()).pathname, visible: window.isVisible() })),
    );
  const mainVisible = async (): Promise<boolean | undefined> => (await windows()).find((window) => window.path !== '/quit')?.visible;
  const ended = (): Promise<number | null> =>
    new Promise((resolve) => {
      if (child.exitCode !== null) {
        resolve(child.exitCode);
      }
      child.once('exit', (code) => resolve(code));
    });

  afterEach(async () => {
    if (child.exitCode === null) {
      const gone = ended();
      child.kill('SIGKILL');
      await gone;
    }
  });

  it('hides the window when it is closed, and a second start shows it again and ends by itself', async () => {
    await launch();
    await vi.waitFor(async () => expect(await mainVisible()).toBe(true), soon);
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());
    await vi.waitFor(async () => expect(await mainVisible()).toBe(false), soon);
    expect(child.exitCode).toBeNull();

    const second = lab.spawnSecond();
    expect(await new Promise((resolve) => second.once('exit', resolve))).toBe(0);
    await vi.waitFor(async () => expect(await mainVisible()).toBe(true), soon);
    expect(await calls()).toEqual([]);
  });

  it('stops the engine in order when it quits, says what it waits for, and ends once', async () => {
    await launch();
    const gone = ended();
    await app.evaluate(({ app: electron }) => {
      const backend = berthTest.backends[0];
      if (backend !== undefined) {
        backend.setState('running');
        backend.stopGate = new Promise((resolve) => Object.assign(berthTest, { openGate: resolve }));
      }
      electron.quit();
      electron.quit();
    });
    await vi.waitFor(async () => expect((await windows()).some((window) => window.path === '/quit' && window.visible)).toBe(true), soon);
    const waiting = (): Page | undefined => app.windows().find((window) => window.url() === 'app://berth/quit');
    await vi.waitFor(async () => expect((await waiting()?.textContent('body')) ?? '').toContain('nginx:latest'), soon);
    const text = (await waiting()?.textContent('body')) ?? '';
    expect(text).toContain('Waits for 1 container to end');
    expect(text).toContain('web <b>1</b>');
    expect(child.exitCode).toBeNull();
    expect(await calls()).toEqual(['app.stop']);
    await app.evaluate(() => (berthTest as TestAccess & { openGate: () => void }).openGate());
    expect(await gone).toBe(0);
  });

  it('asks when the engine does not stop, and stays if told to', async () => {
    await launch();
    await app.evaluate(({ app: electron, dialog }) => {
      const asked: string[] = [];
      Object.assign(berthTest, { asked });
      dialog.showMessageBox = (async (options: { message: string }) => {
        asked.push(options.message);
        return { response: 1, checkboxChecked: false };
      }) as never;
      const backend = berthTest.backends[0];
      if (backend !== undefined) {
        backend.setState('running');
        backend.stopGate = Promise.reject(new Error('still busy'));
      }
      electron.quit();
    });
    await vi.waitFor(
      async () =>
        expect(await app.evaluate(() => (berthTest as TestAccess & { asked: string[] }).asked)).toEqual(['The engine did not stop']),
      soon,
    );
    await vi.waitFor(async () => expect(await mainVisible()).toBe(true), soon);
    expect(await calls()).toEqual(['app.stop']);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('quits in order on %s', async (signal) => {
    await launch();
    // The window's place is written: by a library that listens for signals itself, from its first use on.
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.setSize(1000, 700));
    await vi.waitFor(async () => expect(await readFile(join(lab.home, 'state/window.json'), 'utf8')).toContain('1000'), soon);
    const stops = async (): Promise<number> => (await readFile(join(lab.home, 'stopped'), 'utf8').catch(() => '')).split('\n').length;
    const before = await stops();
    const gone = ended();
    const pid = await app.evaluate(() => process.pid);
    process.kill(pid, signal);
    expect(await gone).toBe(0);
    expect(await stops()).toBeGreaterThan(before);
  });

  it('closes the port when the page is reloaded, and the new page gets a new one', async () => {
    await launch();
    const before = await app.evaluate(() => berthTest.backends[0]?.pages.values().next().value as object);
    expect(before).toBeTruthy();
    await app.evaluate(() => Object.assign(berthTest, { first: [...(berthTest.backends[0]?.pages ?? [])][0] }));
    await page.reload();
    await vi.waitFor(async () => {
      const [count, same] = await app.evaluate(() => {
        const now = [...(berthTest.backends[0]?.pages ?? [])];
        return [now.length, now[0] === (berthTest as TestAccess & { first: unknown }).first];
      });
      expect([count, same]).toEqual([1, false]);
    }, soon);
  });

  it('closes the port when the page leaves for another address and when its process is lost', async () => {
    await launch();
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.loadURL('about:blank'));
    await vi.waitFor(async () => expect(await pages()).toBe(0), soon);
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.loadURL('app://berth/'));
    await vi.waitFor(async () => expect(await pages()).toBe(1), soon);
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.forcefullyCrashRenderer());
    await vi.waitFor(async () => expect(await pages()).toBe(0), soon);
  });

  it('opens a backend of its own when the one it was attached to ends', async () => {
    await launch();
    await app.evaluate(() => berthTest.backends[0]?.die());
    await page.evaluate(() => window.postMessage('berth:connect', location.origin));
    await vi.waitFor(async () => {
      expect(await app.evaluate(() => berthTest.backends.map((backend) => backend.pages.size))).toEqual([expect.any(Number), 1]);
    }, soon);
  });

  it('remembers its place and size', async () => {
    await launch();
    const wanted = { x: 180, y: 120, width: 1010, height: 640 };
    await app.evaluate(({ BrowserWindow }, bounds) => BrowserWindow.getAllWindows()[0]?.setBounds(bounds), wanted);
    const file = join(lab.home, 'state', 'window.json');
    await vi.waitFor(async () => expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ bounds: wanted, maximized: false }), soon);
    const gone = ended();
    await app.evaluate(({ app: electron }) => electron.quit());
    await gone;
    await launch();
    const bounds = await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.getNormalBounds());
    expect(bounds).toMatchObject({ width: wanted.width, height: wanted.height });
  });

  it('has a menu in the language of the settings, and its actions work', async () => {
    await launch();
    const labels = (): Promise<string[]> => app.evaluate(({ Menu }) => (Menu.getApplicationMenu()?.items ?? []).map((item) => item.label));
    expect(await labels()).toEqual(['File', 'Edit', 'View', 'Help']);
    await app.evaluate(() => berthTest.backends[0]?.setLanguage('zh-CN'));
    await vi.waitFor(async () => expect(await labels()).toEqual(['文件', '编辑', '视图', '帮助']), soon);
    await app.evaluate(({ Menu }) => {
      Menu.getApplicationMenu()?.getMenuItemById('close')?.click();
    });
    await vi.waitFor(async () => expect(await mainVisible()).toBe(false), soon);
  });

  it('has a tray that follows the engine: open, start or stop, quit', async () => {
    // Electron offers no way to ask a tray for its menu: what is made for it is recorded.
    await launch();
    await app.evaluate(({ Menu, BrowserWindow }) => {
      const record: { menus: Electron.Menu[] } = { menus: [] };
      Object.assign(berthTest, record);
      const build = Menu.buildFromTemplate.bind(Menu);
      Menu.buildFromTemplate = (template) => {
        const menu = build(template);
        record.menus.push(menu);
        return menu;
      };
      berthTest.backends[0]?.setState('running');
      BrowserWindow.getAllWindows().forEach((window: Window) => window.hide());
    });
    const entries = (): Promise<[string, boolean][]> =>
      app.evaluate(() => {
        const last = (berthTest as TestAccess & { menus: Electron.Menu[] }).menus.at(-1);
        return (last?.items ?? []).filter((item) => item.type !== 'separator').map((item) => [item.label, item.enabled]);
      });
    const click = (id: string): Promise<void> =>
      app.evaluate((_electron, name) => {
        (berthTest as TestAccess & { menus: Electron.Menu[] }).menus.at(-1)?.getMenuItemById(name)?.click();
      }, id);
    await vi.waitFor(
      async () =>
        expect(await entries()).toEqual([
          ['Engine running', false],
          ['Open Berth', true],
          ['Start engine', false],
          ['Stop engine', true],
          ['Quit Berth', true],
        ]),
      soon,
    );
    await click('open');
    await vi.waitFor(async () => expect(await mainVisible()).toBe(true), soon);
    await click('stop');
    await vi.waitFor(
      async () =>
        expect((await entries()).slice(2, 4)).toEqual([
          ['Start engine', true],
          ['Stop engine', false],
        ]),
      soon,
    );
    await click('start');
    await vi.waitFor(async () => expect(await calls()).toEqual(['vm.stop', 'vm.start']), soon);
    const gone = ended();
    await click('quit');
    expect(await gone).toBe(0);
  });
});
