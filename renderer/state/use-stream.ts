// What a page shows that nobody else does: read while the page is open and can be seen, because the backend spends something on it.
import { useDocumentVisibility } from '@mantine/hooks';
import { useEffect, useState } from 'react';
import type { Contract, InputOf, ItemOf, StreamNames } from '../../preload/contract';
import { useClient, useStore } from './context';

/** Streams that take no input and whose last item is the whole truth. */
type StateStream = Extract<
  StreamNames,
  'connect.changes' | 'cost.changes' | 'disk.changes' | 'host.changes' | 'ports.changes' | 'repair.changes' | 'shares.changes'
>;

/** The stream's last item; undefined until the first one. */
export function useStream<K extends StateStream>(name: K): ItemOf<Contract[K]> | undefined {
  const client = useClient();
  const open = useStore((s) => s.connection.name === 'open');
  const seen = useDocumentVisibility() !== 'hidden';
  const [item, setItem] = useState<ItemOf<Contract[K]>>();
  useEffect(() => {
    const ending = new AbortController();
    const nothing = {} as InputOf<Contract[K]>;
    const read = async (): Promise<void> => {
      for await (const next of client.stream(name, nothing, { signal: ending.signal })) {
        setItem(next);
      }
    };
    if (open && seen) {
      // A lost connection is told by the frame, and begins this anew.
      read().catch(() => undefined);
    }
    return () => ending.abort();
  }, [client, name, open, seen]);
  return item;
}
