// A Dialer that leads straight to a fake engine's socket, and knows how to be down.
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { BerthError } from '../../../preload/contract';
import type { Dialer } from '../../../main/lib/dialer';

export interface SocketDialer extends Dialer {
  /** While true every dial is refused, as by a transport that is gone. */
  down: boolean;
  dials: number;
}

export function dialSocket(path: string): SocketDialer {
  return {
    down: false,
    dials: 0,
    engine() {
      this.dials += 1;
      if (this.down) {
        return Promise.reject(new BerthError('engine.away', { reason: 'down' }));
      }
      return new Promise<Duplex>((resolve, reject) => {
        const socket = connect(path, () => resolve(socket));
        socket.once('error', reject);
      });
    },
    udp: () => Promise.reject(new Error('no guest here')),
    notify: () => Promise.reject(new Error('no guest here')),
    tcp: () => Promise.reject(new Error('no guest here')),
  };
}
