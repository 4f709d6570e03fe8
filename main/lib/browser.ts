// Opens the window in a browser without its code ever being in a command line, which every local user can read: a private file redirects to it.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** A browser that is going to fail does so within this time. */
const TRIAL_MS = 4000;
const FILE_LIFETIME_MS = 30_000;

export function hasDisplay(environment: Readonly<Record<string, string | undefined>> = process.env): boolean {
  return (
    process.platform !== 'linux' ||
    [environment['DISPLAY'], environment['WAYLAND_DISPLAY']].some((value) => value !== undefined && value !== '')
  );
}

export interface RedirectFile {
  readonly path: string;
  readonly remove: () => void;
}

/** A file that leads a browser to the address, for the user's eyes only; gone after a while. `folder` is private to the user. */
export function writeRedirect(address: string, folder: string): RedirectFile {
  const path = join(folder, `open-${randomBytes(8).toString('hex')}.html`);
  writeFileSync(path, `<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=${address}">`, {
    mode: 0o600,
    flag: 'wx',
  });
  const remove = (): void => rmSync(path, { force: true });
  process.once('exit', remove);
  setTimeout(remove, FILE_LIFETIME_MS).unref();
  return { path, remove };
}

/** False where no browser could be started. */
export async function openBrowser(address: string, folder: string): Promise<boolean> {
  const { path: file, remove } = writeRedirect(address, folder);
  for (const [command, ...args] of candidates(pathToFileURL(file).href, file)) {
    if (command !== undefined && (await starts(command, args))) {
      return true;
    }
  }
  remove();
  return false;
}

function candidates(url: string, file: string): readonly string[][] {
  switch (process.platform) {
    case 'darwin':
      return [['open', file]];
    case 'win32':
      return [['explorer.exe', file]];
    default:
      // A window of its own where there is a Chromium, else a tab of the user's browser.
      return [
        ...['chromium', 'chromium-browser', 'google-chrome', 'microsoft-edge', 'brave-browser'].map((name) => [name, `--app=${url}`]),
        ['xdg-open', file],
      ];
  }
}

/** A program that ends with 0 handed over to one that runs already. */
function starts(command: string, args: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: 'ignore', detached: true });
    const timer = setTimeout(() => resolve(true), TRIAL_MS);
    child.on('error', () => {
      clearTimeout(timer);
      resolve(false);
    });
    child.on('exit', (code) => {
      clearTimeout(timer);
      resolve(code === 0);
    });
    child.unref();
  });
}
