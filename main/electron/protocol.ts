// The window's own scheme: app://berth/ answers from a fixed table of files, with the same headers as the browser shell.
// Nothing else is served by it, and the window loads nothing else.
import { readFile } from 'node:fs/promises';
import { protocol } from 'electron';
import { securityHeaders } from '../lib/csp';
import type { StaticFile } from '../lib/static-files';

export const windowAddress = 'app://berth/';

/** Before `ready`. Standard and secure: an origin of its own, and what browsers keep for https. */
export function registerScheme(): void {
  protocol.registerSchemesAsPrivileged([{ scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true } }]);
}

/** `pages` are made at each request, e.g. what quitting waits for. */
export function serveWindow(files: ReadonlyMap<string, StaticFile>, pages: ReadonlyMap<string, () => string>): void {
  protocol.handle('app', async (request) => {
    const { host, pathname } = new URL(request.url);
    if (host !== 'berth' || request.method !== 'GET') {
      return answer(404, 'text/plain', 'not found');
    }
    const page = pages.get(pathname);
    if (page !== undefined) {
      return answer(200, 'text/html; charset=utf-8', page());
    }
    const file = files.get(pathname);
    return file === undefined ? answer(404, 'text/plain', 'not found') : answer(200, file.type, await readFile(file.path));
  });
}

function answer(status: number, type: string, body: string | Uint8Array<ArrayBuffer>): Response {
  return new Response(body, { status, headers: { ...securityHeaders, 'content-type': type } });
}
