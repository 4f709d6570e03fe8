// The handlers of images.*: pulls as tasks that outlive the window, loads, inspect, remove.
import { BerthError } from '../../preload/contract';
import type { BackendHandlers } from '../../preload/contract';
import type { TaskRun, TaskRunner } from '../lib/task-runner';
import type { Connection } from './connection';
import { engineError, linkError } from './errors';
import { jsonLines } from './json-lines';
import { loadImage } from './load';
import { noProgress, pullSummary, reducePull } from './progress';
import { imagePath, parseReference } from './reference';

const REPORT_MS = 100;

export type ImageHandlers = Pick<BackendHandlers, Extract<keyof BackendHandlers, `images.${string}`>>;

export function createImages(connection: Connection, tasks: TaskRunner): ImageHandlers {
  /** A second click on the same pull joins the first. */
  const running = new Map<string, string>();

  async function pull(reference: string, platform: string | undefined, { signal, update }: TaskRun): Promise<void> {
    let progress = noProgress;
    let reportedAt = 0;
    try {
      const query = { ...parseReference(reference), platform };
      const body = await connection.stream({ method: 'POST', path: '/images/create', query, lane: 'bulk', signal, about: { reference } });
      for await (const line of jsonLines(body)) {
        const now = Date.now();
        progress = reducePull(progress, line, now);
        if (progress.error !== undefined) {
          throw engineError(0, progress.error, { reference });
        }
        if (now - reportedAt >= REPORT_MS) {
          reportedAt = now;
          update(pullSummary(progress, now));
        }
      }
    } catch (error) {
      throw linkError(error, signal);
    } finally {
      update(pullSummary(progress, Date.now()));
    }
    // dockerd says at the end what it has; a connection that ended in order without it did not pull.
    if (progress.detail === '') {
      throw new BerthError('engine.failed', { status: 200, detail: 'the pull ended without a result' });
    }
  }

  return {
    'images.pull': ({ reference, platform }) => {
      parseReference(reference);
      const key = `${reference} ${platform ?? ''}`;
      const known = running.get(key);
      if (known !== undefined) {
        return { task: known };
      }
      const { id, done } = tasks.run('pull', reference, (run) => pull(reference, platform, run));
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
    'images.inspect': async ({ id }) => ({
      raw: await connection.json({ method: 'GET', path: `/images/${imagePath(id)}/json`, about: { image: id } }),
    }),
    'images.load': (input, { upload, signal }) => loadImage(connection, tasks, input, upload, signal),
  };
}
