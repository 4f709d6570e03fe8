// Where a log was left, so that a new stream goes on without a gap and without a line twice. dockerd's `since` is as coarse as we make it:
// lines of the last moment come again and are taken out here, exactly as many as were seen.
import type { LogBatch } from '../../../preload/contract';

export interface Resume {
  /** Seconds for the next request; undefined while nothing was seen. */
  readonly since: () => number | undefined;
  /** The batch without what was seen before; remembers its end. */
  readonly take: (batch: LogBatch) => LogBatch;
  /** A new stream begins: what it repeats is due to be taken out. */
  readonly again: () => void;
}

export function createResume(): Resume {
  let last = '';
  let seenAtLast = 0;
  let toSkip = 0;
  return {
    since: () => (last === '' ? undefined : Math.floor(Date.parse(last) / 1000)),
    again() {
      toSkip = seenAtLast;
    },
    take(batch) {
      const repeats = last !== '';
      const lines = repeats
        ? batch.lines.filter(([, time]) => {
            if (time === '' || time > last) {
              return true;
            }
            if (time === last && toSkip === 0) {
              return true;
            }
            toSkip -= time === last ? 1 : 0;
            return false;
          })
        : batch.lines;
      for (const [, time] of lines) {
        if (time !== '' && time === last) {
          seenAtLast += 1;
        } else if (time > last) {
          last = time;
          seenAtLast = 1;
          toSkip = 0;
        }
      }
      return lines.length === batch.lines.length ? batch : { ...batch, lines };
    },
  };
}
