// The main window: its preferences, its place, closing hides it. Knows nothing of what the page shows.
import { BrowserWindow, screen } from 'electron';
import { windowAddress } from './protocol';
import { place, readWindowState, smallest, writeWindowState } from './window-state';

const saveAfterMs = 500;

export interface MainWindow {
  readonly browserWindow: BrowserWindow;
  /** In front, whatever it was: hidden, minimised, behind. */
  show(): void;
  /** From now on closing closes. */
  release(): void;
}

export interface MainWindowOptions {
  readonly preload: string;
  readonly stateFile: string;
  readonly devTools: boolean;
  /** Before the page is loaded. */
  readonly prepare: (window: BrowserWindow) => void;
}

export async function openMainWindow({ preload, stateFile, devTools, prepare }: MainWindowOptions): Promise<MainWindow> {
  const saved = await readWindowState(stateFile);
  const areas = screen.getAllDisplays().map((display) => display.workArea);
  const window = new BrowserWindow({
    ...place(saved, areas),
    minWidth: smallest.width,
    minHeight: smallest.height,
    show: false,
    title: 'Berth',
    webPreferences: { preload, sandbox: true, contextIsolation: true, nodeIntegration: false, webviewTag: false, devTools },
  });
  let released = false;
  let timer: NodeJS.Timeout | undefined;

  const save = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const state = { bounds: window.getNormalBounds(), maximized: window.isMaximized() };
    // A place that cannot be kept is no reason to disturb anybody.
    writeWindowState(stateFile, state).catch(() => undefined);
  };
  const saveSoon = (): void => {
    timer ??= setTimeout(save, saveAfterMs);
  };
  for (const event of ['resize', 'move', 'maximize', 'unmaximize'] as const) {
    window.on(event as 'resize', saveSoon);
  }
  window.on('close', (event) => {
    save();
    if (!released) {
      event.preventDefault();
      window.hide();
    }
  });
  window.on('closed', () => clearTimeout(timer));
  window.once('ready-to-show', () => window.show());
  if (saved?.maximized === true) {
    window.maximize();
  }
  prepare(window);
  void window.loadURL(windowAddress);

  return {
    browserWindow: window,
    show() {
      if (window.isMinimized()) {
        window.restore();
      }
      window.show();
      window.focus();
    },
    release() {
      released = true;
    },
  };
}
