// The entry of the desktop application: finds the home and the application's parts, and opens the shell over the home's backend.
import { join } from 'node:path';
import { app, dialog } from 'electron';
import { toWireError } from '../preload/contract';
import { locateHome, prepareHome } from './control/home';
import { prepareShell, runShell } from './electron/shell';
import { desktopTexts } from './electron/texts';
import { homeFiles } from './lib/home';
import { createLog } from './lib/log';
import { APP_BUILD, APP_VERSION, locateApp } from './locate';
import { openShell } from './shell';

function main(): Promise<void> {
  // Whatever the user's umask: nothing in the home is for others.
  process.umask(0o077);
  const application = app.getAppPath();
  const packed = application.endsWith('.asar');
  const home = locateHome(process.env);
  if (!prepareShell({ userData: homeFiles(home, '').electron, developer: !packed })) {
    app.exit(0);
    return new Promise(() => undefined);
  }
  return open(home, application, packed);
}

async function open(home: string, application: string, packed: boolean): Promise<void> {
  const files = await prepareHome(home);
  const log = createLog(files.logs.berth);
  process.on('unhandledRejection', (error) => log.error('an unhandled rejection', { error }));
  const { renderer, resources } = await locateApp(__dirname);
  await runShell({
    files,
    log,
    developer: !packed,
    folders: { renderer, preload: join(__dirname, '..', 'preload', 'electron.cjs'), tray: join(application, 'assets', 'tray') },
    openBackend: (host) =>
      openShell({
        files,
        resources,
        log,
        version: APP_VERSION,
        build: APP_BUILD,
        owner: 'electron',
        locale: host.locale,
        features: { hostTerminal: true, tray: true },
        openExternal: host.openExternal,
        onOpen: async () => {
          host.showWindow();
          return {};
        },
        start: host.first,
      }),
  });
}

main().catch(async (error: unknown) => {
  await app.whenReady();
  const texts = desktopTexts('system', app.getLocale());
  const { title, kept, next } = texts.error(toWireError(error));
  process.stderr.write(`${title}\n${kept}\n${next}\n`);
  dialog.showErrorBox(texts.text('start.failedTitle'), `${title}\n${kept}\n${next}`);
  app.exit(1);
});
