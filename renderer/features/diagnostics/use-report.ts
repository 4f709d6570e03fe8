// One report while its page is open: gathered at once, again on demand, thrown away with the page.
import { useCallback, useEffect, useState } from 'react';
import { toWireError } from '../../../preload/contract';
import type { DiagnosticsReport, WireError } from '../../../preload/contract';
import { useClient } from '../../state/context';

export interface UseReport {
  readonly report: DiagnosticsReport | undefined;
  readonly error: WireError | undefined;
  readonly again: () => void;
}

export function useReport(): UseReport {
  const client = useClient();
  const [report, setReport] = useState<DiagnosticsReport>();
  const [error, setError] = useState<WireError>();
  const [turn, setTurn] = useState(0);

  useEffect(() => {
    const stop = new AbortController();
    let id: string | undefined;
    const gather = async (): Promise<void> => {
      try {
        for await (const next of client.stream('diagnostics.collect', {}, { signal: stop.signal })) {
          ({ id } = next);
          setReport(next);
        }
      } catch (thrown) {
        if (!stop.signal.aborted) {
          setError(toWireError(thrown));
        }
      }
    };
    void gather();
    return () => {
      stop.abort();
      if (id !== undefined) {
        client.call('diagnostics.discard', { id }).catch(() => undefined);
      }
    };
  }, [client, turn]);

  const again = useCallback(() => {
    setReport(undefined);
    setError(undefined);
    setTurn((before) => before + 1);
  }, []);
  return { report, error, again };
}
