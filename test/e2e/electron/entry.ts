// The Electron application that the tests of the shell open: the real shell over a fake backend. Bundled by the tests only; no product file
// knows of it. What the tests reach from outside hangs on `globalThis.berthTest`.
import { join } from 'node:path';
import { app } from 'electron';
import { prepareShell, runShell } from '../../../main/electron/shell';
import { homeFiles } from '../../../main/lib/home';
import { silentLogger } from '../../../main/lib/logger';
import { createFakeBackend } from './fake-backend';
import type { FakeBackend } from './fake-backend';

export interface TestAccess {
  backends: FakeBackend[];
  warnings: string[];
}

const need = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) {
    throw new Error(`${name} is not set`);
  }
  return value;
};

const root = need('BERTH_TEST_ROOT');
const home = need('BERTH_HOME');
const access: TestAccess = { backends: [], warnings: [] };
Object.assign(globalThis, { berthTest: access });

if (prepareShell({ userData: join(home, 'electron'), developer: true })) {
  void runShell({
    developer: true,
    files: homeFiles(home, join(home, 'run')),
    log: { ...silentLogger, warn: (message, fields) => access.warnings.push(`${message} ${JSON.stringify(fields)}`) },
    folders: {
      renderer: need('BERTH_TEST_RENDERER'),
      preload: join(root, 'dist', 'preload', 'electron.cjs'),
      tray: join(root, 'assets', 'tray'),
    },
    openBackend: async (host) => {
      const backend = createFakeBackend(host, home);
      access.backends.push(backend);
      return backend;
    },
  });
} else {
  app.exit(0);
}
