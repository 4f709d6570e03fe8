// Frames over a MessagePort: the page's (DOM) and the Electron main process's (MessagePortMain) ports look alike through `PortLike`.
import { BerthError } from '../contract';
import type { Transport } from './transport';

/** What a DOM MessagePort offers; Electron's MessagePortMain is adapted in main/electron. */
export interface PortLike {
  postMessage(message: unknown): void;
  close(): void;
  start(): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: 'close', listener: () => void): void;
}

export function messagePortTransport(port: PortLike): Transport {
  let closed = false;
  let onClose: () => void = () => undefined;
  const shut = (): void => {
    if (!closed) {
      closed = true;
      onClose();
    }
  };
  return {
    start(listener) {
      onClose = () => listener.close();
      port.addEventListener('message', ({ data }) => {
        if (data instanceof Uint8Array) {
          listener.message(data);
        } else if (data instanceof ArrayBuffer) {
          listener.message(new Uint8Array(data));
        } else {
          listener.fault(new BerthError('rpc.badFrame', { reason: 'not bytes' }));
        }
      });
      port.addEventListener('close', shut);
      port.start();
    },
    send(bytes) {
      if (!closed) {
        port.postMessage(bytes);
      }
    },
    close() {
      if (!closed) {
        port.close();
        // The side that closes is not told by every implementation.
        queueMicrotask(shut);
      }
    },
    bufferedAmount: 0,
  };
}
