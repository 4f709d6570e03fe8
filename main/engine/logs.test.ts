import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { frame } from '../../test/fakes/dockerd/http';
import { MAX_LINE_BYTES } from './log-lines';
import type { LogLine } from './log-lines';
import { logBatches } from './logs';

const STAMP = '2026-08-01T10:00:00.123456789Z';

async function read(chunks: readonly Buffer[], tty = false, stamped = true): Promise<{ lines: LogLine[]; dropped: number }> {
  const lines: LogLine[] = [];
  let dropped = 0;
  for await (const batch of logBatches(Readable.from(chunks, { objectMode: false }), tty, stamped)) {
    lines.push(...batch.lines);
    dropped += batch.dropped;
  }
  return { lines, dropped };
}

/** Cut at the given places, as a network would. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...at, bytes.length]
    .map((end, index) => bytes.subarray(index === 0 ? 0 : at[index - 1], end))
    .filter((piece) => piece.length > 0);
}

/** As dockerd sends a line: in messages of 16 KiB, each with a stamp, in frames unless it is a terminal. */
function sent(stream: 'stdout' | 'stderr', text: string, tty: boolean): Buffer {
  const bytes = Buffer.from(`${text}\n`);
  const messages: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 16_384) {
    const message = Buffer.concat([Buffer.from(`${STAMP} `), bytes.subarray(at, at + 16_384)]);
    messages.push(tty ? message : frame(stream, message));
  }
  return Buffer.concat(messages);
}

const anyText = fc
  .oneof(
    fc.string({ unit: 'grapheme', maxLength: 40 }),
    fc.constant('日'.repeat(12_000)),
    fc.constant('x'.repeat(16_384)),
    fc.constant(`${STAMP} told`),
  )
  .map((text) => text.replace(/[\n\r]/g, ''));

describe('log lines', () => {
  test.each([false, true])('every line arrives as it was, wherever the network cuts (tty: %s)', async (tty) => {
    const anyLines = fc.array(fc.tuple(fc.constantFrom('stdout', 'stderr'), anyText), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(anyLines, fc.array(fc.nat(200_000), { maxLength: 12 }), async (lines, places) => {
        const bytes = Buffer.concat(lines.map(([stream, text]) => sent(stream as 'stdout', text, tty)));
        const found = await read(cut(bytes, places), tty);
        const order = (stream: string): string[] => lines.filter(([each]) => tty || each === stream).map(([, text]) => text);
        expect(found.dropped).toBe(0);
        expect(found.lines.filter(([stream]) => stream === 'o').map(([, , text]) => text)).toEqual(order('stdout'));
        expect(found.lines.filter(([stream]) => stream === 'e').map(([, , text]) => text)).toEqual(tty ? [] : order('stderr'));
        expect(found.lines.every(([, time]) => time === STAMP)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('a line without end is cut into pieces that tear no character', async () => {
    const text = `a${'日'.repeat(MAX_LINE_BYTES)}`;
    const { lines } = await read(cut(sent('stdout', text, false), [5, 70_000, 1_500_000]));
    expect(lines.map((line) => line[2].length)).toEqual([349_525 + 1, 349_525, 349_525, 1]);
    expect(lines.map((line) => line[2]).join('') === text).toBe(true);
  });

  test('a frame of any length is one piece of its stream', async () => {
    const text = 'x'.repeat(300_000);
    const bytes = Buffer.concat([frame('stderr', Buffer.from(`${STAMP} ${text}\n`)), frame('stdout', Buffer.from(`${STAMP} after\n`))]);
    const { lines } = await read(cut(bytes, [3, 70_000, 300_030]));
    expect(lines.map(([stream, , found]) => [stream, found.length])).toEqual([
      ['e', 300_000],
      ['o', 5],
    ]);
  });

  test('a character that dockerd tore between two messages does not hide their border', async () => {
    // Seen on Engine 28.5 with json-file: torn bytes are written as U+FFFD, so a terminal's message may exceed 16 KiB.
    const stamp = `${STAMP} `;
    const first = `${'a'.repeat(16_382)}\ufffd\ufffd`;
    const text = `${first}\ufffd${'日'.repeat(5461)}`;
    const bytes = Buffer.from(`${stamp}${first}${stamp}${text.slice(first.length)}${stamp}end\r\n${stamp}next\n`);
    for (const place of [0, 16_390, 16_400, 16_425, 33_000]) {
      const { lines } = await read(cut(bytes, [place, place + 7]), true);
      expect(lines.map((line) => line[2]).join('|') === `${text}end|next`).toBe(true);
    }
  });

  test('what is left at the end is a line, a frame cut in two is counted', async () => {
    const whole = frame('stdout', Buffer.from(`${STAMP} no newline`));
    expect(await read([whole])).toEqual({ lines: [['o', STAMP, 'no newline']], dropped: 0 });
    const torn = await read([whole.subarray(0, whole.length - 3)]);
    expect(torn.dropped).toBe(1);
  });

  test('lines of a quiet log arrive while it stays open', async () => {
    const body = new Readable({ read: () => undefined });
    const batches = logBatches(body, true, false);
    body.push('hello\r\nwor');
    expect((await batches.next()).value).toEqual({ lines: [['o', '', 'hello']], dropped: 0 });
    body.push('ld\n');
    expect((await batches.next()).value).toEqual({ lines: [['o', '', 'world']], dropped: 0 });
    await batches.return(undefined);
    expect(body.destroyed).toBe(true);
  });

  test('lines that came before a break are shown before the error is', async () => {
    const body = new Readable({ read: () => undefined });
    body.push('last words\n');
    const batches = logBatches(body, true, false);
    setTimeout(() => body.destroy(new Error('broken')), 5);
    expect((await batches.next()).value).toEqual({ lines: [['o', '', 'last words']], dropped: 0 });
    await expect(batches.next()).rejects.toThrow('broken');
  });
});
