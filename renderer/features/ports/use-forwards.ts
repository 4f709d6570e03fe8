// The forwards while the page is open: their figures cost the backend a timer, so nobody else subscribes.
import { useEffect, useState } from 'react';
import type { Forward } from '../../../preload/contract';
import { useClient, useStore } from '../../state/context';

/** undefined until the first answer. */
export function useForwards(): readonly Forward[] | undefined {
  const client = useClient();
  const open = useStore((s) => s.connection.name === 'open');
  const [forwards, setForwards] = useState<readonly Forward[]>();
  useEffect(() => {
    const ending = new AbortController();
    const read = async (): Promise<void> => {
      for await (const next of client.stream('ports.changes', {}, { signal: ending.signal })) {
        setForwards(next);
      }
    };
    if (open) {
      // A lost connection is told by the frame, and begins this anew.
      read().catch(() => undefined);
    }
    return () => ending.abort();
  }, [client, open]);
  return forwards;
}
