// What no page of this application may do, whatever it is: leave, open, embed, ask for devices. Installed once for every web contents that
// will ever exist, so that a window added later is locked too.
import { app, session } from 'electron';
import type { WebContents } from 'electron';
import { windowAddress } from './protocol';

/** Copy buttons write text after a click; everything else that a page can ask for is refused. */
const allowed: readonly string[] = ['clipboard-sanitized-write'];

export function isOurs(address: string): boolean {
  return address.startsWith(windowAddress);
}

export function lockPages(): void {
  app.on('web-contents-created', (_event, contents) => {
    const refuse = (event: { preventDefault(): void }): void => event.preventDefault();
    // A page may load itself again, and nothing else.
    contents.on('will-navigate', (event) => event.url !== contents.getURL() && refuse(event));
    contents.on('will-redirect', refuse);
    contents.on('will-attach-webview', refuse);
    contents.setWindowOpenHandler(() => ({ action: 'deny' }));
  });
}

/** After `ready`. */
export function refusePermissions(): void {
  const { defaultSession } = session;
  const mayUse = (contents: WebContents | null, permission: string): boolean =>
    allowed.includes(permission) && contents !== null && isOurs(contents.getURL());
  defaultSession.setPermissionRequestHandler((contents, permission, answer) => answer(mayUse(contents, permission)));
  defaultSession.setPermissionCheckHandler((contents, permission) => mayUse(contents, permission));
  defaultSession.setDevicePermissionHandler(() => false);
}
