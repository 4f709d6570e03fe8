// Feeds a buffer from containers.logs for as long as a tab is open: waits for room, goes on after a restart or a lost engine.
// Lines never touch React's state; only how the stream stands does.
import { useEffect, useMemo, useState } from 'react';
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

interface Session {
  readonly id: string;
  readonly range: LogRange;
  readonly buffer: LogBuffer;
  readonly resume: Resume;
}

interface Progress {
  readonly attempt: object;
  readonly status: LogStatus;
  readonly error: WireError | undefined;
}

export interface LogStream {
  readonly buffer: LogBuffer;
  readonly status: LogStatus;
  readonly error: WireError | undefined;
}

const silentMs = 300;
/** While one of these stands in the way, the next change of the engine's state tries again by itself. */
const passing = new Set(['rpc.disconnected', 'engine.away', 'engine.notAnswering', 'rpc.cancelled']);

export function useLogStream(container: ContainerSummary, range: LogRange): LogStream {
  const client = useClient();
  const { id } = container;
  const reachable = useStore((state) => state.engine.status === 'ready' && state.connection.name === 'open');
  // A container that runs again goes on where its last run ended.
  const run = container.state === 'running' ? (container.startedAt ?? 1) : 0;
  // One buffer and one place to go on from for each range.
  const [session, setSession] = useState<Session>(() => ({ id, range, buffer: createLogBuffer(), resume: createResume() }));
  if (session.range !== range || session.id !== id) {
    setSession({ id, range, buffer: createLogBuffer(), resume: createResume() });
  }
  useEffect(
    () => () => {
      session.buffer.dispose();
    },
    [session],
  );

  // A new attempt stands at `opening` by itself: what an older one came to is not its own.
  const attempt = useMemo(() => ({ session, reachable, run }), [session, reachable, run]);
  const [progress, setProgress] = useState<Progress>();
  useEffect(() => {
    if (!attempt.reachable) {
      return undefined;
    }
    const abort = new AbortController();
    const tell = (status: LogStatus, error?: WireError): void => {
      if (!abort.signal.aborted) {
        setProgress({ attempt, status, error });
      }
    };
    read(client, attempt.session, abort.signal, () => {
      tell('open');
    }).then(
      () => {
        tell('ended');
      },
      (thrown: unknown) => {
        const wire = toWireError(thrown);
        tell('lost', passing.has(wire.code) ? undefined : wire);
      },
    );
    return () => {
      abort.abort();
    };
  }, [client, attempt]);

  const own = progress?.attempt === attempt ? progress : undefined;
  return { buffer: session.buffer, status: reachable ? (own?.status ?? 'opening') : 'lost', error: own?.error };
}

async function read(client: Client, { id, range, buffer, resume }: Session, signal: AbortSignal, onOpen: () => void): Promise<void> {
  const again = resume.since();
  resume.again();
  const since = again ?? (range.seconds === 0 ? undefined : Math.floor(Date.now() / 1000) - range.seconds);
  const input = { id, follow: true, tail: again === undefined ? range.tail : -1, ...(since === undefined ? {} : { since }) };
  const stream = client.stream('containers.logs', input, { signal });
  let told = false;
  const opened = (): void => {
    if (!told) {
      told = true;
      onOpen();
    }
  };
  // Without a word from the container the stream is open all the same.
  const silent = setTimeout(opened, silentMs);
  try {
    for await (const batch of stream) {
      opened();
      buffer.push(resume.take(batch));
      // Someone reads further up and the slack is used: not reading is what stops dockerd, and nothing is lost.
      await buffer.room(signal);
    }
  } finally {
    clearTimeout(silent);
  }
}
