// Inspect of one container: asked again whenever its row changed, the old answer shown meanwhile.
import { useEffect, useState } from 'react';
import { toWireError } from '../../../preload/contract';
import { useClient } from '../../state/context';
import type { ContainerDetail, ContainerSummary, WireError } from '../../../preload/contract';

interface Detail {
  readonly detail: ContainerDetail | undefined;
  readonly error: WireError | undefined;
}

export function useDetail(container: ContainerSummary): Detail {
  const client = useClient();
  const [detail, setDetail] = useState<ContainerDetail>();
  const [error, setError] = useState<WireError>();
  useEffect(() => {
    const abort = new AbortController();
    client.call('containers.inspect', { id: container.id }, { signal: abort.signal }).then(
      (answer) => {
        setDetail(answer);
        setError(undefined);
      },
      (thrown: unknown) => {
        if (!abort.signal.aborted) {
          setError(toWireError(thrown));
        }
      },
    );
    return () => {
      abort.abort();
    };
  }, [client, container]);
  return { detail, error };
}
