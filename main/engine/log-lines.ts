// Bytes of one log stream to lines: time stamps taken off, characters never torn, lines without end cut into pieces of 1 MiB.
// Pure state machine; `finish` gives what came after the last line end.
import type { LogBatch } from '../../preload/contract';
import type { LogStream } from './demux';

export type LogLine = LogBatch['lines'][number];

export const MAX_LINE_BYTES = 1024 * 1024;
/** dockerd's log messages are at most this long; a longer line is several messages, each with a stamp. */
const MESSAGE_BYTES = 16 * 1024;
const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;
const MAX_STAMP_BYTES = 36;
const NEWLINE = 10;
const SPACE = 32;
const RETURN = 13;

export interface LineAssembler {
  push(bytes: Buffer, start: boolean, emit: (line: LogLine) => void): void;
  finish(emit: (line: LogLine) => void): void;
}

export function createLineAssembler(stream: LogStream, stamped: boolean): LineAssembler {
  let parts: Buffer[] = [];
  let size = 0;
  /** Of the whole line, the pieces cut off it included. */
  let lineBytes = 0;
  let time = '';
  /** take: at a line's beginning; skip: a stamp in the midst of a line is no part of it. */
  let expect: 'no' | 'take' | 'skip' = stamped ? 'take' : 'no';
  let early: Buffer = Buffer.alloc(0);

  function whole(last: Buffer): Buffer {
    return parts.length === 0 ? last : Buffer.concat([...parts, last]);
  }

  function endLine(last: Buffer, emit: (line: LogLine) => void): void {
    const bytes = whole(last);
    const end = bytes.at(-1) === RETURN ? bytes.length - 1 : bytes.length;
    emit([stream, time, bytes.toString('utf8', 0, end)]);
    parts = [];
    size = 0;
    lineBytes = 0;
    expect = stamped ? 'take' : 'no';
  }

  function content(bytes: Buffer, emit: (line: LogLine) => void): void {
    parts.push(bytes);
    size += bytes.length;
    lineBytes += bytes.length;
    while (size > MAX_LINE_BYTES) {
      const all = whole(Buffer.alloc(0));
      const cut = beforeCharacter(all, MAX_LINE_BYTES);
      emit([stream, time, all.toString('utf8', 0, cut)]);
      parts = [all.subarray(cut)];
      size = all.length - cut;
    }
  }

  /** The bytes after a stamp, or undefined while it may still be incomplete. */
  function afterStamp(bytes: Buffer): Buffer | undefined {
    const all = early.length === 0 ? bytes : Buffer.concat([early, bytes]);
    const space = all.subarray(0, MAX_STAMP_BYTES).indexOf(SPACE);
    if (space === -1 && all.length < MAX_STAMP_BYTES && !all.includes(NEWLINE)) {
      early = all;
      return undefined;
    }
    early = Buffer.alloc(0);
    const found = space === -1 ? '' : all.toString('latin1', 0, space);
    const isStamp = STAMP.test(found);
    if (isStamp && expect === 'take') {
      time = found;
    }
    expect = 'no';
    return isStamp ? all.subarray(space + 1) : all;
  }

  function push(bytes: Buffer, start: boolean, emit: (line: LogLine) => void): void {
    let rest = bytes;
    if (start && stamped && expect === 'no') {
      expect = 'skip';
    }
    while (rest.length > 0) {
      if (expect !== 'no') {
        const after = afterStamp(rest);
        if (after === undefined) {
          return;
        }
        rest = after;
      }
      const end = rest.indexOf(NEWLINE);
      // Only a terminal's stream, which has no frames, shows a message's border by its length alone.
      const border = stamped ? MESSAGE_BYTES - (lineBytes % MESSAGE_BYTES) : Infinity;
      if (end !== -1 && end <= border) {
        endLine(rest.subarray(0, end), emit);
        rest = rest.subarray(end + 1);
      } else {
        const taken = rest.subarray(0, border === Infinity ? rest.length : border);
        content(taken, emit);
        rest = rest.subarray(taken.length);
        if (taken.length === border) {
          expect = 'skip';
        }
      }
    }
  }

  return {
    push,
    finish(emit) {
      if (early.length > 0) {
        content(early, emit);
        early = Buffer.alloc(0);
      }
      if (size > 0) {
        endLine(Buffer.alloc(0), emit);
      }
    },
  };
}

/** The last place at or before `limit` where no character is torn. */
function beforeCharacter(bytes: Buffer, limit: number): number {
  let cut = Math.min(limit, bytes.length);
  for (let back = 0; back < 3 && cut > 0 && ((bytes[cut] ?? 0) & 0xc0) === 0x80; back++) {
    cut -= 1;
  }
  return cut;
}
