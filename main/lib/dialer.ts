// The one way into the guest that everything above the transport uses; main/ssh implements it, tests dial fakes.
import type { Duplex } from 'node:stream';

/** Which SSH connection carries it, so that a bulk transfer never delays a click or a keystroke. */
export type Lane = 'api' | 'bulk' | 'terminal';

export interface Dialer {
  /** A stream to dockerd's socket in the guest. Rejects with `engine.away` while the transport is down. */
  engine(lane?: Lane): Promise<Duplex>;
  /** A TCP stream from inside the guest, e.g. to a container's address. */
  tcp(host: string, port: number): Promise<Duplex>;
  /** Datagrams to an address in the guest, as frames on a stream (vm/AGREEMENT.md, "Datagrams"). */
  udp(host: string, port: number): Promise<Duplex>;
  /** Changes of shared files for the guest's watchers, as records on a stream (vm/AGREEMENT.md, "Changes"). */
  notify(): Promise<Duplex>;
}
