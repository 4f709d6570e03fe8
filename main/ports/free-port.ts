// Another port for one that is taken: the next that this host would give, on both loopbacks where the user published it on both. It may be gone
// a moment later, so it is a suggestion and never a reservation.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { isLoopback } from '../lib/loopback';
import type { Wanted } from './rules';

/** As many as a user would try. */
const TRIES = 50;

/** 0 = none of the next ones is free. */
export async function freePortNear({ protocol, address, port }: Wanted): Promise<number> {
  // 80 becomes 8080, 443 becomes 8443: what everybody writes, and free of the low ports' rights.
  const first = port < 1024 ? port + 8000 : port + 1;
  const addresses = isLoopback(address) ? ['127.0.0.1', '::1'] : [address];
  for (let candidate = first; candidate < Math.min(first + TRIES, 65_536); candidate += 1) {
    const bind = protocol === 'udp' ? bindUdp : bindTcp;
    const codes = await Promise.all(addresses.map((each) => bind(each, candidate)));
    if (!codes.includes('EADDRINUSE') && codes.includes('')) {
      return candidate;
    }
  }
  return 0;
}

/** The system's code, '' = it can be had. */
export function bindTcp(host: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    server.listen({ host, port, exclusive: true, ipv6Only: host.includes(':') }, () => server.close(() => resolve('')));
  });
}

function bindUdp(address: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4', ipv6Only: address.includes(':') });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close();
      resolve(error.code ?? '');
    });
    socket.bind({ address, port, exclusive: true }, () => socket.close(() => resolve('')));
  });
}
