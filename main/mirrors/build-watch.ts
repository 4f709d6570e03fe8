// Builds watched: BuildKit's pulls pass no one here, but its progress passes the engine's socket. One that says nothing for 15 s has the mirrors in
// force looked at, as a pull has; most such builds only compile, so the look is a quick one. What waits for a silent mirror goes on by itself then.
import { BerthError } from '../../preload/contract';
import type { Notice } from '../../preload/contract';
import type { Logger } from '../lib/logger';
import type { BuildWatch } from '../lib/pull-guard';
import type { MirrorProbe } from './mirrors';
import type { Suspension } from './suspension';

const STALL_MS = 15_000;
/** Above the probe’s own limits, which count in the guest. */
const QUICK_MS = 30_000;
/** In one silence. */
const MAX_LOOKS = 3;

export interface BuildWatchDeps {
  readonly suspension: Pick<Suspension, 'candidates' | 'add'>;
  readonly probe: Pick<MirrorProbe, 'quick'>;
  readonly testImage: () => string;
  readonly log: Logger;
  readonly notify: (level: Notice['level'], error: BerthError) => void;
  readonly stallMilliseconds?: number;
}

export interface BuildGuard {
  watchBuild(): BuildWatch;
  dispose(): void;
}

export function createBuildWatch({ suspension, probe, testImage, log, notify, stallMilliseconds = STALL_MS }: BuildWatchDeps): BuildGuard {
  const disposed = new AbortController();
  /** Builds that are silent together have one look. */
  let looking: Promise<void> | undefined;

  async function look(): Promise<void> {
    const urls = suspension.candidates();
    if (urls.length === 0) {
      return;
    }
    const found = await probe.quick(urls, testImage(), AbortSignal.any([disposed.signal, AbortSignal.timeout(QUICK_MS)]));
    // BuildKit asks in this order and waits for the first of them; one behind it may only be slow.
    const silent = urls.find((url) => ['silent', 'unreachable'].includes(found.get(url)?.verdict ?? ''));
    if (silent !== undefined) {
      log.warn('a mirror that keeps a build waiting is taken out of force', { silent });
      await suspension.add([silent]);
      notify('warn', new BerthError('mirrors.silentForBuild', { url: silent }));
    }
  }

  return {
    watchBuild() {
      let looks = 0;
      const timer = setTimeout(() => {
        looks += 1;
        looking ??= look().finally(() => (looking = undefined));
        looking
          .catch((error: unknown) => log.warn('the mirrors could not be looked at', { error }))
          .finally(() => (looks < MAX_LOOKS && !ended ? timer.refresh() : undefined));
      }, stallMilliseconds);
      timer.unref();
      let ended = false;
      return {
        heard() {
          if (!ended) {
            looks = 0;
            timer.refresh();
          }
        },
        end() {
          ended = true;
          clearTimeout(timer);
        },
      };
    },
    dispose: () => disposed.abort(new Error('disposed')),
  };
}
