// Frames over the page's WebSocket, one frame a message. The token travels in the first frame, never in the address.
import { BerthError } from '../contract';
import { MAX_FRAME_BYTES } from './frames';
import type { Transport } from './transport';

/** What is used of a DOM WebSocket. */
export interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  send(data: unknown): void;
  close(): void;
  addEventListener(type: 'open', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { readonly code: number; readonly reason: string }) => void): void;
}

const CONNECTING = 0;
const OPEN = 1;
/** WebSocket's close code for a message over the server's limit. */
const TOO_BIG = 1009;

export function webSocketTransport(socket: WebSocketLike): Transport {
  socket.binaryType = 'arraybuffer';
  /** Frames may be sent before the connection is up. */
  let early: Uint8Array[] = [];
  return {
    start(listener) {
      socket.addEventListener('open', () => {
        early.forEach((bytes) => socket.send(bytes));
        early = [];
      });
      socket.addEventListener('message', ({ data }) => {
        if (data instanceof ArrayBuffer) {
          listener.message(new Uint8Array(data));
        } else {
          listener.fault(new BerthError('rpc.badFrame', { reason: 'not bytes' }));
        }
      });
      socket.addEventListener('close', ({ code, reason }) =>
        listener.close(code === TOO_BIG ? tooLarge() : new Error(`${code} ${reason}`)),
      );
    },
    send(bytes) {
      if (socket.readyState === OPEN) {
        socket.send(bytes);
      } else if (socket.readyState === CONNECTING) {
        early.push(bytes);
      }
    },
    close: () => socket.close(),
    get bufferedAmount() {
      return socket.bufferedAmount;
    },
  };
}

function tooLarge(): BerthError {
  return new BerthError('rpc.tooLarge', { bytes: MAX_FRAME_BYTES + 1, limit: MAX_FRAME_BYTES });
}
