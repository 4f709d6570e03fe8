// Frames over one accepted WebSocket of `ws`. Reading is held until somebody listens; text messages and oversized ones end the connection.
import type { WebSocket } from 'ws';
import { BerthError } from '../../preload/contract';
import { MAX_FRAME_BYTES } from '../../preload/rpc/frames';
import type { Transport } from '../../preload/rpc/transport';

export function acceptedTransport(socket: WebSocket): Transport {
  socket.binaryType = 'nodebuffer';
  socket.pause();
  let reason: Error | undefined;
  let onError: (error: Error) => void = () => undefined;
  socket.on('error', (error) => {
    reason = error;
    onError(error);
  });
  return {
    start(listener) {
      onError = (error) => {
        if ('code' in error && error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') {
          listener.fault(new BerthError('rpc.tooLarge', { bytes: MAX_FRAME_BYTES + 1, limit: MAX_FRAME_BYTES }));
        }
      };
      socket.on('message', (data, isBinary) => {
        if (isBinary && Buffer.isBuffer(data)) {
          listener.message(data);
        } else {
          listener.fault(new BerthError('rpc.badFrame', { reason: 'text' }));
        }
      });
      socket.on('close', () => listener.close(reason));
      socket.resume();
    },
    send(bytes) {
      if (socket.readyState === socket.OPEN) {
        socket.send(bytes);
      }
    },
    close() {
      socket.close(1000);
      // A peer that never answers the goodbye.
      setTimeout(() => socket.terminate(), 2000).unref();
    },
    get bufferedAmount() {
      return socket.bufferedAmount;
    },
  };
}
