// While nobody does anything, no timer of the backend's fires more often than once a second, whoever set it and however: Node says of each firing, and
// where it was set. The whole backend runs, over a fake VM and a fake dockerd, with the streams of a window that is hidden.
import { createHook } from 'node:async_hooks';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createBackend } from '../../main/app';
import { prepareHome } from '../../main/control/home';
import { silentLogger } from '../../main/lib/logger';
import { startFakeDockerd } from '../fakes/dockerd/server';
import { context } from '../fakes/streams';
import { createFakeVm } from '../fakes/vm';

const SECONDS = 6;

/** Firings of timers by the place that set them; a timer made by another one that fired belongs to its own place again. */
function countFirings() {
  const places = new Map<number, string>();
  const firings = new Map<string, number>();
  const hook = createHook({
    init(id, type) {
      if (type === 'Timeout') {
        const line = new Error().stack?.split('\n').find((each) => /\/(main|preload)\//.test(each) && !each.includes('node_modules'));
        places.set(id, line?.trim() ?? '');
      }
    },
    before(id) {
      const place = places.get(id);
      if (place !== undefined && place !== '') {
        firings.set(place, (firings.get(place) ?? 0) + 1);
      }
    },
  });
  hook.enable();
  return { firings, disable: () => hook.disable() };
}

test('an idle backend has no timer that fires more often than once a second', async () => {
  const counted = countFirings();
  const root = await mkdtemp(join(tmpdir(), 'berth-idle-'));
  const files = await prepareHome(root);
  const engine = join(files.run.folder, 'engine.sock');
  const dockerd = await startFakeDockerd(engine, { containers: 6, images: 2 });
  const features = { hostTerminal: false, tray: false };
  const backend = await createBackend({
    ...{ files, features, log: silentLogger, version: '0.0.0', build: 'test', owner: 'headless', locale: 'en' },
    resources: { guest: join(root, 'no-guest'), bundle: join(root, 'no-bundle') },
    systemSocket: join(root, 'system.sock'),
    createVm: createFakeVm({ engine, phaseMs: 5, configuration: dockerd.configuration }),
  });
  const ending = new AbortController();
  try {
    await backend.adopted;
    await backend.vm.start();
    const handlers = backend.handlersFor({ kind: 'browser', features });
    for (const name of ['vm.status', 'engine.changes', 'tasks.changes', 'config.changes', 'mirrors.changes', 'settings.changes'] as const) {
      void (async () => {
        for await (const _ of handlers[name]({}, context(ending.signal))) {
          // As the window's store does: the last one counts.
        }
      })().catch(() => undefined);
    }
    await sleep(4000);
    counted.firings.clear();
    await sleep(SECONDS * 1000);
    const often = [...counted.firings].filter(([, count]) => count > SECONDS + 1);
    expect(often).toEqual([]);
  } finally {
    counted.disable();
    ending.abort();
    await backend.dispose({ keepVm: false });
    await dockerd.stop();
    await rm(root, { recursive: true, force: true });
  }
}, 60_000);
