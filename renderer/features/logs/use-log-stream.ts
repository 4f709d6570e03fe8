// Feeds a buffer from containers.logs for as long as a tab is open: waits for room, goes on after a restart or a lost engine.
// Lines never touch React's state; only how the stream stands does.
import { useEffect, useState } from 'react';
import { toWireError } from '../../../preload/contract';
import { useClient, useStore } from '../../state/context';
import { createLogBuffer } from '../../ui/log-view-buffer';
import { createResume } from './resume';
import type { Client, ContainerSummary, WireError } from '../../../preload/contract';
import type { LogBuffer } from '../../ui/log-view-buffer';
import type { Resume } from './resume';

export interface LogRange {
  /** -1 = all. */
  readonly tail: number;
  /** Seconds back from now; 0 = no limit. */
  readonly seconds: number;
}

export type LogStatus = 'opening' | 'open' | 'ended' | 'lost';

export interface LogStream {
  readonly buffer: LogBuffer;
  readonly status: LogStatus;
  readonly error: WireError | undefined;
}

/** While one of these stands in the way, the next change of the engine's state tries again by itself. */
const passing = new Set(['rpc.disconnected', 'engine.away', 'engine.notAnswering', 'rpc.cancelled']);

export function useLogStream(container: ContainerSummary, range: LogRange): LogStream {
  const client = useClient();
  const { id } = container;
  const reachable = useStore((state) => state.engine.status === 'ready' && state.connection.name === 'open');
  // A container that runs again goes on where its last run ended.
  const run = container.state === 'running' ? (container.startedAt ?? 1) : 0;
  // One buffer and one place to go on from for each range.
  const [session, setSession] = useState(() => ({ id, range, buffer: createLogBuffer(), resume: createResume() }));
  const [status, setStatus] = useState<LogStatus>('opening');
  const [error, setError] = useState<WireError>();
  if (session.range !== range || session.id !== id) {
    setSession({ id, range, buffer: createLogBuffer(), resume: createResume() });
  }
  useEffect(() => () => { session.buffer.dispose(); }, [session]);

  useEffect(() => {
    if (!reachable) {
      return undefined;
    }
    const abort = new AbortController();
    setStatus('opening');
    setError(undefined);
    read(client, id, session.range, session.buffer, session.resume, abort.signal, () => { setStatus('open'); }).then(
      () => {
        if (!abort.signal.aborted) {
          setStatus('ended');
        }
      },
      (thrown: unknown) => {
        if (!abort.signal.aborted) {
          const wire = toWireError(thrown);
          setStatus('lost');
          setError(passing.has(wire.code) ? undefined : wire);
        }
      },
    );
    return () => { abort.abort(); };
  }, [client, id, session, reachable, run]);

  return { buffer: session.buffer, status: reachable ? status : 'lost', error };
}

async function read(client: Client, id: string, range: LogRange, buffer: LogBuffer, resume: Resume, signal: AbortSignal, onOpen: () => void): Promise<void> {
  const again = resume.since();
  resume.again();
  const since = again ?? (range.seconds === 0 ? undefined : Math.floor(Date.now() / 1000) - range.seconds);
  const input = { id, follow: true, tail: again === undefined ? range.tail : -1, ...(since === undefined ? {} : { since }) };
  const stream = client.stream('containers.logs', input, { signal });
  onOpen();
  for await (const batch of stream) {
    buffer.push(resume.take(batch));
    // Someone reads further up and the slack is used: not reading is what stops dockerd, and nothing is lost.
    await buffer.room(signal);
  }
}
