// The engine is asked what is in force whenever somebody looks: when the page opens, and when the window comes to the front again.
import { useEffect } from 'react';
import { useClient } from '../../state/context';

export function useLook(): void {
  const client = useClient();
  useEffect(() => {
    let open = new AbortController();
    const look = (): void => {
      open.abort();
      open = new AbortController();
      void drain(client.stream('config.changes', {}, { signal: open.signal }));
    };
    look();
    window.addEventListener('focus', look);
    return () => {
      window.removeEventListener('focus', look);
      open.abort();
    };
  }, [client]);
}

/** A new reader makes the backend read the engine; what it says comes with the mirrors' own state. */
async function drain(items: AsyncIterable<unknown>): Promise<void> {
  try {
    for await (const _item of items) {
      // Nothing to keep.
    }
  } catch {
    // Told by the connection's own state.
  }
}
