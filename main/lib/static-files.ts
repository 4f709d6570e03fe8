// The window's files as a table: address -> file. What is not in the table does not exist, so no address, however spelled, leads out of the
// folder; links are not followed. Knows nothing of who asks.
import { readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';

export interface StaticFile {
  readonly path: string;
  readonly type: string;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/** Keys begin with "/"; "/" itself is index.html. Files of other kinds are left out. */
export async function listStaticFiles(folder: string, prefix = '/'): Promise<Map<string, StaticFile>> {
  const files = new Map<string, StaticFile>();
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      for (const [key, file] of await listStaticFiles(path, `${prefix}${entry.name}/`)) {
        files.set(key, file);
      }
    } else if (entry.isFile()) {
      const type = types[extname(entry.name)];
      if (type !== undefined) {
        files.set(prefix + entry.name, { path, type });
      }
    }
  }
  const index = files.get(`${prefix}index.html`);
  if (prefix === '/' && index !== undefined) {
    files.set('/', index);
  }
  return files;
}
