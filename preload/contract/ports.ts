// Published ports as they stand on the host: the port board. main/ports answers.
import { z } from 'zod';
import { call, output, stream } from './define';
import type { WireError } from './errors';

/** How a connection gets to its program: through a listener of Berth's (main/ssh/relay.ts), or one of the virtual machine's own, which the driver may have. */
export const portWays = ['relay', 'hostfwd'] as const;
export type PortWay = (typeof portWays)[number];

/** Why a port does not go by `hostfwd` although that was chosen; locale `ports` (`notDirect.<reason>`). */
export const notDirectReasons = ['ipv6', 'address', 'refused'] as const;

export interface Forward {
  /** Whose it is: a container's, or a Swarm service's, which any of its containers answers. */
  readonly kind: 'container' | 'service';
  /** Its id and name. */
  readonly container: string;
  readonly name: string;
  readonly protocol: 'tcp' | 'udp';
  /** Of the host. */
  readonly address: string;
  readonly port: number;
  readonly containerPort: number;
  /** `lan`: other machines reach it. */
  readonly reach: 'local' | 'lan';
  /** Connections and bytes of `hostfwd` are nobody's to count. */
  readonly way: PortWay;
  readonly notDirect?: { readonly reason: (typeof notDirectReasons)[number]; readonly detail: string };
  /** Why it is not served; it is tried again by itself. */
  readonly error?: WireError;
  /** Open now: connections, or senders of the last two minutes. */
  readonly connections: number;
  /** Since it listens; in = from the host's side to the container. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Datagrams that did not fit. */
  readonly dropped: number;
}

/** Locale `ports` (`hop.<name>`): the host's listener, the way into the guest, the program in the container. */
export const portHops = ['listener', 'forward', 'container'] as const;

export interface PortHop {
  readonly name: (typeof portHops)[number];
  readonly state: 'ok' | 'failed' | 'unknown';
  readonly milliseconds: number;
  /** The system's or the engine's words. */
  readonly detail: string;
}

/** As it is written in a URL and on the command line. */
export function addressText({ address, port }: Pick<Forward, 'address' | 'port'>): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

const which = z.strictObject({ protocol: z.enum(['tcp', 'udp']), address: z.string().max(64), port: z.int().min(1).max(65535) });

export const portsTable = {
  /** Every forward, by port; the figures are renewed once a second while somebody reads. */
  'ports.changes': stream(z.strictObject({}), output<readonly Forward[]>(), 'latest'),
  /** From the host's listener inwards; what lies behind a hop that failed is `unknown`. A program that answers no datagram is `unknown` too. */
  'ports.probe': call(which, output<readonly PortHop[]>()),
  /** Looks again at every container, binds what is missing and closes what is not published. */
  'ports.reconnect': call(z.strictObject({}), output<void>()),
};
