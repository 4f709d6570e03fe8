// Bytes of one log stream to lines: time stamps taken off, characters never torn, lines without end cut into pieces of 1 MiB.
// Pure state machine; `finish` gives what came after the last line end.
import type { LogBatch } from '../../preload/contract';
import type { LogStream } from './demux';

export type LogLine = LogBatch['lines'][number];

export const MAX_LINE_BYTES = 1024 * 1024;
/** dockerd's log messages are at most this long; a longer line is several messages, each with the same stamp. */
const MESSAGE_BYTES = 16 * 1024;
/** A character torn at a message's border is written down as replacement characters, which are longer. */
const BORDER_SLACK_BYTES = 16;
const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;
const MAX_STAMP_BYTES = 36;
const NEWLINE = 10;
const SPACE = 32;
const RETURN = 13;

export interface LineAssembler {
  push(bytes: Buffer, start: boolean, emit: (line: LogLine) => void): void;
  finish(emit: (line: LogLine) => void): void;
}

/** `framed`: pieces say where a message begins; a terminal's stream shows it only by the length of what came before. */
export function createLineAssembler(stream: LogStream, stamped: boolean, framed: boolean): LineAssembler {
  let parts: Buffer[] = [];
  let size = 0;
  /** Of the message, as far as it has come. */
  let messageBytes = 0;
  let time = '';
  /** take: at a line's beginning; skip: a stamp in the midst of a line is no part of it; seek: one may follow within the slack. */
  let expect: 'no' | 'take' | 'skip' | 'seek' = stamped ? 'take' : 'no';
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
    messageBytes = 0;
    expect = stamped ? 'take' : 'no';
  }

  function content(bytes: Buffer, emit: (line: LogLine) => void): void {
    parts.push(bytes);
    size += bytes.length;
    messageBytes += bytes.length;
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

  /** As `afterStamp`, for a stamp that is somewhere near; what stands before it belongs to the line. */
  function afterNearStamp(bytes: Buffer, emit: (line: LogLine) => void): Buffer | undefined {
    const all = early.length === 0 ? bytes : Buffer.concat([early, bytes]);
    early = Buffer.alloc(0);
    const stamp = Buffer.from(`${time} `);
    const near = all.subarray(0, BORDER_SLACK_BYTES + stamp.length);
    const found = near.indexOf(stamp);
    const end = near.indexOf(NEWLINE);
    if (found === -1 && end === -1 && near.length < BORDER_SLACK_BYTES + stamp.length) {
      early = all;
      return undefined;
    }
    expect = 'no';
    if (found === -1 || (end !== -1 && end < found)) {
      messageBytes = -Infinity;
      return all;
    }
    content(all.subarray(0, found), emit);
    messageBytes = 0;
    return all.subarray(found + stamp.length);
  }

  function push(bytes: Buffer, start: boolean, emit: (line: LogLine) => void): void {
    let rest = bytes;
    if (start && stamped && framed && expect === 'no') {
      expect = 'skip';
    }
    while (rest.length > 0) {
      if (expect !== 'no') {
        const after = expect === 'seek' ? afterNearStamp(rest, emit) : afterStamp(rest);
        if (after === undefined) {
          return;
        }
        rest = after;
      }
      const border = stamped && !framed ? MESSAGE_BYTES - messageBytes : Infinity;
      const end = rest.subarray(0, border + 1).indexOf(NEWLINE);
      if (end !== -1) {
        endLine(rest.subarray(0, end), emit);
        rest = rest.subarray(end + 1);
      } else if (rest.length >= border) {
        content(rest.subarray(0, border), emit);
        rest = rest.subarray(border);
        expect = 'seek';
      } else {
        content(rest, emit);
        return;
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
