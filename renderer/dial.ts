// The two ways from a page to its backend: Electron's MessagePort, handed over by the preload, or a WebSocket to where the page came from.
// The only file of the window that knows there are two.
import { BerthError } from '../preload/contract';
import { createClient } from '../preload/rpc/client';
import type { RpcClient } from '../preload/rpc/client';
import { messagePortTransport } from '../preload/rpc/message-port';
import { webSocketTransport } from '../preload/rpc/web-socket';
import type { Dial } from './connect';

const TOKEN_KEY = 'berth.token';
const PORT_WAIT_MS = 10_000;

export function pageDial(): Dial {
  return location.protocol === 'app:' ? dialPort : browserDial();
}

/** Asks the preload for a port; it answers with `berth:port` and the port itself. */
async function dialPort(): Promise<RpcClient> {
  const port = await new Promise<MessagePort>((resolve, reject) => {
    const timer = setTimeout(() => finish(() => reject(new BerthError('rpc.disconnected', {}))), PORT_WAIT_MS);
    const onMessage = (event: MessageEvent<unknown>): void => {
      const [received] = event.ports;
      if (event.source === window && event.data === 'berth:port' && received !== undefined) {
        finish(() => resolve(received));
      }
    };
    const finish = (done: () => void): void => {
      clearTimeout(timer);
      window.removeEventListener('message', onMessage);
      done();
    };
    window.addEventListener('message', onMessage);
    window.postMessage('berth:connect', location.origin);
  });
  return opened(createClient(messagePortTransport(port), { build: __BERTH_BUILD__, client: 'electron' }));
}

function browserDial(): Dial {
  // The address carries a code that works once; it leaves the address bar before it is used.
  let code = new URLSearchParams(location.hash.slice(1)).get('code');
  if (code !== null) {
    history.replaceState(null, '', location.pathname);
  }
  return async () => {
    if (code !== null) {
      await redeem(code);
      code = null;
    }
    const token = sessionStorage.getItem(TOKEN_KEY);
    if (token === null) {
      throw new BerthError('rpc.unauthorized', {});
    }
    const address = new URL('/api/ws', location.href);
    address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    return opened(createClient(webSocketTransport(new WebSocket(address)), { build: __BERTH_BUILD__, client: 'browser', token }));
  };
}

async function opened(client: RpcClient): Promise<RpcClient> {
  await client.ready;
  return client;
}

/** Code for token; the token stays in this tab only. A network failure leaves the code for the next attempt. */
async function redeem(code: string): Promise<void> {
  const response = await fetch('/api/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code }),
  });
  const body = response.ok ? ((await response.json()) as { readonly token?: unknown }) : {};
  if (typeof body.token === 'string') {
    sessionStorage.setItem(TOKEN_KEY, body.token);
  }
}
