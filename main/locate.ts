// Where the application's own parts are, from where its bundle runs: dist/main/*.cjs in a checkout and in a package alike.
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import type { Resources } from './vm/resources';

export const APP_VERSION = process.env['BERTH_VERSION'] ?? '0.0.0';
export const APP_BUILD = process.env['BERTH_BUILD'] ?? 'dev';

export interface AppFolders {
  readonly renderer: string;
  readonly headless: string;
  readonly resources: Resources;
}

const recordSchema = z.object({ guest: z.string(), bundle: z.string() });

/** `mainFolder` is the bundle's own folder. A guest or bundle that is not there is said when the VM is started, not here. */
export function locateApp(mainFolder: string, environment: Readonly<Record<string, string | undefined>> = process.env): AppFolders {
  const dist = dirname(mainFolder);
  const record = readRecord(join(dist, 'resources.json'));
  const place = (name: 'guest' | 'bundle'): string => resolve(dist, environment[`BERTH_${name.toUpperCase()}`] ?? record?.[name] ?? name);
  return {
    renderer: join(dist, 'renderer'),
    headless: join(mainFolder, 'headless.cjs'),
    resources: { guest: place('guest'), bundle: place('bundle') },
  };
}

function readRecord(path: string): z.output<typeof recordSchema> | undefined {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return undefined;
  }
}
