// Pulls watched: one that gets nothing for 15 s has the mirrors in force looked at, because dockerd waits for ever on one that answers /v2/ and then
// nothing. Sees pulls of the window and of clients of the engine's socket; a pull within a build (BuildKit's own) passes no one here.
import { BerthError } from '../../preload/contract';
import type { MirrorVerdict, Notice } from '../../preload/contract';
import type { Logger } from '../lib/logger';
import type { PullWatch } from '../lib/pull-guard';
import { failuresIn } from './engine-log';
import { hostOf } from './entries';
import type { MirrorProbe } from './mirrors';
import { isDockerHub, splitRegistry } from './prefix';
import type { Suspension } from './suspension';

const STALL_MS = 15_000;
const QUICK_MS = 12_000;
/** How often a pull that goes on saying nothing has the mirrors looked at. */
const MAX_LOOKS = 3;
const LOG_LINES = 200;
/** Clocks of host and guest may differ by this. */
const CLOCK_SLACK_MS = 2000;
const SILENT: ReadonlySet<MirrorVerdict> = new Set<MirrorVerdict>(['silent', 'unreachable']);

export interface WatchDeps {
  readonly suspension: Suspension;
  readonly probe: MirrorProbe;
  tail(lines: number): Promise<readonly string[]>;
  /** A pull found these failing. */
  failed(urls: readonly string[]): Promise<void>;
  readonly log: Logger;
  notify(level: Notice['level'], error: BerthError): void;
  readonly now: () => number;
  readonly stallMilliseconds?: number;
}

export interface Watch {
  watch(reference: string, onRemedy?: (mirror: string) => void): PullWatch;
  dispose(): void;
}

const unwatched: PullWatch = { line: () => undefined, end: () => undefined };

export function createWatch(deps: WatchDeps): Watch {
  const { suspension, probe, log, now, stallMilliseconds = STALL_MS } = deps;
  const disposed = new AbortController();
  const timers = new Set<NodeJS.Timeout>();
  /** Two pulls that stall together have one look. */
  let looking: Promise<readonly string[]> | undefined;
  /** Of the last line of the log that was counted. */
  let countedUntil = 0;

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
    let silent: readonly string[] = urls.filter((url) => SILENT.has(quick.get(url)?.verdict ?? 'works'));
    if (silent.length === 0) {
      silent = await silentLayers(urls, image);
    }
    if (silent.length > 0) {
      log.warn('mirrors that keep a pull waiting are taken out of force', { reference, silent });
      await suspension.add(silent);
      await deps.failed(silent);
    }
    return silent;
  }

  /** One that answers for manifests may be silent where the layers begin. */
  async function silentLayers(urls: readonly string[], image: string): Promise<readonly string[]> {
    const silent: string[] = [];
    const asked = urls.map((url) => ({ url, name: url, limited: false }));
    for await (const item of probe.test(asked, image, disposed.signal)) {
      if (item.kind === 'result' && SILENT.has(item.test.verdict)) {
        silent.push(item.url);
      }
    }
    return silent;
  }

  /** dockerd falls back from a failing mirror in silence; its log names it. */
  async function countFailures(since: number): Promise<void> {
    const urls = suspension.candidates();
    if (urls.length === 0) {
      return;
    }
    const failures = failuresIn(await deps.tail(LOG_LINES)).filter(({ at }) => at > Math.max(countedUntil, since - CLOCK_SLACK_MS));
    countedUntil = Math.max(countedUntil, ...failures.map(({ at }) => at));
    const hosts = new Set(failures.map(({ host }) => host));
    const found = urls.filter((url) => hosts.has(hostOf(url)));
    if (found.length > 0) {
      log.info('mirrors failed a pull', { found });
      await deps.failed(found);
    }
  }

  function watch(reference: string, onRemedy?: (mirror: string) => void): PullWatch {
    if (!isDockerHub(reference)) {
      return unwatched;
    }
    const since = now();
    const last = new Map<string, string>();
    let looks = 0;
    let ended = false;

    async function stalled(): Promise<void> {
      looks += 1;
      const silent = await look(reference, since);
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
        onRemedy?.(first);
      } else if (looks < MAX_LOOKS) {
        timer.refresh();
      } else {
        log.info('a pull gets nothing, and no mirror is to blame', { reference });
      }
    }

    const timer = setTimeout(() => {
      stalled().catch((error: unknown) => log.warn('the mirrors could not be looked at', { reference, error }));
    }, stallMilliseconds);
    timer.unref();
    timers.add(timer);
    const stop = (): void => {
      clearTimeout(timer);
      timers.delete(timer);
      ended = true;
    };

    return {
      line(line) {
        const id = typeof line['id'] === 'string' ? line['id'] : '';
        const says = JSON.stringify([line['status'], line['progressDetail']]);
        if (!ended && last.get(id) !== says) {
          last.set(id, says);
          looks = 0;
          timer.refresh();
        }
      },
      end() {
        if (!ended) {
          stop();
          countFailures(since).catch((error: unknown) => log.debug("dockerd's log could not be read", { error }));
        }
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
