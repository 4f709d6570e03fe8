// Logs as streams of batches and of bytes. dockerd is read no faster than the reader takes: its channel stops, and dockerd blocks.
// Nothing is dropped here; a connection that breaks ends the stream with an error, and a frame cut in two is counted.
import type { Readable } from 'node:stream';
import type { BackendHandlers, LogBatch } from '../../preload/contract';
import type { Connection, EngineRequest } from './connection';
import { createDemux, createRawDemux } from './demux';
import type { Demux } from './demux';
import { linkError } from './errors';
import { record } from '../lib/json';
import { createLineAssembler } from './log-lines';
import type { LogLine } from './log-lines';

const BATCH_BYTES = 64 * 1024;
const BATCH_MS = 20;

interface OpenLog {
  readonly body: Readable;
  readonly tty: boolean;
}

interface LogQuery {
  readonly follow: boolean;
  readonly tail: number;
  readonly timestamps: boolean;
  readonly since?: number | undefined;
  readonly until?: number | undefined;
}

async function openLog(connection: Connection, id: string, query: LogQuery, signal: AbortSignal): Promise<OpenLog> {
  const request: EngineRequest = {
    method: 'GET',
    path: `/containers/${id}/logs`,
    query: {
      stdout: true,
      stderr: true,
      follow: query.follow,
      timestamps: query.timestamps,
      tail: query.tail === -1 ? 'all' : query.tail,
      since: query.since,
      until: query.until,
    },
    lane: 'bulk',
    signal,
    about: { container: id },
  };
  const body = await connection.stream(request);
  const type = body.headers['content-type'] ?? '';
  // Engines before 1.42 name every log a raw stream; only the container knows then.
  const tty = type.includes('multiplexed')
    ? false
    : record(record(await connection.json({ method: 'GET', path: `/containers/${id}/json`, signal, about: { container: id } }))['Config'])[
        'Tty'
      ] === true;
  return { body, tty };
}

/** Chunks with a clock: the next one, or undefined when none came in time. One read is in flight at most. */
function createPuller(body: Readable) {
  const chunks = (body as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  let pending: Promise<IteratorResult<Buffer>> | undefined;
  const next = (): Promise<IteratorResult<Buffer>> => (pending ??= chunks.next());
  return {
    async wait(): Promise<IteratorResult<Buffer>> {
      const result = await next();
      pending = undefined;
      return result;
    },
    async waitUntil(deadline: number): Promise<IteratorResult<Buffer> | undefined> {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<undefined>((resolve) => {
        timer = setTimeout(() => resolve(undefined), Math.max(0, deadline - Date.now()));
      });
      const result = await Promise.race([next(), late]);
      clearTimeout(timer);
      if (result !== undefined) {
        pending = undefined;
      }
      return result;
    },
  };
}

export async function* logBatches(body: Readable, tty: boolean, stamped: boolean): AsyncGenerator<LogBatch> {
  const demux: Demux = tty ? createRawDemux() : createDemux();
  const assemblers = { o: createLineAssembler('o', stamped, !tty), e: createLineAssembler('e', stamped, !tty) };
  const puller = createPuller(body);
  let lines: LogLine[] = [];
  let bytes = 0;
  const emit = (line: LogLine): void => {
    lines.push(line);
    bytes += line[2].length + 64;
  };
  const take = (chunk: Buffer): void => demux.push(chunk, (stream, piece, start) => assemblers[stream].push(piece, start, emit));
  const cut = (dropped: number): LogBatch => {
    const batch = { lines, dropped };
    lines = [];
    bytes = 0;
    return batch;
  };
  let done = false;
  try {
    while (!done) {
      let result: IteratorResult<Buffer> | undefined = await puller.wait();
      const deadline = Date.now() + BATCH_MS;
      while (result !== undefined && result.done !== true) {
        take(result.value);
        result = bytes >= BATCH_BYTES ? undefined : await puller.waitUntil(deadline);
      }
      done = result?.done === true;
      if (done) {
        assemblers.o.finish(emit);
        assemblers.e.finish(emit);
      }
      const torn = done && !demux.atBoundary() ? 1 : 0;
      if (lines.length > 0 || torn > 0) {
        yield cut(torn);
      }
    }
  } catch (error) {
    // What came whole before the break is shown before the error is.
    if (lines.length > 0) {
      yield cut(0);
    }
    throw error;
  } finally {
    body.destroy();
  }
}

async function* logBytes(body: Readable, tty: boolean): AsyncGenerator<Uint8Array> {
  const demux: Demux = tty ? createRawDemux() : createDemux();
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      const pieces: Buffer[] = [];
      demux.push(chunk, (_stream, piece) => pieces.push(piece));
      if (pieces.length > 0) {
        yield Buffer.concat(pieces);
      }
    }
  } finally {
    body.destroy();
  }
}

/** The last lines, for the detail of an error; none where there are none to be had. */
export async function lastLines(connection: Connection, id: string, count: number, signal: AbortSignal): Promise<readonly string[]> {
  try {
    const { body, tty } = await openLog(connection, id, { follow: false, tail: count, timestamps: false }, signal);
    const found: string[] = [];
    for await (const batch of logBatches(body, tty, false)) {
      found.push(...batch.lines.map(([, , text]) => text));
    }
    return found.slice(-count);
  } catch {
    return [];
  }
}

export function createLogHandlers(connection: Connection): Pick<BackendHandlers, 'containers.logs' | 'containers.logBytes'> {
  async function* guarded<T>(signal: AbortSignal, open: () => AsyncGenerator<T>): AsyncGenerator<T> {
    try {
      yield* open();
    } catch (error) {
      throw linkError(error, signal);
    }
  }
  return {
    'containers.logs': (input, { signal }) =>
      guarded(signal, async function* () {
        const { body, tty } = await openLog(connection, input.id, { ...input, timestamps: true }, signal);
        yield* logBatches(body, tty, true);
      }),
    'containers.logBytes': (input, { signal }) =>
      guarded(signal, async function* () {
        const { body, tty } = await openLog(connection, input.id, { follow: false, tail: -1, timestamps: input.timestamps }, signal);
        yield* logBytes(body, tty);
      }),
  };
}
