// GET /containers/{id}/logs of the fake engine: framed or raw, history and follow, with the backpressure of a real one.
import { frame, Refusal, send, sleep, type Exchange, type Route } from './http';
import type { FakeContainer, Model } from './model';

export interface LogEntry {
  readonly stream: 'stdout' | 'stderr';
  /** With its newline, if it has one; dockerd splits longer messages at 16 KiB into entries without. */
  readonly bytes: Uint8Array;
  readonly time?: string;
}

/** What a container has logged (`history`), and what it goes on logging. */
export interface LogScript {
  readonly history: readonly LogEntry[];
  readonly live?: (gone: AbortSignal) => AsyncIterable<LogEntry>;
  /** Instead of both: the bytes as they travel, for loads that a write a line cannot make. */
  readonly wire?: (gone: AbortSignal) => AsyncIterable<Uint8Array>;
}

export function logEntry(text: string, stream: LogEntry['stream'] = 'stdout', time?: string): LogEntry {
  return { stream, bytes: Buffer.from(text), ...(time === undefined ? {} : { time }) };
}

function stamp(index: number): string {
  return `2026-08-01T10:${String(Math.floor(index / 60) % 60).padStart(2, '0')}:${String(index % 60).padStart(2, '0')}.000000000Z`;
}

function defaultScript(container: FakeContainer): LogScript {
  const line = (index: number): LogEntry =>
    logEntry(
      `${container.name} ${index} GET /index.html 200 ${(index * 37) % 900} ms\n`,
      index % 17 === 0 ? 'stderr' : 'stdout',
      stamp(index),
    );
  return {
    history: Array.from({ length: 200 }, (_, index) => line(index)),
    async *live(gone) {
      for (let index = 200; container.state === 'running'; index++) {
        await sleep(1000, gone);
        yield { ...line(index), time: `${new Date().toISOString().slice(0, -1)}000000Z` };
      }
    },
  };
}

export function logRoutes(model: Model, scripts: Map<string, LogScript>): Route[] {
  async function logs({ query, response, match, gone }: Exchange): Promise<void> {
    const container = model.findContainer(match[0] ?? '');
    if (container === undefined) {
      throw new Refusal(404, `No such container: ${match[0]}`);
    }
    const script = scripts.get(container.name) ?? defaultScript(container);
    const out = query.get('stdout') === '1' || query.get('stdout') === 'true';
    const err = query.get('stderr') === '1' || query.get('stderr') === 'true';
    if (!out && !err) {
      throw new Refusal(400, 'Bad parameters: you must choose at least one stream');
    }
    const tail = query.get('tail') ?? 'all';
    const history =
      tail === 'all' || tail === '' || tail === '-1'
        ? script.history
        : script.history.slice(Math.max(0, script.history.length - Number(tail)));
    const stamped = query.get('timestamps') === '1' || query.get('timestamps') === 'true';
    response.writeHead(200, {
      'Content-Type': container.tty ? 'application/vnd.docker.raw-stream' : 'application/vnd.docker.multiplexed-stream',
    });
    response.flushHeaders();

    async function write(entry: LogEntry): Promise<void> {
      if (entry.stream === 'stdout' ? !out : !err) {
        return;
      }
      const bytes = stamped ? Buffer.concat([Buffer.from(`${entry.time ?? stamp(0)} `), entry.bytes]) : entry.bytes;
      await send(response, container?.tty === true ? bytes : frame(entry.stream, bytes), gone);
    }
    if (script.wire !== undefined) {
      for await (const bytes of script.wire(gone)) {
        await send(response, bytes, gone);
      }
      response.end();
      return;
    }
    for (const entry of history) {
      await write(entry);
    }
    if ((query.get('follow') === '1' || query.get('follow') === 'true') && script.live !== undefined) {
      for await (const entry of script.live(gone)) {
        await write(entry);
      }
    }
    response.end();
  }
  return [['GET', /^\/containers\/([^/]+)\/logs$/, logs]];
}
