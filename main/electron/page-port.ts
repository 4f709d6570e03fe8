// Hands a page its MessagePort: only to the main frame of a window that was registered, showing our own page; one port at a time, closed when
// the page is left, reloaded or lost. Messages on a port carry no sender, so this is the one place where the sender is checked.
import { ipcMain, MessageChannelMain } from 'electron';
import type { MessagePortMain, WebContents } from 'electron';
import { messagePortTransport } from '../../preload/rpc/message-port';
import type { PortLike } from '../../preload/rpc/message-port';
import type { Transport } from '../../preload/rpc/transport';
import { isOurs } from './permissions';

export const connectChannel = 'berth:connect';
export const portChannel = 'berth:port';

export interface PagePorts {
  /** From now on this window's page gets a port when it asks. */
  register(contents: WebContents): void;
  /** Open ports, for tests and for the log. */
  count(): number;
}

export function createPagePorts(connect: (page: Transport) => void, refused: (reason: string) => void): PagePorts {
  const windows = new WeakSet<WebContents>();
  const open = new Map<number, MessagePortMain>();

  function closePort(id: number): void {
    open.get(id)?.close();
    open.delete(id);
  }

  ipcMain.on(connectChannel, (event) => {
    const contents = event.sender;
    const frame = event.senderFrame;
    if (!windows.has(contents) || frame === null || frame !== contents.mainFrame || !isOurs(frame.url)) {
      refused(frame?.url ?? 'a frame that is gone');
      return;
    }
    closePort(contents.id);
    const { port1, port2 } = new MessageChannelMain();
    open.set(contents.id, port2);
    port2.on('close', () => {
      if (open.get(contents.id) === port2) {
        open.delete(contents.id);
      }
    });
    connect(messagePortTransport(portLike(port2)));
    frame.postMessage(portChannel, null, [port1]);
  });

  return {
    register(contents) {
      const { id } = contents;
      windows.add(contents);
      // Reloads count as navigations; a change of the fragment does not.
      contents.on('did-navigate', () => closePort(id));
      contents.on('render-process-gone', () => closePort(id));
      contents.on('destroyed', () => closePort(id));
    },
    count: () => open.size,
  };
}

/** MessagePortMain has Node's listeners where a page's port has the DOM's. */
function portLike(port: MessagePortMain): PortLike {
  return {
    postMessage: (message) => port.postMessage(message),
    close: () => port.close(),
    start: () => port.start(),
    addEventListener(type: 'message' | 'close', listener: ((event: { readonly data: unknown }) => void) | (() => void)) {
      if (type === 'message') {
        port.on('message', ({ data }: { data: unknown }) => listener({ data }));
      } else {
        port.on('close', listener as () => void);
      }
    },
  };
}
