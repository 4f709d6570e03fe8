// The client's bytes on their way to a handler: read from the source only while the server gives credit.
import { nextPiece } from './credit';
import type { Credit } from './credit';
import type { Frame } from './frames';

export interface UploadJob {
  readonly id: number;
  readonly source: AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>;
  readonly credit: Credit;
  /** The stream is over: nothing more is wanted. */
  readonly signal: AbortSignal;
  readonly send: (frame: Frame) => void;
}

export async function sendUpload({ id, source, credit, signal, send }: UploadJob): Promise<void> {
  const reader = read(source);
  const stopped = (): boolean => signal.aborted;
  const positive = (): boolean => credit.available > 0;
  const stop = (): void => void reader.return?.().then(undefined, () => undefined);
  signal.addEventListener('abort', stop, { once: true });
  try {
    for (;;) {
      await credit.until(positive, signal);
      if (stopped()) {
        return;
      }
      const next = await reader.next();
      if (next.done === true) {
        break;
      }
      for (let rest = next.value; rest.length > 0;) {
        await credit.until(positive, signal);
        if (stopped()) {
          return;
        }
        const payload = nextPiece(rest, credit.available);
        credit.take(payload.length);
        send({ t: 'up', id, payload });
        rest = rest.subarray(payload.length);
      }
    }
    send({ t: 'upEnd', id });
  } catch (error) {
    send({ t: 'upEnd', id, error: error instanceof Error ? error.message : String(error) });
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Not every browser's ReadableStream can be iterated. */
function read(source: UploadJob['source']): AsyncIterator<Uint8Array> {
  if (!('getReader' in source)) {
    return source[Symbol.asyncIterator]();
  }
  const reader = source.getReader();
  return {
    next: async () => {
      const result = await reader.read();
      return result.done ? { done: true, value: undefined } : { done: false, value: result.value };
    },
    return: async () => {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
}
