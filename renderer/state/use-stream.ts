// What a page shows that nobody else does: read while the page is open, because the backend spends something on it.
import { useEffect, useState } from 'react';
import type { Contract, InputOf, ItemOf, StreamNames } from '../../preload/contract';
import { useClient, useStore } from './context';

/** Streams that take no input and whose last item is the whole truth. */
type StateStream = Extract<
  StreamNames,
  'connect.changes' | 'cost.changes' | 'disk.changes' | 'host.changes' | 'ports.changes' | 'repair.changes' | 'shares.changes'
>;

/** The stream's last item; undefined until the first one. Not `wanted`: nothing is read, and the last item stays. */
export function useStream<K extends StateStream>(name: K, wanted = true): ItemOf<Contract[K]> | undefined {
  const client = useClient();
  const open = useStore((s) => s.connection.name === 'open');
  const [item, setItem] = useState<ItemOf<Contract[K]>>();
  useEffect(() => {
    const ending = new AbortController();
    const nothing = {} as InputOf<Contract[K]>;
    const read = async (): Promise<void> => {
      for await (const next of client.stream(name, nothing, { signal: ending.signal })) {
        setItem(next);
      }
    };
    if (open && wanted) {
      // A lost connection is told by the frame, and begins this anew.
      read().catch(() => undefined);
    }
    return () => ending.abort();
  }, [client, name, open, wanted]);
  return item;
}
