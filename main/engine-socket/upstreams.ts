// Connections to the engine: dialled when needed, kept for a while when a whole exchange went over one, so that a short request
// costs no new channel. Knows no HTTP.
import type { Dialer, Lane } from '../lib/dialer';
import { createByteSource, type ByteStream } from '../lib/byte-source';

export interface Upstream extends ByteStream {
  readonly lane: Lane;
  /** Was idle before: the engine may have closed it just now. */
  readonly reused: boolean;
}

export interface Upstreams {
  /** Rejects with the dialer's error. `fresh`: no idle one. */
  take(lane: Lane, fresh?: boolean): Promise<Upstream>;
  /** Back after a whole exchange. */
  give(upstream: Upstream): void;
  dispose(): void;
}

const MAX_IDLE = 8;
const IDLE_MS = 60_000;

export function createUpstreams(dialer: Dialer): Upstreams {
  const idle = new Map<Upstream, NodeJS.Timeout>();
  let disposed = false;

  const drop = (upstream: Upstream): void => {
    clearTimeout(idle.get(upstream));
    if (idle.delete(upstream)) {
      upstream.stream.destroy();
    }
  };

  return {
    async take(lane, fresh = false) {
      // The latest first: the others grow old and go.
      const kept = fresh
        ? undefined
        : [...idle.keys()].findLast((candidate) => candidate.lane === lane && candidate.stream.writable && !candidate.source.ready());
      if (kept) {
        clearTimeout(idle.get(kept));
        idle.delete(kept);
        return { ...kept, reused: true };
      }
      const stream = await dialer.engine(lane);
      if (disposed) {
        stream.destroy();
        throw new Error('disposed');
      }
      return { stream, source: createByteSource(stream), lane, reused: false };
    },
    give(upstream) {
      const sameLane = [...idle.keys()].filter((candidate) => candidate.lane === upstream.lane);
      if (disposed || sameLane.length >= MAX_IDLE || !upstream.stream.writable || upstream.source.ready()) {
        upstream.stream.destroy();
        return;
      }
      const kept: Upstream = { ...upstream };
      const timer = setTimeout(() => drop(kept), IDLE_MS);
      timer.unref();
      idle.set(kept, timer);
      // Whatever comes now, an end or words out of turn, makes it useless.
      kept.source.peek().then(
        () => drop(kept),
        () => drop(kept),
      );
    },
    dispose() {
      disposed = true;
      [...idle.keys()].forEach(drop);
    },
  };
}
