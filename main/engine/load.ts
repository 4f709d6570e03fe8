// Loading an image from a tar that the window streams: gigabytes through, a few hundred KiB held, cancelled on either side.
import { BerthError } from '../../preload/contract';
import type { LoadProgress } from '../../preload/contract';
import type { TaskRun, TaskRunner } from '../lib/task-runner';
import type { Connection } from './connection';
import { engineError, linkError } from './errors';
import { record, text } from '../lib/json';
import { jsonLines } from './json-lines';
import { createPulse } from './pulse';
import { looksLikeTar, TAR_HEAD_BYTES } from './tar-head';

const REPORT_MS = 100;

interface LoadInput {
  readonly name: string;
  readonly sizeBytes?: number | undefined;
}

/** The same bytes, checked at their beginning and counted. */
async function* checked(
  upload: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of upload) {
    signal.throwIfAborted();
    count(chunk.length);
    if (head === undefined) {
      yield chunk;
      continue;
    }
    head = Buffer.concat([head, chunk]);
    if (head.length >= TAR_HEAD_BYTES) {
      assertTar(head);
      yield head;
      head = undefined;
    }
  }
  if (head !== undefined) {
    assertTar(head);
    yield head;
  }
}

function assertTar(head: Buffer): void {
  if (!looksLikeTar(head)) {
    throw new BerthError('engine.notATar', { detail: '' });
  }
}

/** dockerd's words for a tar that is none, or none of an image. */
function loadError(error: Error): Error {
  const detail = error instanceof BerthError ? String(error.params['detail'] ?? '') : '';
  return /invalid tar header|unexpected EOF|unrecognized image format|manifest\.json|repositories: no such file|no such file or directory.*(?:oci-layout|index\.json)|invalid image|archive\/tar/i.test(
    detail,
  )
    ? new BerthError('engine.notATar', { detail }, { cause: error })
    : error;
}

export async function* loadImage(
  connection: Connection,
  tasks: TaskRunner,
  input: LoadInput,
  upload: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<LoadProgress> {
  let receivedBytes = 0;
  const loaded: string[] = [];
  const pulse = createPulse();
  const end: { reached: boolean; failure?: Error } = { reached: false };

  async function work(run: TaskRun): Promise<void> {
    const all = AbortSignal.any([signal, run.signal]);
    let reportedAt = Date.now();
    let reportedBytes = 0;
    const count = (bytes: number): void => {
      receivedBytes += bytes;
      const now = Date.now();
      if (now - reportedAt >= REPORT_MS) {
        run.update({
          currentBytes: receivedBytes,
          totalBytes: input.sizeBytes ?? 0,
          bytesPerSecond: Math.round(((receivedBytes - reportedBytes) * 1000) / (now - reportedAt)),
        });
        reportedAt = now;
        reportedBytes = receivedBytes;
        pulse.beat();
      }
    };
    try {
      const body = await connection.stream({
        method: 'POST',
        path: '/images/load',
        query: { quiet: true },
        upload: checked(upload, all, count),
        lane: 'bulk',
        signal: all,
      });
      for await (const line of jsonLines(body)) {
        const error = text(record(line['errorDetail'])['message']) || text(line['error']);
        if (error !== '') {
          throw engineError(0, error);
        }
        const found = /^Loaded image(?: ID)?: (.+)$/.exec(text(line['stream']).trim());
        if (found?.[1] !== undefined) {
          loaded.push(found[1]);
        }
      }
      run.update({ currentBytes: receivedBytes, totalBytes: receivedBytes, detail: loaded.join(', ') });
    } catch (error) {
      end.failure = all.aborted ? new BerthError('rpc.cancelled', {}, { cause: error }) : loadError(linkError(unwrap(error), all));
      throw end.failure;
    }
  }

  void tasks.run('load', input.name, work).done.then(() => {
    end.reached = true;
    pulse.beat();
  });
  for (;;) {
    await pulse.next();
    if (end.reached) {
      break;
    }
    yield { receivedBytes, loaded: [] };
  }
  if (end.failure !== undefined) {
    throw end.failure;
  }
  yield { receivedBytes, loaded };
}

/** Ours, thrown while bytes were sent, come back as the cause of the connection that this broke. */
function unwrap(error: unknown): unknown {
  return error instanceof BerthError && error.cause instanceof BerthError ? error.cause : error;
}
