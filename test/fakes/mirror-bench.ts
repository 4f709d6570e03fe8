// Mirrors on a fake configuration and a scripted probe, for tests: what each address answers is set, what is notified is collected.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMirrors } from '../../main/mirrors/create-mirrors';
import type { Mirrors, MirrorsDeps } from '../../main/mirrors/mirrors';
import type { DaemonConfig, DaemonDocument } from '../../main/daemon-config/daemon-config';
import { silentLogger } from '../../main/lib/logger';
import type { BerthError, MirrorTest, MirrorVerdict, MirrorsState } from '../../preload/contract';
import { createFakeDaemonConfig } from './daemon-config';
import type { FakeDaemonConfig } from './daemon-config';
import { context, firstItem } from './streams';

export interface MirrorBench extends FakeDaemonConfig {
  readonly mirrors: Mirrors;
  readonly path: string;
  readonly notices: BerthError[];
  /** What `quick` and `test` find; missing = works. */
  readonly verdicts: Map<string, MirrorVerdict>;
  /** What `test` finds where it differs from `quick`. */
  readonly layerVerdicts: Map<string, MirrorVerdict>;
  readonly looks: (readonly string[])[];
  readonly log: string[];
  state(): Promise<MirrorsState>;
  /** Resolves with the first state that fits. */
  until(condition: (state: MirrorsState) => boolean): Promise<MirrorsState>;
  apply(
    mirrors: readonly { readonly url: string; readonly name?: string; readonly note?: string; readonly enabled?: boolean }[],
  ): Promise<string>;
  /** The same home, opened again. */
  reopen(): Promise<MirrorBench>;
  dispose(): Promise<void>;
}

export interface MirrorBenchOptions {
  readonly document?: DaemonDocument;
  readonly folder?: string;
  readonly stallMilliseconds?: number;
  readonly exec?: MirrorsDeps['exec'];
}

export async function startMirrorBench(options: MirrorBenchOptions = {}): Promise<MirrorBench> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'berth-mirrors-')));
  const fake = createFakeDaemonConfig(options.document);
  const notices: BerthError[] = [];
  const verdicts = new Map<string, MirrorVerdict>();
  const layerVerdicts = new Map<string, MirrorVerdict>();
  const looks: (readonly string[])[] = [];
  const log: string[] = [];
  const path = join(folder, 'mirrors.json');
  const testOf = (verdict: MirrorVerdict, image: string): MirrorTest => ({
    at: Date.now(),
    image,
    verdict,
    steps: [],
    totalMilliseconds: 1,
  });
  const mirrors = await createMirrors({
    path,
    config: fake.config as DaemonConfig,
    probe: {
      async *test(urls, image) {
        await Promise.resolve();
        for (const { url } of urls) {
          yield { kind: 'result', url, test: testOf(layerVerdicts.get(url) ?? verdicts.get(url) ?? 'works', image) };
        }
      },
      quick(urls) {
        looks.push(urls);
        return Promise.resolve(new Map(urls.map((url) => [url, { verdict: verdicts.get(url) ?? 'works' }])));
      },
    },
    exec: options.exec ?? (() => Promise.reject(new Error('no guest'))),
    tail: () => Promise.resolve(log),
    clock: () => Promise.resolve(Date.now()),
    log: silentLogger,
    notify: (_level, error) => notices.push(error),
    ...(options.stallMilliseconds === undefined ? {} : { stallMilliseconds: options.stallMilliseconds }),
  });

  const until = (condition: (state: MirrorsState) => boolean): Promise<MirrorsState> =>
    firstItem((streamContext) => mirrors.handlers['mirrors.changes']({}, streamContext), condition);
  const state = (): Promise<MirrorsState> => until(() => true);

  return {
    ...fake,
    mirrors,
    path,
    notices,
    verdicts,
    layerVerdicts,
    looks,
    log,
    state,
    until,
    async apply(list) {
      const { revision } = await state();
      const whole = list.map((mirror) => ({ name: '', note: '', enabled: true, ...mirror }));
      const { task } = await mirrors.handlers['mirrors.apply']({ mirrors: whole, revision, origin: 'form' }, context());
      return task;
    },
    reopen: () => startMirrorBench({ ...options, folder, document: fake.document.get() }),
    async dispose() {
      mirrors.dispose();
      // A result may be on its way to the disk.
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
