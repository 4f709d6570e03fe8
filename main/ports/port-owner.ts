// Which program listens on a port of this host, as far as the system tells: Linux only, and only for processes of the same user (all for root).
import { readFile } from 'node:fs/promises';
import { processOfSocket } from '../lib/process-of-socket';

const tablesOf = (protocol: 'tcp' | 'udp'): Promise<string[]> =>
  Promise.all([`/proc/net/${protocol}`, `/proc/net/${protocol}6`].map((file) => readFile(file, 'utf8').catch(() => '')));

/** TCP ports of any address; undefined where the system does not tell. */
export async function listeningPorts(): Promise<number[] | undefined> {
  const tables = await tablesOf('tcp');
  return tables.every((table) => table === '')
    ? undefined
    : [...new Set(tables.flatMap((table) => listeners(table, 'tcp').map(({ port }) => port)))];
}

/** `name (pid)`, or undefined. */
export async function ownerOfPort(protocol: 'tcp' | 'udp', port: number): Promise<string | undefined> {
  const tables = await tablesOf(protocol);
  const inodes = new Set(tables.flatMap((table) => listeningInodes(table, port, protocol)));
  return processOfSocket(inodes);
}

export function listeningInodes(table: string, port: number, protocol: 'tcp' | 'udp'): string[] {
  return listeners(table, protocol)
    .filter((each) => each.port === port)
    .map(({ inode }) => inode);
}

/** Lines of /proc/net/tcp: `sl local rem st … inode`; local is hex `address:port`, state 0A is LISTEN, and 07 a UDP socket without a peer. */
function listeners(table: string, protocol: 'tcp' | 'udp'): { readonly port: number; readonly inode: string }[] {
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === (protocol === 'tcp' ? '0A' : '07'))
    .map((fields) => ({ port: parseInt(fields[1]?.split(':')[1] ?? '', 16), inode: fields[9] ?? '' }));
}
