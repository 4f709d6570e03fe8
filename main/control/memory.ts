// Two ends of a transport within one process: the shell's own client of its own backend. Messages arrive in a later turn, as over a socket.
import type { Transport, TransportListener } from '../../preload/rpc/transport';

export function createMemoryTransports(): { readonly client: Transport; readonly server: Transport } {
  const listeners: (TransportListener | undefined)[] = [undefined, undefined];
  const waiting: Uint8Array[][] = [[], []];
  let open = true;

  function deliver(to: number): void {
    const listener = listeners[to];
    if (listener !== undefined) {
      waiting[to]?.splice(0).forEach((bytes) => listener.message(bytes));
    }
  }

  function end(self: number, other: number): Transport {
    return {
      start(listener) {
        listeners[self] = listener;
        setImmediate(() => deliver(self));
      },
      send(bytes) {
        if (open) {
          waiting[other]?.push(bytes);
          setImmediate(() => deliver(other));
        }
      },
      close() {
        if (open) {
          open = false;
          setImmediate(() => listeners.forEach((listener) => listener?.close()));
        }
      },
      bufferedAmount: 0,
    };
  }
  return { client: end(0, 1), server: end(1, 0) };
}
