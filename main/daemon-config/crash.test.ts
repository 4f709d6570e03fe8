// A crash before and after everything that a change does to a disk, to the guest or to dockerd: whatever was lost with it, the next backend ends
// whole, in the old or the new configuration, and says which. "Everything" is counted by a run without a crash.
import { writeFile } from 'node:fs/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { applyText, callContext, EVERYTHING, startConfigBench } from '../../test/fakes/config-bench';
import type { ConfigBench } from '../../test/fakes/config-bench';
import type * as AtomicFile from '../lib/atomic-file';
import type { ConfigGuest, DaemonConfig } from './daemon-config';

/** What a change does, in order; at the point that is asked for, the process is gone: what it began never returns. */
const crash = vi.hoisted(() => {
  const state = { done: [] as string[], at: Infinity, dead: () => undefined as void };
  const never = new Promise<never>(() => undefined);
  return {
    state,
    async around<T>(name: string, work: () => Promise<T>): Promise<T> {
      const index = state.done.push(name) - 1;
      if (index >= state.at) {
        state.dead();
        return never;
      }
      return work();
    },
  };
});

vi.mock('../lib/atomic-file', async (importOriginal) => {
  const real = await importOriginal<typeof AtomicFile>();
  const name = (path: string): string => path.split('/').at(-1) ?? '';
  return {
    ...real,
    // Whole or not at all, as the real ones; that those are so is their own test's.
    writeAtomic: (path: string, content: string) => crash.around(name(path), () => writeFile(path, content)),
    writeJson: (path: string, value: unknown) => crash.around(name(path), () => writeFile(path, JSON.stringify(value))),
  };
});

const mortal = (guest: ConfigGuest): ConfigGuest => ({
  ...guest,
  write: (text) => crash.around('write', () => guest.write(text)),
  reload: (text, signal) => crash.around('reload', () => guest.reload(text, signal)),
  restart: (text) => crash.around('restart', () => guest.restart(text)),
  stopContainers: (names) => crash.around('stop', () => guest.stopContainers(names)),
  startContainers: (names) => crash.around('start', () => guest.startContainers(names)),
});

const OLD = { 'live-restore': true, 'shutdown-timeout': 50, labels: ['old=1'] };
const changes = {
  reload: { ...OLD, 'registry-mirrors': ['https://mirror.example'], labels: ['new=1'] },
  restart: { ...OLD, dns: ['10.1.1.1'], mtu: undefined, 'log-driver': 'local' },
  disruptive: { ...OLD, bip: '10.77.0.1/24' },
  'rolled back': { ...OLD, bip: '10.77.0.1/24', 'cgroup-parent': 'fake-start-fails' },
};

let bench: ConfigBench;
afterEach(() => bench.dispose());

async function begun(): Promise<DaemonConfig> {
  Object.assign(crash.state, { done: [], at: Infinity });
  bench = await startConfigBench();
  await writeFile(bench.files.document, JSON.stringify(OLD));
  const config = await bench.open(mortal);
  bench.fake.configuration.file = await config.forBoot();
  bench.fake.configuration.restart();
  await config.settle(callContext.signal);
  await config.idle();
  crash.state.done = [];
  return config;
}

/** The crashed change, until it ended or the process was gone. */
async function changed(config: DaemonConfig, document: object): Promise<void> {
  const dead = new Promise<void>((resolve) => (crash.state.dead = resolve));
  await Promise.race([dead, applyText(bench, config, document, { accept: EVERYTHING })]);
}

/** As main/vm does it: a dockerd that does not start is given what `recover` has. */
async function nextBackend(what: 'backend' | 'guest' | 'dockerd'): Promise<DaemonConfig> {
  Object.assign(crash.state, { at: Infinity });
  bench.notices.length = 0;
  const { configuration } = bench.fake;
  const config = await bench.open(mortal);
  if (what === 'guest') {
    configuration.file = await config.forBoot();
    configuration.restart();
  } else if (what === 'dockerd') {
    configuration.kill();
  }
  if (!configuration.up) {
    expect(await config.recover(configuration.log().join('\n'))).toBe(true);
    configuration.file = await config.forBoot();
    expect(configuration.restart()).toBe(true);
  }
  await config.settle(callContext.signal);
  await config.idle();
  return config;
}

/** Empty lists are dockerd's way to have nothing set. */
function meaning(document: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(document).filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0)),
  );
}

describe.each(Object.entries(changes))('%s', (name, document) => {
  describe.each(['backend', 'guest', 'dockerd'] as const)('the %s dies', (what) => {
    test('before and after each step', { timeout: 120_000 }, async () => {
      const first = await begun();
      await changed(first, document);
      const points = [...crash.state.done];
      await bench.dispose();
      expect(points).toContain(name === 'reload' ? 'reload' : 'restart');

      const ends = new Set<string>();
      // After one of them is before the next, and after the last is the end.
      for (const [index, point] of [...points, 'the end'].entries()) {
        const label = `before ${index} ${point}`;
        const config = await begun();
        Object.assign(crash.state, { at: index });
        await changed(config, document);
        const next = await nextBackend(what);

        const wanted = [OLD, meaning(document)].map((each) => JSON.stringify(meaning(each), Object.keys(each).sort()));
        const now = next.document.get();
        const end = wanted.indexOf(JSON.stringify(meaning(now), Object.keys(now).sort()));
        expect(end, label).not.toBe(-1);
        const { configuration, model } = bench.fake;
        expect(meaning(configuration.inForce), label).toEqual(meaning(now));
        expect(meaning(JSON.parse(configuration.file) as object as Record<string, unknown>), label).toEqual(meaning(now));
        expect(
          [...model.containers.values()].filter(({ state }) => state === 'running'),
          label,
        ).toHaveLength(3);
        const history = await next.handlers['config.history']({}, callContext);
        const recovered = history.find(({ result }) => result === 'recovered');
        if (recovered !== undefined) {
          expect(bench.notices, label).toMatchObject([{ code: end === 1 ? 'config.recoveredNew' : 'config.recoveredOld' }]);
          expect(recovered.error, label).toMatchObject({ code: bench.notices[0]?.code });
        } else if (end === 1) {
          expect(history[0], label).toMatchObject({ result: 'applied' });
        }
        ends.add(end === 1 ? 'new' : 'old');
        await bench.dispose();
      }
      // Nothing of it is left in the way of the next change.
      const last = await begun();
      Object.assign(crash.state, { at: 4 });
      await changed(last, document);
      const next = await nextBackend(what);
      expect((await applyText(bench, next, { ...next.document.get(), debug: true })).state).toBe('done');
      expect([...ends].sort()).toEqual(name === 'rolled back' ? ['old'] : ['new', 'old']);
    });
  });
});
