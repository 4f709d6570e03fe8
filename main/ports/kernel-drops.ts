// Datagrams that the system dropped before we could read them, because they came faster: Linux tells them for each socket, elsewhere nobody does.
import { readFile } from 'node:fs/promises';
import { isIPv4 } from 'node:net';

/** Since the socket was bound. */
export async function kernelDrops(address: string, port: number): Promise<number> {
  const table = await readFile(isIPv4(address) ? '/proc/net/udp' : '/proc/net/udp6', 'latin1').catch(() => '');
  return dropsOf(table, address, port);
}

/** Lines of /proc/net/udp: `sl local rem st … inode ref pointer drops`; local is hex `address:port`, each word in the host's order of bytes. */
export function dropsOf(table: string, address: string, port: number): number {
  const local = `${hexOf(address)}:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const line = table
    .split('\n')
    .map((each) => each.trim().split(/\s+/))
    .find((fields) => fields[1] === local);
  return Number(line?.[12] ?? 0);
}

/** Of IPv6 the two that ports are published on without an address; another one finds no line. */
function hexOf(address: string): string {
  if (isIPv4(address)) {
    return Buffer.from(address.split('.').map(Number).reverse()).toString('hex').toUpperCase();
  }
  return address === '::1' ? '00000000000000000000000001000000' : address === '::' ? '0'.repeat(32) : '';
}
