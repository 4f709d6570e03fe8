// One file of a report, word for word as it would be saved.
import { useEffect, useState } from 'react';
import type { ReactNode } from 'react';
import { toWireError } from '../../../preload/contract';
import type { WireError } from '../../../preload/contract';
import { useClient } from '../../state/context';
import { ErrorNotice } from '../../ui/error-notice';
import css from './diagnostics.module.css';

interface PreviewProps {
  readonly id: string;
  readonly file: string;
  /** Grows while the part is gathered: read again then. */
  readonly bytes: number;
}

export function Preview({ id, file, bytes }: PreviewProps): ReactNode {
  const client = useClient();
  const [text, setText] = useState<string>();
  const [error, setError] = useState<WireError>();
  useEffect(() => {
    const stop = new AbortController();
    client.call('diagnostics.read', { id, file }, { signal: stop.signal }).then(
      (answer) => setText(answer.text),
      (thrown: unknown) => {
        if (!stop.signal.aborted) {
          setError(toWireError(thrown));
        }
      },
    );
    return () => stop.abort();
  }, [client, id, file, bytes]);
  return (
    <section className={css['preview']} aria-label={file}>
      <h2 className="words">{file}</h2>
      {error === undefined ? null : <ErrorNotice error={error} />}
      {/* Long lines are scrolled to: a wrapped log is no log. The keyboard needs to get into it. */}
      <pre className="tail" tabIndex={0} lang="en">
        {text ?? ''}
      </pre>
    </section>
  );
}
