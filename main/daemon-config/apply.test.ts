import { readFile, stat, writeFile, readdir } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { applyText, callContext, EVERYTHING, startConfigBench, stateOf } from '../../test/fakes/config-bench';
import { firstItem, taskEnd } from '../../test/fakes/streams';
import type { ConfigBench } from '../../test/fakes/config-bench';
import type { ConfigHistoryEntry, Task } from '../../preload/contract';
import type { ConfigGuest, DaemonConfig } from './daemon-config';

const DEFAULT = { 'live-restore': true, 'shutdown-timeout': 50 };

let bench: ConfigBench;
let config: DaemonConfig;
beforeEach(async () => {
  bench = await startConfigBench();
  config = await bench.open();
  bench.fake.configuration.file = await config.forBoot();
  await config.settle(callContext.signal);
  await config.idle();
});
afterEach(() => bench.dispose());

const steps = (task: Task): string =>
  (task.steps ?? [])
    .filter(({ state }) => state !== 'skipped')
    .map(({ name, state }) => `${name}:${state}`)
    .join(' ');
const history = () => config.handlers['config.history']({}, callContext) as readonly ConfigHistoryEntry[];
const inForce = () => bench.fake.configuration.inForce;
const running = () => [...bench.fake.model.containers.values()].filter(({ state }) => state === 'running').length;
const hosts = async (): Promise<unknown> => JSON.parse(await readFile(bench.files.document, 'utf8'));

describe('a change', () => {
  test('of a key that reloads goes in force live, and is read back', async () => {
    const task = await applyText(bench, config, { ...DEFAULT, 'registry-mirrors': ['https://mirror.example'] });
    expect(task).toMatchObject({ state: 'done', kind: 'config', subject: 'registry-mirrors', cancellable: false });
    expect(steps(task)).toBe('check:done validate:done write:done reload:done ping:done readBack:done');
    expect(inForce()).toMatchObject({ 'registry-mirrors': ['https://mirror.example'] });
    expect(bench.fake.configuration.starts).toBe(1);
    expect((await stateOf(config)).inForce).toMatchObject({ mirrors: ['https://mirror.example'], differences: [] });
    expect(history()[0]).toMatchObject({ result: 'applied', origin: 'editor', class: 'reload', changes: [{ key: 'registry-mirrors' }] });
    expect((await stat(bench.files.document)).mode & 0o777).toBe(0o600);
  });

  test('that takes a key away gives dockerd its default, since it keeps the old value otherwise', async () => {
    await applyText(bench, config, { ...DEFAULT, 'registry-mirrors': ['https://mirror.example'] });
    await applyText(bench, config, DEFAULT);
    expect(inForce()['registry-mirrors']).toEqual([]);
    expect(await hosts()).toEqual(DEFAULT);
    // And once more without the neutral value in the way.
    expect((await applyText(bench, config, { ...DEFAULT, debug: true })).state).toBe('done');
  });

  test('that needs a restart closes our events first and keeps containers', async () => {
    const before = running();
    const task = await applyText(bench, config, { ...DEFAULT, dns: ['10.1.1.1'] });
    expect(steps(task)).toBe('check:done validate:done write:done restart:done ping:done readBack:done');
    expect(bench.log).toEqual(['pause', 'resume']);
    expect(running()).toBe(before);
  });

  test('that is disruptive waits for consent, then stops what runs and starts it again', async () => {
    const document = { ...DEFAULT, bip: '10.77.0.1/24' };
    const check = await config.handlers['config.check']({ text: JSON.stringify(document) }, callContext);
    expect(check).toMatchObject({
      class: 'disruptive',
      effects: { stops: expect.arrayContaining(['shop-0-web-1']) as unknown, hidesImages: 0 },
    });
    await expect(applyText(bench, config, document)).rejects.toMatchObject({ code: 'config.needsAcceptance', params: { stops: 3 } });
    expect(bench.log).toEqual([]);
    expect((await applyText(bench, config, document, { accept: EVERYTHING })).state).toBe('done');
    expect(bench.log.map((line) => line.split(' ')[0])).toEqual(['pause', 'stop', 'stop', 'stop', 'resume', 'start', 'start', 'start']);
    expect(running()).toBe(3);
  });

  test('of the image store says what it hides, hides it, and the history brings it back', async () => {
    const document = { ...DEFAULT, features: { 'containerd-snapshotter': true } };
    const check = await config.handlers['config.check']({ text: JSON.stringify(document) }, callContext);
    expect(check.effects).toMatchObject({ hidesImages: 2, hidesContainers: 3, hidesBytes: expect.any(Number) as number });
    await applyText(bench, config, DEFAULT);
    const [before] = history();
    await applyText(bench, config, document, { accept: EVERYTHING });
    expect(bench.fake.model.images.size).toBe(0);
    const { task } = await config.handlers['config.restore'](
      { id: before?.id ?? '', revision: (await stateOf(config)).revision, accept: EVERYTHING },
      callContext,
    );
    expect((await taskEnd(bench.tasks.handlers, task)).state).toBe('done');
    expect(bench.fake.model.images.size).toBe(2);
    expect(history()[0]).toMatchObject({ origin: 'history', result: 'applied' });
  });

  test('of nothing but the layout keeps the text as it was written', async () => {
    const text = '{\n    "shutdown-timeout": 50,\n    "live-restore": true\n}\n';
    expect((await applyText(bench, config, text)).state).toBe('done');
    expect((await stateOf(config)).text).toBe(text);
    expect(bench.fake.configuration.starts).toBe(1);
  });

  test('with warnings waits for consent', async () => {
    const document = { ...DEFAULT, 'regsitry-mirrors': [] };
    await expect(applyText(bench, config, document)).rejects.toMatchObject({ code: 'config.needsAcceptance', params: { warnings: 1 } });
  });
});

describe('what goes wrong', () => {
  test('a document with an error is refused before a task, and nothing is touched', async () => {
    const before = bench.fake.configuration.file;
    await expect(applyText(bench, config, '{"debug": tru}')).rejects.toMatchObject({ code: expect.stringMatching(/^config\./) as string });
    await expect(applyText(bench, config, { ...DEFAULT, hosts: [] })).rejects.toMatchObject({ code: 'config.ownedKey' });
    expect(bench.fake.configuration.file).toBe(before);
    expect(history()).toEqual([]);
  });

  test('dockerd refuses it: nothing is written', async () => {
    const before = bench.fake.configuration.file;
    const task = await applyText(bench, config, { ...DEFAULT, 'cgroup-parent': 'fake-refused' });
    expect(task).toMatchObject({ state: 'failed', error: { code: 'config.refused', params: { key: 'cgroup-parent' } } });
    expect(bench.fake.configuration.file).toBe(before);
    expect(history()[0]).toMatchObject({ result: 'rolledBack', key: 'cgroup-parent', words: 'cgroup-parent: fake-refused' });
  });

  test('dockerd does not start: the old one is back, with dockerd’s own words at the key', async () => {
    const task = await applyText(bench, config, { ...DEFAULT, 'cgroup-parent': 'fake-start-fails', dns: ['10.1.1.1'] });
    expect(steps(task)).toBe('check:done validate:done write:done restart:done ping:failed readBack:waiting rollBack:done answer:done');
    expect(task.error).toEqual({
      code: 'config.rolledBack',
      params: { key: 'cgroup-parent', detail: 'cgroup-parent "fake-start-fails" is not supported' },
    });
    expect(inForce()).toEqual(DEFAULT);
    expect(config.document.get()).toEqual(DEFAULT);
    expect(running()).toBe(3);
    expect(history()[0]).toMatchObject({ result: 'rolledBack', key: 'cgroup-parent' });
    expect((await applyText(bench, config, { ...DEFAULT, debug: true })).state).toBe('done');
  });

  test('what dockerd passes over in silence is found by reading back, and undone', async () => {
    bench.fake.configuration.ignores.add('debug');
    const task = await applyText(bench, config, { ...DEFAULT, debug: true });
    expect(task.error).toEqual({ code: 'config.notInForce', params: { key: 'debug', detail: 'false' } });
    expect(JSON.parse(bench.fake.configuration.file)).toMatchObject({ debug: false });
    expect(config.document.get()).toEqual(DEFAULT);
  });

  const ways: readonly (keyof ConfigGuest)[] = ['write', 'reload', 'ping', 'info'];
  test.each(ways)('%s fails once: the old configuration is in force and the error is said', async (method) => {
    const again = await bench.open((guest) => failing(guest, method));
    const task = await applyText(bench, again, { ...DEFAULT, debug: true });
    expect(task.state).toBe('failed');
    expect(inForce()['debug'] ?? false).toBe(false);
    expect(again.document.get()).toEqual(DEFAULT);
    expect((await applyText(bench, again, { ...DEFAULT, debug: true })).state).toBe('done');
  });

  test('the way back fails too: it is said, and ended by the next change', async () => {
    let down = true;
    const again = await bench.open((guest) => ({
      ...guest,
      ping: (signal) => (down ? Promise.reject(new Error('no answer')) : guest.ping(signal)),
    }));
    const task = await applyText(bench, again, { ...DEFAULT, debug: true });
    expect(task.error).toMatchObject({ code: 'config.rollBackFailed' });
    expect(bench.notices.at(-1)).toMatchObject({ code: 'config.rollBackFailed' });
    down = false;
    expect((await applyText(bench, again, { ...DEFAULT, debug: true })).state).toBe('done');
    expect(await again.handlers['config.history']({}, callContext)).toMatchObject([{ result: 'applied' }, { result: 'recovered' }]);
  });

  test('the way back fails with the engine: a start of the engine alone ends it', async () => {
    let down = true;
    const again = await bench.open((guest) => ({
      ...guest,
      ping: (signal) => (down ? Promise.reject(new Error('the guest gave up on it')) : guest.ping(signal)),
    }));
    const task = await applyText(bench, again, { ...DEFAULT, bip: '10.77.0.1/24' }, { accept: EVERYTHING });
    expect(task.error).toMatchObject({ code: 'config.rollBackFailed' });
    bench.engineBack();
    await again.idle();
    expect(running()).toBe(0);
    down = false;
    bench.fake.configuration.restart();
    bench.engineBack();
    await again.idle();
    expect(bench.notices.at(-1)).toMatchObject({ code: 'config.recoveredOld', params: { keys: 'bip' } });
    expect(await again.handlers['config.history']({}, callContext)).toMatchObject([{ result: 'recovered' }]);
    expect(JSON.parse(await readFile(bench.files.journal, 'utf8'))).toBeNull();
    expect(inForce()).toEqual(DEFAULT);
    expect(running()).toBe(3);
    const { starts } = bench.fake.configuration;
    bench.engineBack();
    await again.idle();
    expect(bench.fake.configuration.starts).toBe(starts);
  });

  test('what runs around a change is undone with it', async () => {
    const calls: string[] = [];
    const around = { apply: async () => void calls.push('apply'), undo: async () => void calls.push('undo') };
    const fails = await config.change('certificates', (document) => ({ ...document, 'cgroup-parent': 'fake-start-fails' }), { around });
    expect((await fails.done).state).toBe('failed');
    const goes = await config.change('certificates', (document) => document, { around, restart: true });
    expect((await goes.done).state).toBe('done');
    expect(calls).toEqual(['apply', 'undo', 'apply']);
    expect(history()[0]).toMatchObject({ origin: 'certificates', class: 'restart' });
  });
});

/** The write itself fails, or the first call after it; once. */
function failing(guest: ConfigGuest, method: keyof ConfigGuest): ConfigGuest {
  let left = 1;
  let written = false;
  const fails = (): boolean => left > 0 && (written || method === 'write') && (left -= 1) === 0;
  return {
    ...guest,
    [method]: (...args: never[]) =>
      fails() ? Promise.reject(new Error('broken')) : (guest[method] as (...all: never[]) => unknown)(...args),
    ...(method === 'write'
      ? {}
      : {
          async write(text: string) {
            await guest.write(text);
            written = true;
          },
        }),
  };
}

describe('several at once', () => {
  test('two windows: one wins, the other is told', async () => {
    const { revision } = await stateOf(config);
    const first = applyText(bench, config, { ...DEFAULT, debug: true }, { revision });
    const second = applyText(bench, config, { ...DEFAULT, labels: ['a=b'] }, { revision });
    await expect(second).rejects.toMatchObject({ code: 'config.conflict' });
    expect((await first).state).toBe('done');
    expect(await hosts()).toMatchObject({ debug: true });
  });

  test('while one is applied another is refused, and a part of Berth waits its turn', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const again = await bench.open((guest) => ({
      ...guest,
      validate: async (text, signal) => held.then(() => guest.validate(text, signal)),
    }));
    const { revision } = await stateOf(again);
    const { task } = await again.handlers['config.apply'](
      { text: JSON.stringify({ ...DEFAULT, debug: true }), revision, origin: 'form', accept: EVERYTHING },
      callContext,
    );
    expect((await stateOf(again)).task).toBe(task);
    await expect(applyText(bench, again, DEFAULT)).rejects.toMatchObject({ code: 'config.busy' });
    const waits = again.change('mirrors', (document) => ({ ...document, 'registry-mirrors': ['https://m.example'] }));
    release();
    expect((await taskEnd(bench.tasks.handlers, task)).state).toBe('done');
    expect((await (await waits).done).state).toBe('done');
    expect(inForce()).toMatchObject({ debug: true, 'registry-mirrors': ['https://m.example'] });
  });

  test('cancelled before the write nothing was changed', async () => {
    const before = bench.fake.configuration.file;
    let cancel = (): void => undefined;
    const again = await bench.open((guest) => ({
      ...guest,
      async validate(text, signal) {
        cancel();
        return guest.validate(text, signal);
      },
      async write(text) {
        cancel();
        return guest.write(text);
      },
    }));
    const apply = async (document: unknown): Promise<Task> => {
      const { task } = await again.handlers['config.apply'](
        { text: JSON.stringify(document), revision: (await stateOf(again)).revision, origin: 'form', accept: EVERYTHING },
        callContext,
      );
      cancel = () => void bench.tasks.handlers['tasks.cancel']({ id: task }, callContext);
      return taskEnd(bench.tasks.handlers, task);
    };
    expect((await apply({ ...DEFAULT, debug: true })).state).toBe('cancelled');
    expect(bench.fake.configuration.file).toBe(before);
    expect(await again.handlers['config.history']({}, callContext)).toMatchObject([{ result: 'cancelled' }]);
  });

  test('a change that is written is not cancelled any more', async () => {
    const again = await bench.open((guest) => ({
      ...guest,
      async write(text) {
        const [running_] = await firstItem((streamContext) => bench.tasks.handlers['tasks.changes']({}, streamContext));
        await bench.tasks.handlers['tasks.cancel']({ id: running_?.id ?? '' }, callContext);
        return guest.write(text);
      },
    }));
    const task = await applyText(bench, again, { ...DEFAULT, debug: true });
    expect(task).toMatchObject({ state: 'done', cancellable: false });
    expect(inForce()).toMatchObject({ debug: true });
  });
});

describe('the guest’s file', () => {
  test('an edit by hand is seen, holds back a change, and is taken over or dropped', async () => {
    bench.fake.configuration.file = JSON.stringify({ ...DEFAULT, debug: true });
    await expect(applyText(bench, config, { ...DEFAULT, labels: ['a=b'] })).rejects.toMatchObject({ code: 'config.guestEdited' });
    const state = await stateOf(config);
    expect(state.guestEdit).toMatchObject({ changes: [{ key: 'debug', after: true, class: 'reload' }] });
    const drop = await config.handlers['config.settleGuestEdit'](
      { decision: 'drop', revision: state.revision, accept: EVERYTHING },
      callContext,
    );
    expect((await taskEnd(bench.tasks.handlers, drop.task)).state).toBe('done');
    expect(JSON.parse(bench.fake.configuration.file)).not.toHaveProperty('debug', true);
    expect((await stateOf(config)).guestEdit).toBeUndefined();

    bench.fake.configuration.file = JSON.stringify({ ...DEFAULT, debug: true });
    const take = await config.handlers['config.settleGuestEdit'](
      { decision: 'take', revision: state.revision, accept: EVERYTHING },
      callContext,
    );
    expect((await taskEnd(bench.tasks.handlers, take.task)).state).toBe('done');
    expect(inForce()).toMatchObject({ debug: true });
    expect(await hosts()).toMatchObject({ debug: true });
    expect(history().slice(0, 2)).toMatchObject([{ origin: 'guest' }, { origin: 'guest' }]);
  });

  test('what dockerd took by hand is put right by the document that has not changed, although the file is as it was', async () => {
    const wanted = { ...DEFAULT, 'registry-mirrors': ['https://mirror.example'] };
    await applyText(bench, config, wanted);
    const { configuration } = bench.fake;
    const { file } = configuration;
    configuration.file = JSON.stringify({ ...DEFAULT, 'registry-mirrors': [] });
    configuration.reload();
    configuration.file = file;
    await config.settle(callContext.signal);
    await config.idle();
    expect((await stateOf(config)).inForce?.differences).toMatchObject([{ key: 'registry-mirrors', inForce: [] }]);
    expect(steps(await applyText(bench, config, wanted))).toContain('reload:done');
    expect(inForce()['registry-mirrors']).toEqual(['https://mirror.example']);
    expect(configuration.starts).toBe(1);
  });

  test('an override of this boot is in force, is nobody’s edit, and is gone with the next boot', async () => {
    await applyText(bench, config, { ...DEFAULT, 'registry-mirrors': ['https://a.example', 'https://b.example'] });
    await config.overrideLive('registry-mirrors', ['https://b.example']);
    expect((await stateOf(config)).inForce).toMatchObject({ mirrors: ['https://b.example'], differences: [] });
    await applyText(bench, config, { ...DEFAULT, 'registry-mirrors': ['https://a.example', 'https://b.example'], debug: true });
    expect(inForce()['registry-mirrors']).toEqual(['https://b.example']);
    expect(history()).toHaveLength(2);
    await config.overrideLive('registry-mirrors', undefined);
    expect(inForce()['registry-mirrors']).toEqual(['https://a.example', 'https://b.example']);
    await config.overrideLive('registry-mirrors', ['https://b.example']);
    // A backend that died cannot end it: the next one does.
    const next = await bench.open();
    await next.settle(callContext.signal);
    expect(inForce()['registry-mirrors']).toEqual(['https://a.example', 'https://b.example']);
  });
});

describe('the engine is off', () => {
  test('a document is checked and kept, tried at the next start, and given up where dockerd cannot start', async () => {
    bench.available.set(false);
    const task = await applyText(bench, config, { ...DEFAULT, 'cgroup-parent': 'fake-start-fails' });
    expect(steps(task)).toBe('check:done');
    bench.fake.configuration.file = await config.forBoot();
    expect(bench.fake.configuration.restart()).toBe(false);
    expect(await config.recover(bench.fake.configuration.log().join('\n'))).toBe(true);
    bench.fake.configuration.file = await config.forBoot();
    expect(bench.fake.configuration.restart()).toBe(true);
    bench.available.set(true);
    await config.settle(callContext.signal);
    expect(config.document.get()).toEqual(DEFAULT);
    expect(bench.notices.at(-1)).toMatchObject({ code: 'config.lastGood', params: { key: 'cgroup-parent' } });
    expect(history()[0]).toMatchObject({ result: 'rolledBack', origin: 'editor', key: 'cgroup-parent' });
    expect(await config.recover('failed to start daemon: something else')).toBe(false);
  });

  test('one that the engine starts with is the last good one from then on', async () => {
    bench.available.set(false);
    await applyText(bench, config, { ...DEFAULT, bip: '10.77.0.1/24' }, { accept: EVERYTHING });
    bench.fake.configuration.file = await config.forBoot();
    bench.fake.configuration.restart();
    bench.available.set(true);
    await config.settle(callContext.signal);
    expect(await readFile(bench.files.lastGood, 'utf8')).toBe(await readFile(bench.files.document, 'utf8'));
    expect((await stateOf(config)).inForce?.differences).toEqual([]);
  });
});

describe('what was kept while the VM was suspended', () => {
  /** As a resume: the same dockerd, and no boot in between. */
  const keepAndResume = async (document: object): Promise<void> => {
    bench.available.set(false);
    await applyText(bench, config, document, { accept: EVERYTHING });
    bench.available.set(true);
    await config.settle(callContext.signal);
    await config.idle();
  };

  test('goes in force, and is the last good one', async () => {
    await keepAndResume({ ...DEFAULT, 'registry-mirrors': ['https://mirror.example'] });
    expect(inForce()).toMatchObject({ 'registry-mirrors': ['https://mirror.example'] });
    expect(await readFile(bench.files.lastGood, 'utf8')).toBe(await readFile(bench.files.document, 'utf8'));
    expect(bench.notices).toEqual([]);
  });

  test('and would stop containers waits, and says so', async () => {
    const before = running();
    await keepAndResume({ ...DEFAULT, bip: '10.77.0.1/24' });
    expect(running()).toBe(before);
    expect(bench.fake.configuration.starts).toBe(1);
    expect(bench.notices.at(-1)).toMatchObject({ code: 'config.waits', params: { keys: 'bip' } });
    expect(await hosts()).toMatchObject({ bip: '10.77.0.1/24' });
  });
});

describe('the host’s file', () => {
  test('a damaged one is kept aside and the last good one holds', async () => {
    await applyText(bench, config, { ...DEFAULT, debug: true });
    await writeFile(bench.files.document, '{"live-restore": true,\n  "hosts": []}');
    const again = await bench.open();
    expect(again.document.get()).toEqual({ ...DEFAULT, debug: true });
    expect(bench.notices.at(-1)).toMatchObject({ code: 'config.corrupt', params: { detail: '2:3 hosts' } });
    expect((await readdir(bench.folder)).filter((name) => name.includes('.corrupt-'))).toHaveLength(1);
  });

  test('credentials are kept on the host and masked everywhere else', async () => {
    const secret = { ...DEFAULT, proxies: { 'http-proxy': 'http://user:hunter2@proxy.example:3128' } };
    const task = await applyText(bench, config, secret);
    const state = await stateOf(config);
    expect(JSON.stringify([task, state, history(), bench.notices])).not.toContain('hunter2');
    // What comes back masked means what is kept.
    await applyText(bench, config, { ...(JSON.parse(state.text) as object), debug: true });
    expect(inForce()).toMatchObject({ debug: true, ...secret });
  });

  test('a history that cannot be read is kept aside', async () => {
    await writeFile(bench.files.history, '[{"id":');
    await bench.open();
    expect(bench.notices.at(-1)).toMatchObject({ code: 'config.historyCorrupt' });
    expect((await readdir(bench.folder)).some((name) => name.startsWith('history.json.corrupt-'))).toBe(true);
  });
});
