// Where a log was left, so that a new stream goes on without a gap and without a line twice. dockerd's `since` is as coarse as we make it,
// and stamps are not in order: stdout and stderr are stamped apart. So the place is the first line with the newest stamp, and how many came since.
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
  let newest = '';
  /** Lines from the first one with that stamp on, as many as a new stream repeats. */
  let behind = 0;
  /** Of those, what the new stream has not repeated yet. */
  let due = 0;

  // A second early: what is still to come may be stamped a moment before what has come.
  const since = (): number | undefined => (newest === '' ? undefined : Math.floor(Date.parse(newest) / 1000) - 1);

  function isNew([, time]: LogBatch['lines'][number]): boolean {
    if (due === 0 || time === '') {
      return true;
    }
    if (time > newest) {
      due = 0;
      return true;
    }
    if (time === newest || due < behind) {
      due -= 1;
    }
    return false;
  }

  function remember([, time]: LogBatch['lines'][number]): void {
    if (time > newest) {
      newest = time;
      behind = 1;
    } else if (time === newest || Date.parse(time) / 1000 >= (since() ?? 0)) {
      behind += 1;
    }
  }

  return {
    since,
    again() {
      due = newest === '' ? 0 : behind;
    },
    take(batch) {
      const lines = due === 0 ? batch.lines : batch.lines.filter(isNew);
      lines.forEach(remember);
      return lines.length === batch.lines.length ? batch : { ...batch, lines };
    },
  };
}
