// The shared folders while the page is open: their open files cost the backend a timer, so nobody else subscribes.
import { useEffect, useState } from 'react';
import type { SharesStatus } from '../../../../preload/contract';
import { useClient, useStore } from '../../../state/context';

/** undefined until the first answer. */
export function useShares(): SharesStatus | undefined {
  const client = useClient();
  const open = useStore((s) => s.connection.name === 'open');
  const [status, setStatus] = useState<SharesStatus>();
  useEffect(() => {
    const ending = new AbortController();
    const read = async (): Promise<void> => {
      for await (const next of client.stream('shares.changes', {}, { signal: ending.signal })) {
        setStatus(next);
      }
    };
    if (open) {
      // A lost connection is told by the frame, and begins this anew.
      read().catch(() => undefined);
    }
    return () => ending.abort();
  }, [client, open]);
  return status;
}
