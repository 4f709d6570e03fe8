// Which mirrors failed a pull and which one served it, told from dockerd's log: it falls back in silence and says so nowhere else.
// Says who served only where there is no other reading; else it says nothing. Knows no probe and no list.
import { DIRECT } from '../../preload/contract';
import type { DaemonConfig } from '../daemon-config/daemon-config';
import { failuresIn, reachesBack } from './engine-log';
import { hostOf } from './entries';

const LINES = 200;
/** An agent that answers slower cannot tell the guest's time well enough. */
const MAX_SLACK_MS = 1000;

export interface EvidenceDeps {
  readonly config: Pick<DaemonConfig, 'document'>;
  /** Mirrors that dockerd asks now, in its order. */
  readonly inForce: () => readonly string[];
  readonly tail: (lines: number) => Promise<readonly string[]>;
  /** The guest's clock, which dockerd's log is written by. */
  readonly clock: () => Promise<number>;
  readonly now: () => number;
}

export interface PullEvidence {
  readonly failed: readonly string[];
  /** A mirror, or `DIRECT`. */
  readonly served?: string;
}

export interface Evidence {
  /** A pull of Docker Hub begins; the function returned is called at its end. */
  begin(): (succeeded: boolean) => Promise<PullEvidence>;
}

export function createEvidence({ config, inForce, tail, clock, now }: EvidenceDeps): Evidence {
  /** Pulls at the same time write to the same log, and a line does not always say whose it is. */
  const running = new Set<{ alone: boolean }>();
  /** Of the last line that was counted, by the guest's clock. */
  let countedUntil = 0;

  return {
    begin() {
      const since = now();
      const urls = inForce();
      const pull = { alone: running.size === 0 };
      running.forEach((other) => (other.alone = false));
      running.add(pull);
      return async (succeeded) => {
        running.delete(pull);
        if (urls.length === 0) {
          return { failed: [] };
        }
        const asked = now();
        const guest = await clock();
        const answered = now();
        const lines = await tail(LINES);
        const begun = since + guest - (asked + answered) / 2;
        const slack = (answered - asked) / 2 + 1;
        const failures = failuresIn(lines).filter(({ at }) => at > countedUntil && at > begun - slack);
        countedUntil = Math.max(countedUntil, ...failures.map(({ at }) => at));
        const hosts = new Set(failures.map(({ host }) => host));
        // One that was taken out meanwhile was counted by whoever did it.
        const named = urls.filter((url) => hosts.has(hostOf(url)) && inForce().includes(url));
        const certain =
          succeeded &&
          pull.alone &&
          slack < MAX_SLACK_MS &&
          reachesBack(lines, begun - slack) &&
          failures.every(({ at, store }) => store === 'classic' && at > begun + slack) &&
          failures.length <= urls.length &&
          urls.join('\n') === inForce().join('\n') &&
          saysEachFallback(config);
        // The classic store asks one after the other and writes a line for each that it leaves: so many lines, so many mirrors.
        return certain ? { failed: urls.slice(0, failures.length), served: urls[failures.length] ?? DIRECT } : { failed: named };
      };
    },
  };
}

/** containerd's resolver may leave a mirror for single layers without a word; and a log of warnings only holds no fallbacks. */
function saysEachFallback(config: Pick<DaemonConfig, 'document'>): boolean {
  const { features, 'log-level': level } = config.document.get();
  const containerd = typeof features === 'object' && features !== null && (features as Record<string, unknown>)['containerd-snapshotter'];
  return containerd !== true && (level === undefined || level === 'info' || level === 'debug');
}
