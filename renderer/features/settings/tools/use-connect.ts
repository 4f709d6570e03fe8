// How tools find the engine, while the page is open. A look at it costs a question to whoever serves the system's socket, so nobody else subscribes.
import { useEffect, useState } from 'react';
import type { ConnectState } from '../../../../preload/contract';
import { useClient, useStore } from '../../../state/context';

/** undefined until the first answer. */
export function useConnect(): ConnectState | undefined {
  const client = useClient();
  const open = useStore((s) => s.connection.name === 'open');
  const [state, setState] = useState<ConnectState>();
  useEffect(() => {
    const ending = new AbortController();
    const read = async (): Promise<void> => {
      for await (const next of client.stream('connect.changes', {}, { signal: ending.signal })) {
        setState(next);
      }
    };
    if (open) {
      // A lost connection is told by the frame, and begins this anew.
      read().catch(() => undefined);
    }
    return () => ending.abort();
  }, [client, open]);
  return state;
}
