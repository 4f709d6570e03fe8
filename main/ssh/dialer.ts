// The Dialer that outlives VMs: leads to the transport of the one that runs, and says `engine.away` while there is none.
import { BerthError } from '../../preload/contract/errors';
import type { Dialer } from '../lib/dialer';
import type { Transport } from './transport';

/** `reason`: a word of errors.json, e.g. the VM's state. */
export function createDialer(current: () => Transport | undefined, reason: () => string): Dialer {
  const transport = (): Transport => {
    const found = current();
    if (found === undefined) {
      throw new BerthError('engine.away', { reason: reason() });
    }
    return found;
  };
  return {
    engine: async (lane) => transport().engine(lane),
    tcp: async (host, port) => transport().tcp(host, port),
    udp: async (host, port) => transport().udp(host, port),
    notify: async () => transport().notify(),
  };
}
