// What of published ports counts as use of the VM, and the way in while it sleeps: a connection brings it back and waits for it. Stands around what
// ports.ts dials and hands over; knows no containers.
import type { Duplex } from 'node:stream';
import type { Observable } from '../lib/observable';
import { createUseMeter } from '../lib/use';
import type { Use } from '../lib/use';
import type { Forwarded } from './port-listener';

export interface PortUse {
  /** Connections that are open and datagrams that pass. A port that the driver serves counts as open: what goes through it is not seen. */
  readonly use: Observable<Use>;
  /** Open from the dial to the stream's close. */
  connection(dial: () => Promise<Duplex>): Promise<Duplex>;
  /** Of datagrams: one stream for all of a port, which says nothing of use. */
  datagrams(dial: () => Promise<Duplex>): Promise<Duplex>;
  datagram(): void;
  forward(forward: () => Promise<Forwarded>): Promise<Forwarded>;
}

/** `up` resolves when the guest can be dialled, after a resume where it only sleeps; rejects where somebody stopped it. */
export function createPortUse(up: () => Promise<void> = () => Promise.resolve()): PortUse {
  const use = createUseMeter();
  return {
    use,
    async connection(dial) {
      const end = use.begin();
      try {
        await up();
        const stream = await dial();
        stream.once('close', end);
        return stream;
      } catch (error) {
        end();
        throw error;
      }
    },
    async datagrams(dial) {
      await up();
      return dial();
    },
    datagram: () => use.touch(),
    async forward(forward) {
      const forwarded = await forward();
      const end = use.begin();
      void forwarded.gone.then(end);
      return {
        gone: forwarded.gone,
        async remove() {
          await forwarded.remove();
          end();
        },
      };
    },
  };
}
