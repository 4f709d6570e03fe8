// What the user sees of quitting: a small window that says what is waited for, and the question where it failed. One that the user closes stays
// away: quitting goes on without it. Decides nothing.
import { BrowserWindow, dialog } from 'electron';
import type { WireError } from '../../preload/contract';
import { windowAddress } from './protocol';
import type { QuitAnswer } from './quit';
import { quitPage } from './quit-page';
import type { QuitHow, QuitWork } from './quit-page';
import type { Texts } from './texts';

export interface QuitWindow {
  /** For the scheme: as of now. */
  readonly page: () => string;
  show(how: QuitHow, work: QuitWork | undefined): void;
  close(): void;
  readonly ask: (how: QuitHow, error: WireError) => Promise<QuitAnswer>;
}

export const quitPath = '/quit';

export function createQuitWindow(texts: () => Texts): QuitWindow {
  let shown: { readonly how: QuitHow; readonly work: QuitWork | undefined } = { how: 'stop', work: undefined };
  let window: BrowserWindow | undefined;

  function open(): BrowserWindow {
    const opened = new BrowserWindow({
      width: 440,
      height: 320,
      resizable: false,
      minimizable: false,
      autoHideMenuBar: true,
      webPreferences: { sandbox: true, contextIsolation: true, nodeIntegration: false, webviewTag: false, devTools: false },
    });
    opened.once('closed', () => {
      window = undefined;
    });
    return opened;
  }

  return {
    page: () => quitPage(texts(), shown.how, shown.work),
    show(how, work) {
      shown = { how, work };
      if (work === undefined) {
        window ??= open();
      }
      // The page changes under a load that may still be under way; the last one counts.
      window?.loadURL(new URL(quitPath, windowAddress).href).catch(() => undefined);
    },
    close: () => window?.destroy(),
    async ask(how, error) {
      const words = texts();
      const { title, next } = words.error(error);
      const answers = ['leave', 'stay', ...(how === 'suspend' ? (['shutDown'] as const) : [])] as const;
      const { response } = await dialog.showMessageBox({
        type: 'warning',
        message: words.text(`quit.failedTitle.${how}`),
        detail: [title, next, words.text('quit.failedNext')].join('\n'),
        buttons: answers.map((answer) => words.text(`quit.${answer}`)),
        defaultId: 1,
        cancelId: 1,
      });
      return answers[response] ?? 'stay';
    },
  };
}
