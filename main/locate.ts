// Where the application's own parts are, from where its bundle runs: dist/main/*.cjs in a checkout and in a package alike.
import { dirname, join } from 'node:path';
import { locateResources } from './vm/resources';
import type { Resources } from './vm/resources';

export const APP_VERSION = process.env['BERTH_VERSION'] ?? '0.0.0';
export const APP_BUILD = process.env['BERTH_BUILD'] ?? 'dev';

export interface AppFolders {
  readonly renderer: string;
  readonly headless: string;
  readonly resources: Resources;
  /** Of the docker that the bundle carries. */
  readonly dockerCliFolder: string;
}

/** `mainFolder` is the bundle's own folder. A guest or bundle that is not there is said when the VM is started, not here: the window opens anyway. */
export async function locateApp(mainFolder: string): Promise<AppFolders> {
  const dist = dirname(mainFolder);
  const missing: Resources = { guest: join(dist, 'guest'), bundle: join(dist, 'bundle') };
  const resources = await locateResources(process.env, [join(dist, 'resources.json')]).catch(() => missing);
  return {
    renderer: join(dist, 'renderer'),
    headless: join(mainFolder, 'headless.cjs'),
    resources,
    dockerCliFolder: join(resources.bundle, 'bin'),
  };
}
