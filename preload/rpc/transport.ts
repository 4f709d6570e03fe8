// What carries frames: whole messages of bytes, in order, both ways. Implementations: message-port.ts, web-socket.ts, main/control/frames.ts, main/headless.
import type { BerthError } from '../contract';

export interface TransportListener {
  message(bytes: Uint8Array): void;
  /** The peer broke the transport's own rules (a message over the limit); nothing follows but `close`. */
  fault(error: BerthError): void;
  /** Once, whoever closed it. */
  close(reason?: Error): void;
}

export interface Transport {
  /** Begins reading; called once. Nothing that arrived earlier is lost. */
  start(listener: TransportListener): void;
  /** After close: does nothing. */
  send(bytes: Uint8Array): void;
  /** What was sent before still goes out, where the transport can. */
  close(): void;
  /** Bytes sent and not yet taken by the system; 0 where it cannot be known. */
  readonly bufferedAmount: number;
}
