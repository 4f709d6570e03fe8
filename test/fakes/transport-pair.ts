// Two ends of one transport in memory: what one sends arrives at the other in a later turn, in order, as copies.
import type { Transport, TransportListener } from '../../preload/rpc/transport';

export interface TransportPair {
  readonly client: Transport;
  readonly server: Transport;
  /** Every message as it was sent. */
  readonly sent: { readonly from: 'client' | 'server'; readonly bytes: Uint8Array }[];
}

export function createTransportPair(): TransportPair {
  const sent: TransportPair['sent'] = [];
  const listeners: { client?: TransportListener; server?: TransportListener } = {};
  let open = true;
  const close = (): void => {
    if (open) {
      open = false;
      setImmediate(() => {
        listeners.client?.close();
        listeners.server?.close();
      });
    }
  };
  const end = (self: 'client' | 'server', other: 'client' | 'server'): Transport => ({
    start(listener) {
      listeners[self] = listener;
    },
    send(bytes) {
      if (open) {
        const copy = bytes.slice();
        sent.push({ from: self, bytes: copy });
        setImmediate(() => listeners[other]?.message(copy));
      }
    },
    close,
    bufferedAmount: 0,
  });
  return { client: end('client', 'server'), server: end('server', 'client'), sent };
}
