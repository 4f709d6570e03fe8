// Feeds a buffer from containers.logs for as long as a tab is open: waits for room, goes on after a restart or a lost engine.
// Lines never touch React's state; only how the stream stands does.
import { useEffect, useEffectEvent, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { toWireError } from '../../../preload/contract';
import { useFormat } from '../../format';
import { useClient, useStore } from '../../state/context';
import { createLogBuffer } from '../../ui/log-view-buffer';
import { createResume } from './resume';
import type { Client, ContainerSummary, LogBatch, WireError } from '../../../preload/contract';
import type { Pause } from '../../state/slices/vm';
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
  /** The last pause of the VM that it has a mark of, or that was over before it began. */
  readonly told: { pause: Pause | undefined };
}

function newSession(id: string, range: LogRange, pause: Pause | undefined): Session {
  return { id, range, buffer: createLogBuffer(), resume: createResume(), told: { pause } };
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
  const pause = useStore((state) => state.vm.pause);
  const pauseWords = usePauseWords();
  // A container that runs again goes on where its last run ended.
  const run = container.state === 'running' ? (container.startedAt ?? 1) : 0;
  // One buffer and one place to go on from for each range.
  const [session, setSession] = useState<Session>(() => newSession(id, range, pause));
  if (session.range !== range || session.id !== id) {
    setSession(newSession(id, range, pause));
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
  const pauseNow = useEffectEvent((): MarkedPause | undefined =>
    pause === undefined || pause === session.told.pause ? undefined : { ...pause, of: pause, words: pauseWords(pause) },
  );
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
    read(client, attempt.session, {
      signal: abort.signal,
      pause: pauseNow(),
      onOpen: () => {
        tell('open');
      },
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

interface MarkedPause extends Pause {
  readonly of: Pause;
  readonly words: string;
}

function usePauseWords(): (pause: Pause) => string {
  const { t } = useTranslation('vm');
  const format = useFormat();
  return ({ from, to }) => t('pause.log', { from: format.clock(from), to: format.clock(to) });
}

interface Reading {
  readonly signal: AbortSignal;
  readonly pause: MarkedPause | undefined;
  readonly onOpen: () => void;
}

async function read(client: Client, { id, range, buffer, resume, told }: Session, { signal, pause, onOpen }: Reading): Promise<void> {
  const again = resume.since();
  resume.again();
  const since = again ?? (range.seconds === 0 ? undefined : Math.floor(Date.now() / 1000) - range.seconds);
  const input = { id, follow: true, tail: again === undefined ? range.tail : -1, ...(since === undefined ? {} : { since }) };
  const stream = client.stream('containers.logs', input, { signal });
  let isOpen = false;
  const opened = (): void => {
    if (!isOpen) {
      isOpen = true;
      onOpen();
    }
  };
  const mark = (): void => {
    if (pause !== undefined && told.pause !== pause.of) {
      told.pause = pause.of;
      buffer.mark(pause.words);
    }
  };
  // Without a word from the container the stream is open all the same.
  const silent = setTimeout(() => {
    opened();
    mark();
  }, silentMs);
  try {
    for await (const batch of stream) {
      opened();
      const lines = resume.take(batch);
      const [before, after] = pause === undefined || told.pause === pause.of ? [undefined, lines] : splitAt(lines, pause.from);
      if (before !== undefined) {
        buffer.push(before);
        mark();
      }
      buffer.push(after);
      // Someone reads further up and the slack is used: not reading is what stops dockerd, and nothing is lost.
      await buffer.room(signal);
    }
  } finally {
    clearTimeout(silent);
  }
}

/** What was written before the pause and had not come yet stands above its mark. */
function splitAt(batch: LogBatch, from: number): readonly [LogBatch, LogBatch] {
  const index = batch.lines.findIndex(([, time]) => Date.parse(time) >= from);
  const at = index === -1 ? batch.lines.length : index;
  return [
    { ...batch, lines: batch.lines.slice(0, at) },
    { ...batch, lines: batch.lines.slice(at), dropped: 0 },
  ];
}
