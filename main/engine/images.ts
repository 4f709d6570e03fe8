// The handlers of images.*: pulls as tasks that outlive the window, loads, inspect, remove.
import { BerthError } from '../../preload/contract';
import type { BackendHandlers } from '../../preload/contract';
import { asError } from '../lib/async';
import { noGuard } from '../lib/pull-guard';
import type { PullGuard, PullRoute } from '../lib/pull-guard';
import type { TaskRun, TaskRunner } from '../lib/task-runner';
import type { Connection } from './connection';
import { engineError, linkError } from './errors';
import { text } from '../lib/json';
import { jsonLines } from './json-lines';
import { loadImage } from './load';
import { noProgress, pullSummary, reducePull } from './progress';
import { createPullSteps } from './pull-steps';
import type { PullSteps } from './pull-steps';
import { imagePath, parseReference } from './reference';

const REPORT_MS = 100;

export type ImageHandlers = Pick<BackendHandlers, Extract<keyof BackendHandlers, `images.${string}`>>;

/** How often one pull begins again because a mirror was silent. */
const MAX_REMEDIES = 4;

interface Pulled {
  readonly digest: string;
  readonly served: string | undefined;
}

/** Why a pull under way was given up: to begin again without this mirror. */
class SilentMirror extends Error {
  constructor(readonly mirror: string) {
    super(`${mirror} is silent`);
  }
}

export function createImages(connection: Connection, tasks: TaskRunner, guard: PullGuard = noGuard): ImageHandlers {
  /** A second click on the same pull joins the first. */
  const running = new Map<string, string>();

  /** The digest that dockerd says it pulled, and who served it. Rejects with `SilentMirror` where the watch had it given up. */
  async function pullOnce(reference: string, platform: string | undefined, { signal: outer, update }: TaskRun): Promise<Pulled> {
    const remedy = new AbortController();
    const signal = AbortSignal.any([outer, remedy.signal]);
    const watch = guard.watch(reference, (mirror) => remedy.abort(new SilentMirror(mirror)));
    let progress = noProgress;
    let digest = '';
    let reportedAt = 0;
    try {
      const query = { ...parseReference(reference), platform };
      const body = await connection.stream({ method: 'POST', path: '/images/create', query, lane: 'bulk', signal, about: { reference } });
      for await (const line of jsonLines(body)) {
        watch.line(line);
        const now = Date.now();
        progress = reducePull(progress, line, now);
        digest = /^Digest: (\S+)/.exec(text(line['status']))?.[1] ?? digest;
        if (progress.error !== undefined) {
          throw engineError(0, progress.error, { reference });
        }
        if (now - reportedAt >= REPORT_MS) {
          reportedAt = now;
          update(pullSummary(progress, now));
        }
      }
      // dockerd says at the end what it has; a connection that ended in order without it did not pull.
      if (progress.detail === '') {
        throw new BerthError('engine.failed', { status: 200, detail: 'the pull ended without a result' });
      }
      const served = await watch.end();
      return { digest, served };
    } catch (error) {
      const failure: unknown = remedy.signal.aborted && !outer.aborted ? remedy.signal.reason : linkError(error, outer);
      void watch.end(asError(failure));
      throw failure;
    } finally {
      update(pullSummary(progress, Date.now()));
    }
  }

  /** Begins again where a silent mirror was taken out of force; the steps name it. */
  async function pull(reference: string, platform: string | undefined, run: TaskRun, steps: PullSteps): Promise<Pulled> {
    for (let remedies = 0; ; remedies += 1) {
      try {
        return await pullOnce(reference, platform, run);
      } catch (error) {
        if (!(error instanceof SilentMirror) || remedies === MAX_REMEDIES) {
          throw error;
        }
        steps.end('failed', error.mirror);
        steps.begin('pullAgain');
      }
    }
  }

  /** Through a prefix mirror: pulled under its name, compared with the registry's own digest, tagged as asked, the mirror's tag taken off again. */
  async function pullThrough(
    reference: string,
    route: PullRoute,
    platform: string | undefined,
    run: TaskRun,
    steps: PullSteps,
  ): Promise<void> {
    const { signal } = run;
    const { digest } = await pull(route.from, platform, run, steps);
    steps.end('done', route.from);
    const untag = async (): Promise<void> => {
      steps.begin('untag', route.from);
      await connection.json({ method: 'DELETE', path: `/images/${imagePath(route.from)}`, signal, about: { image: route.from } });
      steps.end('done');
    };
    // A digest was compared by dockerd itself.
    if (!reference.includes('@')) {
      steps.begin('compare', route.registry);
      const expected = await guard.digestAtRegistry(reference, signal);
      if (expected !== undefined && digest !== '' && expected !== digest) {
        steps.end('failed', digest);
        await untag();
        throw new BerthError('mirrors.wrongDigest', { reference, mirror: route.mirror, expected, found: digest });
      }
      // Out of reach is said, not failed: that is why there is a mirror.
      steps.end(expected === undefined ? 'skipped' : 'done', expected === undefined ? route.registry : digest);
    }
    const target = tagTarget(reference);
    steps.begin('tag', `${target.repo}:${target.tag}`);
    await connection.json({
      method: 'POST',
      path: `/images/${imagePath(route.from)}/tag`,
      query: target,
      signal,
      about: { image: route.from },
    });
    steps.end('done');
    await untag();
  }

  async function run(reference: string, platform: string | undefined, route: PullRoute | undefined, task: TaskRun): Promise<void> {
    const steps = createPullSteps(task.update);
    if (route === undefined) {
      const { served } = await pull(reference, platform, task, steps);
      steps.endLast();
      if (served !== undefined) {
        steps.begin('served', served);
        steps.end('done');
      }
      return;
    }
    steps.begin('pull', route.from);
    await pullThrough(reference, route, platform, task, steps);
  }

  return {
    'images.pull': ({ reference, platform, via }) => {
      parseReference(reference);
      const route = guard.route(reference, via);
      const key = `${reference} ${platform ?? ''} ${route?.from ?? ''}`;
      const known = running.get(key);
      if (known !== undefined) {
        return { task: known };
      }
      const { id, done } = tasks.run('pull', reference, (task) => run(reference, platform, route, task));
      running.set(key, id);
      void done.then(() => running.delete(key));
      return { task: id };
    },
    'images.remove': async ({ id, force }) => {
      await connection.json({
        method: 'DELETE',
        path: `/images/${imagePath(id)}`,
        query: { force },
        deadlineSeconds: 0,
        about: { image: id },
      });
    },
    'images.load': (input, { upload, signal }) => loadImage(connection, tasks, input, upload, signal),
  };
}

/** A tag is needed to hold an image, and one that was asked for by its digest has none: it gets one that says so. */
function tagTarget(reference: string): { readonly repo: string; readonly tag: string } {
  const [named = '', digest] = reference.split('@');
  const { fromImage, tag } = parseReference(named);
  return { repo: fromImage, tag: digest === undefined || named !== fromImage ? tag : digest.replace(':', '-').slice(0, 19) };
}
