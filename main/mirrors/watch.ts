// Pulls watched: one that gets nothing for 15 s has the mirrors in force looked at, because dockerd waits for ever on one that answers /v2/ and then
// nothing. Sees pulls of the window and of clients of the engine's socket; a pull within a build (BuildKit's own) passes no one here.
import { BerthError } from '../../preload/contract';
import type { MirrorVerdict, Notice } from '../../preload/contract';
import type { Logger } from '../lib/logger';
import type { PullWatch } from '../lib/pull-guard';
import type { Evidence, PullEvidence } from './evidence';
import type { MirrorProbe } from './mirrors';
import { isDockerHub, splitRegistry } from './prefix';
import type { Suspension } from './suspension';

const STALL_MS = 15_000;
/** Above the probe's own limits, which count in the guest. */
const QUICK_MS = 30_000;
/** How often a pull that goes on saying nothing has the mirrors looked at. */
const MAX_LOOKS = 3;

export interface WatchDeps {
  readonly suspension: Suspension;
  readonly probe: MirrorProbe;
  readonly evidence: Evidence;
  /** A pull found these failing, and this one well. */
  told(failed: readonly string[], served?: string): Promise<void>;
  readonly log: Logger;
  notify(level: Notice['level'], error: BerthError): void;
  readonly now: () => number;
  readonly stallMilliseconds?: number;
}

export interface Watch {
  watch(reference: string, onRemedy?: (mirror: string) => void): PullWatch;
  dispose(): void;
}

const unwatched: PullWatch = { line: () => undefined, end: () => Promise.resolve(undefined) };

export function createWatch(deps: WatchDeps): Watch {
  const { suspension, probe, log, now, stallMilliseconds = STALL_MS } = deps;
  const disposed = new AbortController();
  const timers = new Set<NodeJS.Timeout>();
  /** Two pulls that stall together have one look. */
  let looking: Promise<readonly string[]> | undefined;

  /** Which mirrors keep a pull that began at `since` waiting; they are out of force when this resolves. */
  async function look(reference: string, since: number): Promise<readonly string[]> {
    const known = suspension.urls.get().filter((url) => (suspension.since(url) ?? 0) >= since);
    if (known.length > 0) {
      return known;
    }
    looking ??= findSilent(reference).finally(() => (looking = undefined));
    return looking;
  }

  async function findSilent(reference: string): Promise<readonly string[]> {
    const urls = suspension.candidates();
    if (urls.length === 0) {
      return [];
    }
    const image = splitRegistry(reference).rest;
    const within = AbortSignal.any([disposed.signal, AbortSignal.timeout(QUICK_MS)]);
    const quick = await probe.quick(urls, image, within);
    const culprit = await firstInTheWay(urls, new Map([...quick].map(([url, { verdict }]) => [url, verdict])), image);
    log.info('a pull gets nothing: mirrors looked at', {
      reference,
      verdicts: [...quick].map(([url, { verdict }]) => `${url} ${verdict}`),
      culprit,
    });
    if (culprit === undefined) {
      return [];
    }
    await suspension.add([culprit]);
    await deps.told([culprit]);
    return [culprit];
  }

  /**
   * dockerd asks in this order: it goes on from one that fails, after its own patience from one that it cannot reach, and waits for ever at one that is
   * silent. So the first that works is looked at whole before a silent one behind it is blamed, which may merely be slow.
   */
  async function firstInTheWay(
    urls: readonly string[],
    verdicts: ReadonlyMap<string, MirrorVerdict>,
    image: string,
  ): Promise<string | undefined> {
    const is = (url: string, ...wanted: readonly MirrorVerdict[]): boolean => wanted.includes(verdicts.get(url) ?? 'works');
    const silent = urls.find((url) => is(url, 'silent'));
    const working = urls.find((url) => is(url, 'works', 'slow', 'stale'));
    const before = working !== undefined && (silent === undefined || urls.indexOf(working) < urls.indexOf(silent));
    return before && (await hasSilentLayers(working, image)) ? working : (silent ?? urls.find((url) => is(url, 'unreachable')));
  }

  async function hasSilentLayers(url: string, image: string): Promise<boolean> {
    let silent = false;
    for await (const item of probe.test([{ url, name: url, limited: false }], image, disposed.signal)) {
      silent ||= item.kind === 'result' && item.test.verdict === 'silent';
    }
    return silent;
  }

  async function weigh(reference: string, end: Promise<PullEvidence>): Promise<string | undefined> {
    try {
      const { failed, served } = await end;
      if (failed.length > 0 || served !== undefined) {
        log.info('a pull and its mirrors', { reference, failed, served });
        await deps.told(failed, served);
      }
      return served;
    } catch (error) {
      log.debug("dockerd's log could not be read", { error });
      return undefined;
    }
  }

  function watch(reference: string, onRemedy?: (mirror: string) => void): PullWatch {
    if (!isDockerHub(reference)) {
      return unwatched;
    }
    const since = now();
    const seen = deps.evidence.begin();
    const last = new Map<string, string>();
    let looks = 0;
    let ended = false;
    let again = false;
    /** dockerd says so in a line of its progress; the answer's status is 200 all the same. */
    let failed = false;

    async function stalled(): Promise<void> {
      looks += 1;
      const silent = await look(reference, since).catch((error: unknown) => {
        log.warn('the mirrors could not be looked at', { reference, error });
        return [];
      });
      if (ended) {
        return;
      }
      for (const url of silent) {
        deps.notify('warn', new BerthError(onRemedy === undefined ? 'mirrors.silentForClient' : 'mirrors.silent', { url, reference }));
      }
      const [first] = silent;
      if (first !== undefined) {
        // Whoever pulls again watches again; a client's pull waits for ever, and was told about.
        stop();
        again = onRemedy !== undefined;
        onRemedy?.(first);
      } else if (looks < MAX_LOOKS) {
        timer.refresh();
      } else {
        log.info('a pull gets nothing, and no mirror is to blame', { reference });
      }
    }

    const timer = setTimeout(() => void stalled(), stallMilliseconds);
    timer.unref();
    timers.add(timer);
    const stop = (): void => {
      clearTimeout(timer);
      timers.delete(timer);
      ended = true;
    };

    return {
      line(line) {
        failed ||= line['errorDetail'] !== undefined || line['error'] !== undefined;
        const id = typeof line['id'] === 'string' ? line['id'] : '';
        const says = JSON.stringify([line['status'], line['progressDetail']]);
        if (!ended && last.get(id) !== says) {
          last.set(id, says);
          looks = 0;
          timer.refresh();
        }
      },
      end(error) {
        stop();
        const end = seen(error === undefined && !failed);
        // What is pulled again is one pull, and a mirror failed it once.
        return weigh(reference, again ? end.then(() => ({ failed: [] })) : end);
      },
    };
  }

  return {
    watch,
    dispose() {
      disposed.abort(new Error('disposed'));
      timers.forEach((timer) => clearTimeout(timer));
    },
  };
}
