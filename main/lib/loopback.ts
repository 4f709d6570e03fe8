// Whether an address is this computer’s own, of either family.
import { isIP } from 'node:net';

export function isLoopback(address: string): boolean {
  return address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
}
