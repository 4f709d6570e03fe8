// Tests mirrors from inside the guest, as the engine would reach them, all at once, and proposes an order. Reads the engine's configuration, never writes it.
import { DIRECT } from '../../preload/contract';
import type { MirrorTest, MirrorTestItem } from '../../preload/contract';
import type { DaemonConfig } from '../daemon-config/daemon-config';
import { asError, settledWithin } from '../lib/async';
import type { MirrorProbe, MirrorsDeps } from './mirrors';
import { createCurl } from './probe-curl';
import { createFeed } from './probe-feed';
import { parseImage } from './probe-image';
import type { LayerPlan } from './probe-image';
import { probeMirror } from './probe-mirror';
import type { Findings, Limits, MirrorJob } from './probe-mirror';
import { readRoutes } from './probe-network';
import { findStale, proposeOrder } from './probe-order';
import type { Candidate } from './probe-order';
import type { Failure } from './probe-verdict';

const DOCKER_HUB = 'https://registry-1.docker.io';
const FULL: Limits = { connectSeconds: 5, idleSeconds: 4, requestSeconds: 12, totalSeconds: 20 };
/** The whole is long for a guest that is busy: curl's own limits are what judges a mirror. */
const QUICK: Limits = { connectSeconds: 3, idleSeconds: 3, requestSeconds: 3, totalSeconds: 11 };
/** Slower than this is no help to anybody. */
const SLOW_BYTES_PER_SECOND = 100_000;
/** How long a mirror waits for what another one is finding out about the same image. */
const SHARED_PLAN_MS = 2000;

export type ProbeDeps = Pick<MirrorsDeps, 'exec' | 'now'> & {
  readonly config: Pick<DaemonConfig, 'document'>;
  /** For a guest that is slow itself. */
  readonly limits?: Limits;
};

export function createProbe({ exec, config, limits = FULL, now = Date.now }: ProbeDeps): MirrorProbe {
  const curl = createCurl(exec);
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';

  const begin = async (
    image: string,
    limits: Limits,
    quick: boolean,
    signal: AbortSignal,
  ): Promise<Omit<MirrorJob, 'url' | 'isDirect' | 'onStep'>> => ({
    image: parseImage(image),
    architecture,
    limits,
    quick,
    curl,
    route: await readRoutes(config.document.get(), exec, signal),
    plan: sharedPlans(),
    signal,
  });
  const target = (url: string): Pick<MirrorJob, 'url' | 'isDirect'> => ({
    url: url === DIRECT ? DOCKER_HUB : url,
    isDirect: url === DIRECT,
  });

  return {
    async *test(urls, image, outer) {
      const ending = new AbortController();
      const signal = AbortSignal.any([outer, ending.signal]);
      const feed = createFeed<MirrorTestItem>();
      const began = now();
      const testOne = async (job: Awaited<ReturnType<typeof begin>>, entry: (typeof urls)[number]): Promise<Candidate> => {
        const since = performance.now();
        const found = await probeMirror({
          ...job,
          ...target(entry.url),
          onStep: (step) => feed.push({ kind: 'step', url: entry.url, step }),
        });
        const test = testOf(found, { at: now(), image, totalMilliseconds: Math.round(performance.now() - since) });
        feed.push({ kind: 'result', url: entry.url, test });
        return { ...entry, test, created: found.created, privateNetwork: found.privateNetwork };
      };
      const work = async (): Promise<void> => {
        const job = await begin(image, limits, false, signal);
        const candidates = await Promise.all(urls.map((entry) => testOne(job, entry)));
        // Only with all results at hand can an old copy be told from the present one: these results come a second time.
        const stale = findStale(candidates);
        stale.forEach(({ url, test }) => feed.push({ kind: 'result', url, test }));
        const settled = candidates.map((candidate) => stale.find(({ url }) => url === candidate.url) ?? candidate);
        const order = proposeOrder(settled);
        if (!signal.aborted) {
          const direct = order.some(({ url }) => url === DIRECT);
          feed.push({ kind: 'proposal', order, direct, seconds: (now() - began) / 1000 });
        }
      };
      void work().then(feed.end, (error: unknown) => (signal.aborted ? feed.end() : feed.fail(asError(error))));
      try {
        yield* feed.items();
      } finally {
        ending.abort(new Error('the test was ended'));
      }
    },

    async quick(urls, image, signal) {
      const job = await begin(image, QUICK, true, signal);
      const results = await Promise.all(
        urls.map(async (url) => {
          const { failure } = await probeMirror({ ...job, ...target(url), onStep: () => undefined });
          return [url, failure ?? { verdict: 'works' as const }] as const;
        }),
      );
      return new Map(results);
    },
  };
}

function testOf(found: Findings, base: Pick<MirrorTest, 'at' | 'image' | 'totalMilliseconds'>): MirrorTest {
  const { failure, steps, bytesPerSecond, digest, issuer, intercepted } = found;
  const slow = bytesPerSecond !== undefined && bytesPerSecond < SLOW_BYTES_PER_SECOND;
  return {
    ...base,
    verdict: failure?.verdict ?? (slow ? 'slow' : 'works'),
    steps,
    ...(failure?.words === undefined || failure.words === '' ? {} : { words: failure.words }),
    ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }),
    ...(digest === undefined ? {} : { digest }),
    ...(issuer === undefined ? {} : { issuer }),
    ...(intercepted === undefined ? {} : { intercepted }),
  };
}

/** Mirrors of the same image need not each fetch its manifests to know which layer to ask for; what a digest names is the same everywhere. */
function sharedPlans(): MirrorJob['plan'] {
  const plans = new Map<string, Promise<LayerPlan | Failure>>();
  return async (digest, ask) => {
    const known = plans.get(digest);
    if (known !== undefined && (await settledWithin(known, SHARED_PLAN_MS))) {
      const plan = await known.catch(() => undefined);
      if (plan !== undefined && !('verdict' in plan)) {
        return plan;
      }
    }
    const own = ask();
    own.catch(() => undefined);
    plans.set(digest, own);
    return own;
  };
}
