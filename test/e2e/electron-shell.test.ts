// What the Electron shell does beyond the page: closing hides, quitting suspends or stops and waits for it, one instance, the port's life, the
// place of the window, tray, menu. A start of Electron takes a second or three: what does not end the application shares one, in this order.
import type { ChildProcess } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BrowserWindow as Window } from 'electron';
import type { ElectronApplication, Page } from 'playwright-core';
import { afterAll, describe, expect, it, vi } from 'vitest';
import type { TestAccess } from './electron/entry';
import type { FakeBackend } from './electron/fake-backend';
import { noElectron, useElectron } from './electron/launch';

/** `asked`: of the user, by dialogs; `answer` is the number of a button, and none leaves the question open. */
declare const berthTest: TestAccess & {
  menus: Electron.Menu[];
  asked: string[][];
  answer?: number;
  relaunches: number;
  open: () => void;
  firstPage: unknown;
};

const soon = { timeout: 40_000, interval: 100 };
const place = { x: 180, y: 120, width: 1010, height: 640 };

describe.skipIf(noElectron !== undefined)(`the Electron shell${noElectron === undefined ? '' : ` (${noElectron})`}`, () => {
  const lab = useElectron();
  const placeFile = (): string => join(lab.home, 'state', 'window.json');
  let app: ElectronApplication;
  let page: Page;
  let child: ChildProcess | undefined;
  let ended: Promise<number | null>;

  async function launch(): Promise<void> {
    await kill();
    const launched = await lab.launch();
    ({ app, page, child } = launched);
    ended = new Promise((resolve) => launched.child.once('exit', resolve));
    await app.evaluate(({ app: electron, dialog, Menu }) => {
      Object.assign(berthTest, { menus: [], asked: [], relaunches: 0 });
      electron.relaunch = () => (berthTest.relaunches += 1);
      dialog.showMessageBox = (({ message, buttons }: Electron.MessageBoxOptions) => {
        berthTest.asked.push([message, ...(buttons ?? [])]);
        return berthTest.answer === undefined ? new Promise(() => undefined) : Promise.resolve({ response: berthTest.answer });
      }) as never;
      // Electron offers no way to ask a tray for its menu: what is made for it is recorded.
      const build = Menu.buildFromTemplate.bind(Menu);
      Menu.buildFromTemplate = (template) => {
        const menu = build(template);
        berthTest.menus.push(menu);
        return menu;
      };
    });
    await vi.waitFor(async () => expect(await pages()).toBe(1), soon);
  }
  /** What a test that failed left. */
  async function kill(): Promise<void> {
    if (child?.exitCode === null) {
      child.kill('SIGKILL');
      await ended;
    }
  }
  const pages = (): Promise<number> => app.evaluate(() => [...(berthTest.backends.at(-1)?.pages ?? [])].length);
  const calls = (): Promise<string[]> => app.evaluate(() => berthTest.backends.flatMap((backend) => backend.calls));
  /** Of all starts, and of applications that are gone. */
  const stops = async (): Promise<string[]> => (await readFile(join(lab.home, 'calls'), 'utf8').catch(() => '')).split('\n').slice(0, -1);
  const set = (changes: Partial<Pick<FakeBackend, 'suspends'>>, state: Parameters<FakeBackend['setState']>[0]): Promise<void> =>
    app.evaluate(
      (_electron, given) => {
        const backend = berthTest.backends.at(-1);
        if (backend !== undefined) {
          Object.assign(backend, given.changes).setState(given.state);
        }
      },
      { changes, state },
    );
  /** Closes a gate of the backend until `berthTest.open` is called. */
  const hold = (gate: 'suspendGate' | 'stopGate' | 'disposeGate'): Promise<void> =>
    app.evaluate((_electron, name) => {
      const gated = new Promise<void>((open) => (berthTest.open = open));
      Object.assign(berthTest.backends.at(-1) ?? {}, { [name]: gated });
    }, gate);
  const openGate = (): Promise<void> => app.evaluate(() => berthTest.open());
  const quit = (): Promise<void> => app.evaluate(({ app: electron }) => electron.quit());
  const windows = (): Promise<{ path: string; visible: boolean }[]> =>
    app.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows().map((window) => ({ path: new URL(window.webContents.getURL()).pathname, visible: window.isVisible() })),
    );
  const mainVisible = async (): Promise<boolean | undefined> => (await windows()).find((window) => window.path !== '/quit')?.visible;
  const quitVisible = async (): Promise<boolean | undefined> => (await windows()).find((window) => window.path === '/quit')?.visible;
  const quitText = async (): Promise<string> =>
    (await app
      .windows()
      .find((window) => window.url() === 'app://berth/quit')
      ?.textContent('body')) ?? '';
  const entries = (): Promise<string[]> =>
    app.evaluate(() =>
      (berthTest.menus.filter((menu) => menu.getMenuItemById('start') !== null).at(-1)?.items ?? [])
        .filter((item) => item.type !== 'separator')
        .map((item) => `${item.enabled ? '' : '- '}${item.label}`),
    );
  const click = (id: string): Promise<void> =>
    app.evaluate((_electron, name) => {
      berthTest.menus
        .filter((menu) => menu.getMenuItemById('start') !== null)
        .at(-1)
        ?.getMenuItemById(name)
        ?.click();
    }, id);
  const expectEntries = (...expected: string[]): Promise<void> => vi.waitFor(async () => expect(await entries()).toEqual(expected), soon);

  afterAll(kill);

  it('opens in the place that it had', async () => {
    await mkdir(join(lab.home, 'state'), { recursive: true });
    await writeFile(placeFile(), JSON.stringify({ bounds: place, maximized: false }));
    await launch();
    expect(await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.getNormalBounds())).toMatchObject(place);
  });

  it('hides the window when it is closed, and a second start shows it again and ends by itself', async () => {
    await vi.waitFor(async () => expect(await mainVisible()).toBe(true), soon);
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());
    await vi.waitFor(async () => expect(await mainVisible()).toBe(false), soon);
    expect(child?.exitCode).toBeNull();

    const second = lab.spawnSecond();
    expect(await new Promise((resolve) => second.once('exit', resolve))).toBe(0);
    await vi.waitFor(async () => expect(await mainVisible()).toBe(true), soon);
    expect(await calls()).toEqual([]);
  });

  it('closes the port when the page is reloaded, and the new page gets a new one', async () => {
    const before = await app.evaluate(() => berthTest.backends[0]?.pages.values().next().value as object);
    expect(before).toBeTruthy();
    await app.evaluate(() => (berthTest.firstPage = [...(berthTest.backends[0]?.pages ?? [])][0]));
    await page.reload();
    await vi.waitFor(async () => {
      const [count, same] = await app.evaluate(() => {
        const now = [...(berthTest.backends[0]?.pages ?? [])];
        return [now.length, now[0] === berthTest.firstPage];
      });
      expect([count, same]).toEqual([1, false]);
    }, soon);
  });

  it('opens a backend of its own when the one it was attached to ends', async () => {
    await app.evaluate(() => berthTest.backends[0]?.die());
    await page.evaluate(() => window.postMessage('berth:connect', location.origin));
    await vi.waitFor(async () => {
      expect(await app.evaluate(() => berthTest.backends.map((backend) => backend.pages.size))).toEqual([expect.any(Number), 1]);
    }, soon);
  });

  it('has a menu in the language of the settings, and its actions work', async () => {
    const labels = (): Promise<string[]> => app.evaluate(({ Menu }) => (Menu.getApplicationMenu()?.items ?? []).map((item) => item.label));
    const language = (name: 'en' | 'zh-CN'): Promise<void> =>
      app.evaluate((_electron, chosen) => berthTest.backends.at(-1)?.setLanguage(chosen), name);
    expect(await labels()).toEqual(['File', 'Edit', 'View', 'Help']);
    await language('zh-CN');
    await vi.waitFor(async () => expect(await labels()).toEqual(['文件', '编辑', '视图', '帮助']), soon);
    await app.evaluate(({ Menu }) => {
      Menu.getApplicationMenu()?.getMenuItemById('close')?.click();
    });
    await vi.waitFor(async () => expect(await mainVisible()).toBe(false), soon);
    await language('en');
    await vi.waitFor(async () => expect(await labels()).toEqual(['File', 'Edit', 'View', 'Help']), soon);
  });

  it('has a tray that follows the engine, in the words of a driver that stops', async () => {
    const also = ['Open Berth', 'Quit Berth'] as const;
    await set({}, 'running');
    await expectEntries('- Engine running', also[0], '- Start engine', 'Stop engine', also[1]);
    await click('open');
    await vi.waitFor(async () => expect(await mainVisible()).toBe(true), soon);
    await click('stop');
    await expectEntries('- Engine stopped', also[0], 'Start engine', '- Stop engine', also[1]);
    await click('start');
    await expectEntries('- Engine running', also[0], '- Start engine', 'Stop engine', also[1]);
    expect((await calls()).slice(-2)).toEqual(['vm.stop', 'vm.start']);
  });

  it('and of one that suspends', async () => {
    await set({ suspends: true }, 'running');
    const also = ['Open Berth', 'Shut down and quit', 'Quit Berth'] as const;
    await expectEntries('- Engine running', also[0], '- Start engine', 'Suspend engine', also[1], also[2]);
    await hold('suspendGate');
    await click('stop');
    await expectEntries('- Engine busy', also[0], '- Start engine', '- Suspend engine', also[1], also[2]);
    await openGate();
    await expectEntries('- Engine suspended', also[0], 'Resume engine', '- Suspend engine', also[1], also[2]);
    await click('start');
    await expectEntries('- Engine running', also[0], '- Start engine', 'Suspend engine', also[1], also[2]);
    await set({}, 'failed');
    await expectEntries('- Engine failed', also[0], 'Start engine', '- Suspend engine', also[1], also[2]);
  });

  it('closes the port when the page leaves for another address and when its process is lost', async () => {
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.loadURL('about:blank'));
    await vi.waitFor(async () => expect(await pages()).toBe(0), soon);
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.loadURL('app://berth/'));
    await vi.waitFor(async () => expect(await pages()).toBe(1), soon);
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.forcefullyCrashRenderer());
    await vi.waitFor(async () => expect(await pages()).toBe(0), soon);
  });

  it('shuts down a VM that could be suspended where the user says so, and writes its place down; a closed terminal is no such word', async () => {
    const moved = { ...place, x: 140, width: 990 };
    await app.evaluate(({ BrowserWindow }, bounds) => BrowserWindow.getAllWindows()[0]?.setBounds(bounds), moved);
    await vi.waitFor(
      async () => expect(JSON.parse(await readFile(placeFile(), 'utf8'))).toEqual({ bounds: moved, maximized: false }),
      soon,
    );
    await set({}, 'running');
    await hold('stopGate');
    process.kill(await app.evaluate(() => process.pid), 'SIGHUP');
    await click('shutDownAndQuit');
    await vi.waitFor(async () => expect(await quitText()).toContain('Waits for 1 container to end'), soon);
    expect(child?.exitCode).toBeNull();
    await openGate();
    expect(await ended).toBe(0);
    expect(await stops()).toEqual(['app.stop shutdown']);
  });

  it('suspends when it quits, says so, and ends when the state is saved, however often it is told to; what fails is asked', async () => {
    await launch();
    await set({ suspends: true }, 'running');
    await app.evaluate(() => {
      berthTest.answer = 1;
      berthTest.backends[0]?.fillDisk();
    });
    await quit();
    const asked = [['The engine was not suspended', 'Quit', 'Stay', 'Shut down and quit']];
    await vi.waitFor(async () => expect(await app.evaluate(() => berthTest.asked)).toEqual(asked), soon);
    await vi.waitFor(async () => expect(await mainVisible()).toBe(true), soon);
    expect(await quitVisible()).toBeUndefined();
    await expectEntries('- Engine running', 'Open Berth', '- Start engine', 'Suspend engine', 'Shut down and quit', 'Quit Berth');

    await hold('suspendGate');
    await quit();
    await vi.waitFor(async () => expect(await quitText()).toContain('nginx:latest'), soon);
    expect(await quitText()).toContain('Berth is suspending the engine');
    expect(await quitText()).toContain('1 container goes on at the next start');
    expect(await quitText()).toContain('web <b>1</b>');
    expect([await mainVisible(), await quitVisible()]).toEqual([false, true]);
    // The user closes what says so, quits again, and starts Berth meanwhile.
    await app.evaluate(({ app: electron, BrowserWindow }) => {
      BrowserWindow.getAllWindows()
        .find((window: Window) => window.webContents.getURL().endsWith('/quit'))
        ?.close();
      electron.quit();
      electron.emit('second-instance');
    });
    await vi.waitFor(async () => expect(await quitVisible()).toBeUndefined(), soon);
    expect(await mainVisible()).toBe(false);
    const release = await app.evaluateHandle(() => berthTest.open);
    await hold('disposeGate');
    await release.evaluate((open) => open());
    await vi.waitFor(async () => expect((await calls()).at(-1)).toBe('dispose'), soon);
    // Saved, but the home is not let go of.
    await quit();
    expect(await calls()).toEqual(['app.stop', 'app.stop', 'dispose']);
    expect(await app.evaluate(() => berthTest.relaunches)).toBe(0);
    const relaunched = app.evaluate(
      ({ app: electron }) => new Promise<boolean>((resolve) => electron.once('will-quit', () => resolve(berthTest.relaunches === 1))),
    );
    await openGate();
    expect(await relaunched).toBe(true);
    expect(await ended).toBe(0);
  });

  it('stops a VM that cannot be suspended on SIGINT, once, and keeps the system from ending before that', async () => {
    await launch();
    // The window's place is written: by a library that listens for signals itself, from its first use on.
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.setSize(1000, 700));
    await vi.waitFor(async () => expect(await readFile(placeFile(), 'utf8')).toContain('1000'), soon);
    await set({}, 'running');
    await hold('stopGate');
    const before = await stops();
    process.kill(await app.evaluate(() => process.pid), 'SIGINT');
    await vi.waitFor(async () => expect(await quitText()).toContain('Waits for 1 container to end'), soon);
    const held = await app.evaluate(({ powerMonitor }) => {
      let prevented = false;
      powerMonitor.emit('shutdown', { preventDefault: () => (prevented = true) });
      return prevented;
    });
    expect(held).toBe(true);
    expect(child?.exitCode).toBeNull();
    await openGate();
    expect(await ended).toBe(0);
    expect(await stops()).toEqual([...before, 'app.stop']);
  });

  it('shuts down what cannot be suspended on SIGTERM, also while it asks: nobody is there to answer', async () => {
    await launch();
    await set({ suspends: true }, 'running');
    await app.evaluate(() => berthTest.backends[0]?.fillDisk());
    const before = await stops();
    await quit();
    await vi.waitFor(async () => expect(await app.evaluate(() => berthTest.asked.length)).toBe(1), soon);
    process.kill(await app.evaluate(() => process.pid), 'SIGTERM');
    expect(await ended).toBe(0);
    expect(await stops()).toEqual([...before, 'app.stop', 'app.stop shutdown']);
  });
});
