// The three hops of a published port, from the host inwards: its own listener, the way into the guest, the program in the container.
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { isBerthError } from '../../preload/contract';
import type { PortHop } from '../../preload/contract';
import { asError, untilAborted } from '../lib/async';

const HOP_MS = 3000;

interface Which {
  readonly protocol: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
}

/** `dial` leads to the program as a client's connection would; undefined = nothing of ours listens there. */
export async function probePort(which: Which, dial: (() => Promise<Duplex>) | undefined, signal: AbortSignal): Promise<PortHop[]> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(2 * HOP_MS)]);
  const listener = dial === undefined ? failed('listener', 0, '') : await timed('listener', () => listens(which, deadline));
  if (dial === undefined || listener.state === 'failed') {
    return [listener, unknown('forward'), unknown('container')];
  }
  let refused = false as boolean;
  const reach = await timed('container', async () => {
    try {
      const stream = await untilAborted(dial(), deadline);
      stream.on('error', () => undefined).destroy();
    } catch (error) {
      // The guest answered that it cannot connect: the way stands, and what failed lies behind it.
      refused = isBerthError(error) && error.code === 'engine.away' && error.params['reason'] === 'refused';
      throw refused ? (asError(error).cause ?? error) : error;
    }
  });
  if (reach.state === 'failed' && !refused) {
    return [listener, { ...reach, name: 'forward' }, unknown('container')];
  }
  const forward: PortHop = { ...reach, name: 'forward', state: 'ok', detail: '' };
  return [listener, forward, which.protocol === 'udp' && reach.state === 'ok' ? unknown('container') : reach];
}

async function timed(name: PortHop['name'], work: () => Promise<void>): Promise<PortHop> {
  const startedAt = performance.now();
  const took = (): number => Math.round(performance.now() - startedAt);
  try {
    await work();
    return { name, state: 'ok', milliseconds: took(), detail: '' };
  } catch (error) {
    return failed(name, took(), asError(error).message);
  }
}

function failed(name: PortHop['name'], milliseconds: number, detail: string): PortHop {
  return { name, state: 'failed', milliseconds, detail };
}

function unknown(name: PortHop['name']): PortHop {
  return { name, state: 'unknown', milliseconds: 0, detail: '' };
}

/** A TCP listener takes a connection; of a UDP one the system only says that the port is bound. */
function listens({ protocol, address, port }: Which, signal: AbortSignal): Promise<void> {
  const host = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address;
  return new Promise((resolve, reject) => {
    if (protocol === 'udp') {
      const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
      const end = (settle: () => void): void => {
        socket.close();
        settle();
      };
      socket.once('error', ({ message, name }) =>
        end(() => (message.includes('EADDRINUSE') ? resolve() : reject(new Error(message, { cause: name })))),
      );
      socket.bind({ address, port, exclusive: true }, () => end(() => reject(new Error('nothing listens'))));
      return;
    }
    const socket = connect({ host, port });
    const settle = (then: () => void): void => {
      socket.destroy();
      then();
    };
    signal.addEventListener('abort', () => settle(() => reject(asError(signal.reason))), { once: true });
    socket.once('connect', () => settle(resolve)).once('error', (error) => settle(() => reject(error)));
  });
}
