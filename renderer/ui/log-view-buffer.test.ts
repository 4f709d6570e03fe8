import { describe, expect, test } from 'vitest';
import { createLogBuffer } from './log-view-buffer';
import { levelOf, neutralise, searchPattern, spansOf } from './log-view-text';

const batch = (from: number, count: number, text = (n: number) => `line ${String(n)}`) => ({
  lines: Array.from({ length: count }, (_, n) => ['o', '', text(from + n)] as const),
  dropped: 0,
});
const buffer = (lines: number, characters = 1e9) =>
  createLogBuffer({
    limits: { lines, characters, slack: 0.5 },
    frame: (run) => {
      run();
    },
  });

describe('the buffer', () => {
  test('keeps the newest, counts the rest, and line numbers never change', () => {
    const log = buffer(5000);
    for (let n = 0; n < 20_000; n += 500) {
      log.push(batch(n, 500));
    }
    const state = log.snapshot();
    expect(state.received).toBe(20_000);
    expect(state.count + state.evicted).toBe(20_000);
    expect(state.count).toBeLessThanOrEqual(5000);
    expect(state.count).toBeGreaterThan(3900);
    expect(log.line(19_999)?.text).toBe('line 19999');
    expect(log.line(state.first)?.text).toBe(`line ${String(state.first)}`);
    expect(log.line(state.first - 1)).toBeUndefined();
  });
  test('is bounded in characters too', () => {
    const log = buffer(100_000, 1_000_000);
    for (let n = 0; n < 20_000; n += 1000) {
      log.push(batch(n, 1000, () => 'x'.repeat(500)));
    }
    expect(log.snapshot().count).toBeLessThanOrEqual(2000);
  });
  test('held: nothing goes, and the reader waits when the slack is used up', async () => {
    const log = buffer(2000);
    log.push(batch(0, 2000));
    log.hold(true);
    log.push(batch(2000, 1001));
    expect(log.line(0)?.text).toBe('line 0');
    let passed = false;
    const waiting = log.room(new AbortController().signal).then(() => {
      passed = true;
    });
    await Promise.resolve();
    expect(passed).toBe(false);
    log.hold(false);
    await waiting;
    expect(log.line(0)).toBeUndefined();
    expect(log.snapshot().evicted).toBeGreaterThan(0);
  });
  test('finds before, after, round the end, and forgets what went', () => {
    const log = buffer(3000);
    log.push(batch(0, 3000));
    log.search(searchPattern('line 1000', { regex: false, matchCase: false }));
    log.push(batch(3000, 10, () => 'line 1000 again'));
    expect(log.snapshot()).toMatchObject({ hits: 11 - (log.snapshot().first > 1000 ? 1 : 0), searching: false });
    expect(log.hit(0, 1)?.seq).toBe(1000);
    expect(log.hit(1000, -1)?.seq).toBe(3009);
    expect(log.rank(3000)).toBe(2);
    log.push(batch(3010, 5000));
    expect(log.hit(0, 1)).toBeUndefined();
  });
  test('tells what was lost and what is wrong', () => {
    const log = buffer(5000);
    log.push({
      lines: [
        ['e', '', 'ERROR no'],
        ['o', '', 'WARN maybe'],
        ['o', '', 'fine'],
      ],
      dropped: 7,
    });
    expect(log.snapshot()).toMatchObject({ lost: 7, errors: 1, warnings: 1 });
    expect(log.overview(3).map((mark) => mark.level)).toEqual(['error', 'warn', 'none']);
    log.clear();
    expect(log.snapshot()).toMatchObject({ count: 0, errors: 0, lost: 0 });
  });
});

describe('text', () => {
  test('escapes and control characters do nothing', () => {
    expect(neutralise('\x1b[31mred\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x07 \x1b]52;c;QQ==\x07')).toBe('red link ');
    expect(neutralise('a\x00b\x07c\u202ed')).toBe('a\u2400b\u2407c\ufffdd');
    expect(neutralise('10%\r50%\r100%\r')).toBe('100%');
    expect(neutralise('tab\tand 中文')).toBe('tab\tand 中文');
  });
  test('levels', () => {
    for (const text of ['2026 ERROR x', '[error] x', 'level=error msg=x', '{"level":"fatal"}', 'Traceback (most recent']) {
      expect(levelOf(text)).toBe('error');
    }
    for (const text of ['WARN x', 'level=warning', 'warning: y']) {
      expect(levelOf(text)).toBe('warn');
    }
    for (const text of ['0 errors', 'GET /error 200', 'no warnings here']) {
      expect(levelOf(text)).toBe('none');
    }
  });
  test('spans', () => {
    const pattern = searchPattern('a+', { regex: true, matchCase: false });
    expect(pattern && spansOf(pattern, 'xAAya')).toEqual([
      { from: 1, to: 3 },
      { from: 4, to: 5 },
    ]);
    expect(searchPattern('(', { regex: true, matchCase: false })).toBeUndefined();
    const literal = searchPattern('(', { regex: false, matchCase: false });
    expect(literal && spansOf(literal, 'f(x)')).toEqual([{ from: 1, to: 2 }]);
  });
});
