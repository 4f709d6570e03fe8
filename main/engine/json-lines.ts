// A stream of JSON values, one a line, as dockerd's events and progress are; pulled, so that a slow reader holds dockerd back.
import type { Readable } from 'node:stream';
import { BerthError } from '../../preload/contract';
import { record } from '../lib/json';
import type { Json } from '../lib/json';

/** An event with thousands of labels is tens of KiB; a longer line is no line of dockerd's. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;

export async function* jsonLines(body: Readable): AsyncGenerator<Json> {
  let rest = Buffer.alloc(0);
  for await (const chunk of body as AsyncIterable<Buffer>) {
    let from = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      const line = Buffer.concat([rest, chunk.subarray(from, end)])
        .toString('utf8')
        .trim();
      rest = Buffer.alloc(0);
      from = end + 1;
      if (line !== '') {
        yield parse(line);
      }
    }
    rest = Buffer.concat([rest, chunk.subarray(from)]);
    if (rest.length > MAX_LINE_BYTES) {
      throw new BerthError('engine.failed', { status: 200, detail: `a line longer than ${MAX_LINE_BYTES} bytes` });
    }
  }
  const last = rest.toString('utf8').trim();
  if (last !== '') {
    yield parse(last);
  }
}

function parse(line: string): Json {
  try {
    return record(JSON.parse(line));
  } catch (error) {
    throw new BerthError('engine.failed', { status: 200, detail: `not JSON: ${line.slice(0, 200)}` }, { cause: error });
  }
}
