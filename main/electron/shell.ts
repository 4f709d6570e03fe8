// The Electron shell, composed: one instance a home, the window, its port, menu, tray, quitting. Knows a Backend, never how one comes about.
import { mkdirSync } from 'node:fs';
import { app, dialog, powerMonitor, shell } from 'electron';
import { BerthError, toWireError } from '../../preload/contract';
import type { Settings } from '../../preload/contract';
import type { HomeFiles } from '../lib/home';
import { allowedExternalUrl } from '../lib/external-url';
import type { Logger } from '../lib/logger';
import { listStaticFiles } from '../lib/static-files';
import { builtInPresets } from '../mirrors/presets';
import type { OpenBackend } from './backend';
import { createBackendHolder } from './backend-holder';
import { setApplicationMenu } from './menu';
import { createPagePorts } from './page-port';
import { lockPages, refusePermissions } from './permissions';
import { registerScheme, serveWindow } from './protocol';
import { createQuit } from './quit';
import { createQuitWindow, quitPath } from './quit-window';
import { desktopTexts } from './texts';
import { createTray } from './tray';
import type { TrayStatus } from './tray';
import { openMainWindow } from './window';

export interface ShellOptions {
  readonly files: Pick<HomeFiles, 'state'>;
  readonly log: Logger;
  /** Folders of the application: the built window, the built preload, the tray's pictures. */
  readonly folders: { readonly renderer: string; readonly preload: string; readonly tray: string };
  readonly openBackend: OpenBackend;
  /** From a checkout: developer tools are there, and debuggers may attach. */
  readonly developer: boolean;
}

const documentation = 'https://docs.docker.com/engine/';

/**
 * What must be said before Electron is ready, so synchronously and first. False where another instance has this folder's window, which then
 * shows itself.
 */
export function prepareShell({ userData, developer }: { readonly userData: string; readonly developer: boolean }): boolean {
  app.enableSandbox();
  registerScheme();
  lockPages();
  if (!developer) {
    // Chromium's; Node's inspector has begun by now and is kept out by a fuse (electron-builder.yml).
    for (const name of ['remote-debugging-port', 'remote-debugging-pipe']) {
      app.commandLine.removeSwitch(name);
    }
  }
  try {
    mkdirSync(userData, { recursive: true, mode: 0o700 });
  } catch {
    // A home that cannot be written to is refused in words a moment later.
    return true;
  }
  app.setPath('userData', userData);
  return app.requestSingleInstanceLock();
}

/** Resolves when the window is open. */
export async function runShell({ files, log, folders, openBackend, developer }: ShellOptions): Promise<void> {
  await app.whenReady();
  refusePermissions();

  let texts = desktopTexts('system', app.getLocale());
  const quitWindow = createQuitWindow(() => texts);
  serveWindow(await listStaticFiles(folders.renderer), new Map([[quitPath, quitWindow.page]]));

  const openExternal = async (url: string): Promise<void> => {
    const allowed = allowedExternalUrl(
      url,
      builtInPresets().flatMap(({ link }) => link ?? []),
    );
    if (allowed === undefined) {
      log.warn('an address was not opened', { url: url.slice(0, 200) });
      throw new BerthError('rpc.unavailableHere', { what: 'shell.openExternal' });
    }
    await shell.openExternal(allowed);
  };
  let opened = 0;
  const holder = createBackendHolder(() => {
    opened += 1;
    return openBackend({ openExternal, showWindow: () => window.show(), locale: app.getLocale(), first: opened === 1 });
  });
  const ports = createPagePorts(
    (page) =>
      void holder.get().then(
        (backend) => backend.connect(page),
        (error: unknown) => refusePage(page, error),
      ),
    (address) => log.warn('a port was refused', { address: address.slice(0, 200) }),
  );
  const refusePage = (page: { close(): void }, error: unknown): void => {
    log.error('no backend', { error });
    page.close();
  };

  const window = await openMainWindow({
    preload: folders.preload,
    stateFile: files.state.window,
    devTools: developer,
    prepare: ({ webContents }) => ports.register(webContents),
  });
  let again = false;
  const reopen = (): void => {
    // Whoever starts Berth while it quits wants it to be there afterwards.
    again = quit.under;
    if (!again) {
      window.show();
    }
  };
  app.on('second-instance', reopen);
  app.on('activate', reopen);
  // Closing hides; the tray and a second start bring it back.
  app.on('window-all-closed', () => undefined);

  const quit = createQuit({
    client: async () => (await holder.current())?.client,
    show(how, work) {
      window.browserWindow.hide();
      quitWindow.show(how, work);
    },
    hide() {
      quitWindow.close();
      again = false;
      window.show();
    },
    askAnyway: quitWindow.ask,
    // Stopped already, or left running because the user said so: either way nothing is cut here.
    letGo: () => holder.dispose({ keepVm: true }),
    end() {
      tray.dispose();
      window.release();
      if (again) {
        app.relaunch();
      }
      app.quit();
    },
  });
  app.on('before-quit', (event) => {
    if (!quit.done) {
      event.preventDefault();
      void quit.begin();
    }
  });
  const quitUnattended = (): void => void quit.begin({ unattended: true });
  // Ours, because a library that listens for signals takes Chromium's own handlers away. A terminal that is closed is no order to stop containers.
  process.on('SIGINT', () => app.quit());
  process.on('SIGTERM', quitUnattended);
  process.on('SIGHUP', () => undefined);
  // The event is documented and not in Electron's types. Prevented, the system waits for us. Where it does not come (docs/faults.md), SIGTERM does.
  powerMonitor.on('shutdown', (event?: { preventDefault(): void }) => {
    event?.preventDefault();
    quitUnattended();
  });

  const shutDownAndQuit = (): void => void quit.begin({ shutdown: true });
  const call = (name: 'vm.start' | 'vm.stop'): void => {
    // What went wrong is shown by the page and by the tray's picture: the state carries it.
    void holder
      .get()
      .then((backend) => backend.client.call(name, {}))
      .catch((error: unknown) => log.warn(`${name} failed`, { error }));
  };
  const tray = createTray(folders.tray, {
    open: () => window.show(),
    start: () => call('vm.start'),
    stop: () => call('vm.stop'),
    quit: () => app.quit(),
    shutDownAndQuit,
  });
  let status: TrayStatus = { state: 'stopped', suspends: false };
  let language: Settings['language'] = 'system';
  const refresh = (): void => {
    texts = desktopTexts(language, app.getLocale());
    tray.update(status, texts);
    setApplicationMenu(texts, {
      closeWindow: () => window.browserWindow.close(),
      quit: () => app.quit(),
      ...(status.suspends ? { shutDownAndQuit } : {}),
      documentation: () => void openExternal(documentation),
      developer,
    });
  };
  refresh();
  // The end of a stream is its transport's, which the holder sees.
  const follow = <T>(items: AsyncIterable<T>, take: (item: T) => void): void =>
    void each(items, take).catch((error: unknown) => log.info('a stream of the shell ended', { error }));
  holder.watch((backend) => {
    follow(backend.client.stream('vm.status', {}), ({ state, features }) => {
      const before = status;
      status = { state, suspends: features.suspend };
      if (status.suspends !== before.suspends) {
        refresh();
      } else if (state !== before.state) {
        tray.update(status, texts);
      }
    });
    follow(backend.client.stream('settings.changes', {}), ({ settings }) => {
      language = settings.language;
      refresh();
    });
  });
  await holder.get().catch((error: unknown) => {
    const { title, next } = texts.error(toWireError(error));
    log.error('the backend did not open', { error });
    dialog.showErrorBox(texts.text('start.failedTitle'), `${title}\n${next}`);
    window.release();
    app.exit(1);
  });
}

async function each<T>(items: AsyncIterable<T>, take: (item: T) => void): Promise<void> {
  for await (const item of items) {
    take(item);
  }
}
