// Tells what a program asks again and again from what somebody asks: an IDE that lists containers every second is no sign of use, the first
// `docker ps` after a while is. Pure but for the clock; knows no sockets.

export interface Polls {
  /** Whether this read is one more of a row. `client` and `target` as they came. */
  isOneMore(client: string, target: string): boolean;
}

/** Slower rows than this are not told from somebody at a keyboard. */
const LONGEST_MS = 5 * 60_000;
/** Together: a program asks for a few things in one go, and clocks are coarse. */
const TOGETHER_MS = 2000;
const MOST_KEPT = 256;

interface Row {
  readonly at: number;
  /** Between the last two; undefined = there was one only. */
  readonly gap?: number;
}

export function createPolls(now: () => number = () => performance.now()): Polls {
  const rows = new Map<string, Row>();
  return {
    isOneMore(client, target) {
      const key = `${client}\n${target}`;
      const at = now();
      const before = rows.get(key);
      const gap = before === undefined ? Infinity : at - before.at;
      // Again at the end: the oldest go first.
      rows.delete(key);
      rows.set(key, gap > LONGEST_MS ? { at } : { at, gap });
      const [oldest] = rows.keys();
      if (rows.size > MOST_KEPT && oldest !== undefined) {
        rows.delete(oldest);
      }
      if (gap > LONGEST_MS || before?.gap === undefined) {
        return false;
      }
      return gap <= TOGETHER_MS || (gap <= before.gap * 2 && gap >= before.gap / 2);
    },
  };
}
