// Published ports as they stand on the host: the port board. main/ports answers.
import { z } from 'zod';
import { call, output, stream } from './define';
import type { WireError } from './errors';

export interface Forward {
  /** The container's id and name. */
  readonly container: string;
  readonly name: string;
  readonly protocol: 'tcp' | 'udp';
  /** Of the host. */
  readonly address: string;
  readonly port: number;
  readonly containerPort: number;
  /** `lan`: other machines reach it. */
  readonly reach: 'local' | 'lan';
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

const which = z.strictObject({ protocol: z.enum(['tcp', 'udp']), address: z.string().max(64), port: z.int().min(1).max(65535) });

export const portsTable = {
  /** Every forward, by port; the figures are renewed once a second while somebody reads. */
  'ports.changes': stream(z.strictObject({}), output<readonly Forward[]>(), 'latest'),
  /** From the host's listener inwards; what lies behind a hop that failed is `unknown`. A program that answers no datagram is `unknown` too. */
  'ports.probe': call(which, output<readonly PortHop[]>()),
  /** Looks again at every container, binds what is missing and closes what is not published. */
  'ports.reconnect': call(z.strictObject({}), output<void>()),
};
