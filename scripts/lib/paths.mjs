// Where the project's own files, its caches and the Node that runs everything are.
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const dist = join(root, 'dist');
export const cacheRoot = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'berth');
export const resourcesFile = join(dist, 'resources.json');

export function inModules(...parts) {
  return join(root, 'node_modules', ...parts);
}
