// Probes of forwards: what runs, and the last result of each.
import { useCallback, useState } from 'react';
import { toWireError } from '../../../preload/contract';
import type { Forward, PortHop, WireError } from '../../../preload/contract';
import { useClient } from '../../state/context';
import { keyOf } from './model';

export interface Probe {
  readonly at: number;
  /** Missing while it runs. */
  readonly hops?: readonly PortHop[];
  readonly error?: WireError;
}

export interface Probes {
  readonly of: Readonly<Record<string, Probe | undefined>>;
  readonly run: (forward: Forward) => Promise<void>;
}

export function useProbes(): Probes {
  const client = useClient();
  const [of, setOf] = useState<Probes['of']>({});
  const run = useCallback(
    async ({ protocol, address, port }: Forward) => {
      const key = keyOf({ protocol, address, port });
      const put = (probe: Probe): void => setOf((old) => ({ ...old, [key]: probe }));
      const at = Date.now();
      put({ at });
      try {
        put({ at, hops: await client.call('ports.probe', { protocol, address, port }) });
      } catch (error) {
        put({ at, error: toWireError(error) });
      }
    },
    [client],
  );
  return { of, run };
}
