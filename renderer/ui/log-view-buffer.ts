// The last lines of a log, outside the store: bounded in lines and characters, filled as fast as it comes, read by number.
// A line's number (`seq`) never changes; the oldest go in blocks. Listeners are told once a frame, whatever arrives.
import { levelOf, matches, neutralise } from './log-view-text';
import type { Level } from './log-view-text';
import type { LogBatch } from '../../preload/contract';

export interface LogLine {
  readonly seq: number;
  readonly stream: 'o' | 'e';
  readonly time: string;
  readonly text: string;
  /** `mark` = no line of the log's: words of ours between two. */
  readonly level: Level | 'mark';
}

export interface LogLimits {
  readonly lines: number;
  /** UTF-16 units; 100,000 long lines must not fill the memory. */
  readonly characters: number;
  /** While held (someone reads further up) this much more is taken before reading stops. */
  readonly slack: number;
}

export const defaultLimits: LogLimits = { lines: 100_000, characters: 48_000_000, slack: 0.2 };

const blockSize = 1000;

interface Block {
  readonly lines: LogLine[];
  characters: number;
}

export interface LogSnapshot {
  readonly version: number;
  /** Of the oldest line held. */
  readonly first: number;
  readonly count: number;
  /** All lines that ever came. */
  readonly received: number;
  /** Lines that the engine or the backend could not deliver. */
  readonly lost: number;
  /** Lines that had to go to make room. */
  readonly evicted: number;
  readonly errors: number;
  readonly warnings: number;
  /** Of `count`. */
  readonly marks: number;
  /** Matching lines held; `searching` while older ones are still looked at. */
  readonly hits: number;
  readonly searching: boolean;
}

export interface LogBuffer {
  readonly push: (batch: LogBatch) => void;
  readonly mark: (words: string) => void;
  readonly clear: () => void;
  readonly line: (seq: number) => LogLine | undefined;
  /** Held: nothing is evicted, and `room` waits when the slack is used up. */
  readonly hold: (on: boolean) => void;
  readonly room: (signal: AbortSignal) => Promise<void>;
  readonly search: (pattern: RegExp | undefined) => void;
  /** The nearest matching line before or after; wraps round. */
  readonly hit: (from: number, direction: 1 | -1) => LogLine | undefined;
  /** Matching lines up to and including this one, for "4 / 17". */
  readonly rank: (seq: number) => number;
  /** `count` slots from oldest to newest, each with what it holds at worst. */
  readonly overview: (slots: number) => readonly { readonly level: Level; readonly hit: boolean }[];
  readonly snapshot: () => LogSnapshot;
  readonly subscribe: (listener: () => void) => () => void;
  readonly dispose: () => void;
}

export interface LogBufferDeps {
  readonly limits?: LogLimits;
  /** Runs once before the next paint; a test passes its own. */
  readonly frame?: (run: () => void) => void;
}

export function createLogBuffer(deps: LogBufferDeps = {}): LogBuffer {
  const limits = deps.limits ?? defaultLimits;
  const frame = deps.frame ?? ((run) => void requestAnimationFrame(run));
  const listeners = new Set<() => void>();
  let blocks: Block[] = [];
  let first = 0;
  let count = 0;
  let characters = 0;
  let received = 0;
  let lost = 0;
  let evicted = 0;
  let held = false;
  let pattern: RegExp | undefined;
  let hitSeqs: number[] = [];
  /** Lines from here on are searched as they come; older ones by `searchOlder`. */
  let searchedFrom = 0;
  let scheduled = false;
  let disposed = false;
  let waiting: (() => void)[] = [];
  const levels = { none: 0, warn: 0, error: 0, mark: 0 };
  let published = makeSnapshot(0);

  function makeSnapshot(version: number): LogSnapshot {
    return {
      version,
      first,
      count,
      received,
      lost,
      evicted,
      errors: levels.error,
      warnings: levels.warn,
      marks: levels.mark,
      hits: hitSeqs.length,
      searching: pattern !== undefined && searchedFrom > first,
    };
  }

  function publish(): void {
    if (scheduled || disposed) {
      return;
    }
    scheduled = true;
    frame(() => {
      scheduled = false;
      if (disposed) {
        return;
      }
      if (pattern !== undefined && searchedFrom > first) {
        searchOlder(pattern);
      }
      published = makeSnapshot(published.version + 1);
      for (const listener of listeners) {
        listener();
      }
    });
  }

  /** Backwards from the newest, as far as a part of a frame allows. */
  function searchOlder(wanted: RegExp): void {
    const until = performance.now() + 6;
    const found: number[] = [];
    while (searchedFrom > first && performance.now() < until) {
      const to = Math.max(first, searchedFrom - 500);
      for (let seq = searchedFrom - 1; seq >= to; seq -= 1) {
        const candidate = line(seq);
        if (candidate && candidate.level !== 'mark' && matches(wanted, candidate.text)) {
          found.push(seq);
        }
      }
      searchedFrom = to;
    }
    hitSeqs = [...found.reverse(), ...hitSeqs];
    if (searchedFrom > first) {
      publish();
    }
  }

  function isOver(slack: number): boolean {
    return count > limits.lines * (1 + slack) || characters > limits.characters * (1 + slack);
  }

  function trim(): void {
    while (isOver(0) && blocks.length > 1) {
      const block = blocks.shift();
      if (!block) {
        break;
      }
      first += block.lines.length;
      count -= block.lines.length;
      evicted += block.lines.length;
      characters -= block.characters;
      for (const gone of block.lines) {
        levels[gone.level] -= 1;
      }
    }
    const stale = hitSeqs.findIndex((seq) => seq >= first);
    if (stale !== 0 && hitSeqs.length > 0) {
      hitSeqs = stale < 0 ? [] : hitSeqs.slice(stale);
    }
    searchedFrom = Math.max(searchedFrom, first);
  }

  function add(line: Omit<LogLine, 'seq'>): number {
    const seq = first + count;
    let block = blocks.at(-1);
    if (!block || block.lines.length >= blockSize) {
      block = { lines: [], characters: 0 };
      blocks.push(block);
    }
    block.lines.push({ seq, ...line });
    block.characters += line.text.length;
    characters += line.text.length;
    count += 1;
    levels[line.level] += 1;
    return seq;
  }

  function push(batch: LogBatch): void {
    lost += batch.dropped;
    for (const [stream, time, raw] of batch.lines) {
      const text = neutralise(raw);
      const seq = add({ stream, time, text, level: levelOf(text) });
      if (pattern !== undefined && matches(pattern, text)) {
        hitSeqs.push(seq);
      }
    }
    received += batch.lines.length;
    if (!held) {
      trim();
    }
    publish();
  }

  function line(seq: number): LogLine | undefined {
    // Every block but the last is full, so a line's place is a division away.
    const index = seq - first;
    return index < 0 || index >= count ? undefined : blocks[Math.floor(index / blockSize)]?.lines[index % blockSize];
  }

  function wake(): void {
    const now = waiting;
    waiting = [];
    for (const resolve of now) {
      resolve();
    }
  }

  function lowerBound(seq: number): number {
    let low = 0;
    let high = hitSeqs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((hitSeqs[middle] ?? 0) < seq) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  return {
    push,
    mark(words) {
      add({ stream: 'o', time: '', text: words, level: 'mark' });
      publish();
    },
    line,
    clear() {
      first += count;
      count = 0;
      characters = 0;
      evicted = 0;
      lost = 0;
      blocks = [];
      hitSeqs = [];
      searchedFrom = first;
      levels.none = levels.warn = levels.error = levels.mark = 0;
      wake();
      publish();
    },
    hold(on) {
      if (held === on) {
        return;
      }
      held = on;
      if (on) {
        return;
      }
      trim();
      wake();
      publish();
    },
    async room(signal) {
      while (held && isOver(limits.slack) && !signal.aborted) {
        await new Promise<void>((resolve) => {
          waiting.push(resolve);
          signal.addEventListener(
            'abort',
            () => {
              resolve();
            },
            { once: true },
          );
        });
      }
    },
    search(next) {
      pattern = next;
      hitSeqs = [];
      searchedFrom = next === undefined ? first : first + count;
      publish();
    },
    hit(from, direction) {
      if (hitSeqs.length === 0) {
        return undefined;
      }
      const at = direction === 1 ? lowerBound(from + 1) : lowerBound(from) - 1;
      const seq = hitSeqs[(at + hitSeqs.length) % hitSeqs.length];
      return seq === undefined ? undefined : line(seq);
    },
    rank: (seq) => lowerBound(seq + 1),
    overview(slots) {
      const marks = Array.from({ length: slots }, (): { level: Level; hit: boolean } => ({ level: 'none', hit: false }));
      if (count === 0) {
        return marks;
      }
      const slotOf = (seq: number): number => Math.min(slots - 1, Math.floor(((seq - first) / count) * slots));
      if (levels.error + levels.warn > 0) {
        for (const block of blocks) {
          for (const { seq, level } of block.lines) {
            if (level === 'none' || level === 'mark') {
              continue;
            }
            const mark = marks[slotOf(seq)];
            if (mark && mark.level !== 'error') {
              mark.level = level;
            }
          }
        }
      }
      for (const seq of hitSeqs) {
        const mark = marks[slotOf(seq)];
        if (mark) {
          mark.hit = true;
        }
      }
      return marks;
    },
    snapshot: () => published,
    subscribe(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    dispose() {
      disposed = true;
      listeners.clear();
      wake();
    },
  };
}
