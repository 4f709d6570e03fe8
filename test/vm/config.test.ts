// The engine's configuration on a real dockerd: what reloads, what restarts, what stops containers, and the way back with dockerd's own words.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkText } from '../../main/daemon-config/check';
import { classOfChanges, diffDocuments } from '../../main/daemon-config/diff';
import { formatDocument } from '../../main/daemon-config/document';
import { createSteps } from '../../main/daemon-config/steps';
import { openStore } from '../../main/daemon-config/store';
import { applyPlan } from '../../main/daemon-config/transaction';
import { silentLogger } from '../../main/lib/logger';
import { defaultDaemonDocument, isBerthError } from '../../preload/contract';
import type { Task } from '../../preload/contract';
import { badDocuments } from '../fakes/daemon-documents';
import { applyText, callContext, EVERYTHING, stateOf } from '../fakes/config-bench';
import { taskEnd } from '../fakes/streams';
import { ensureTestImage, TEST_IMAGE } from './images';
import { everything, useVm } from './harness';
import { openConfig } from './open-config';
import type { OpenConfig } from './open-config';

const box = useVm();
const NAME = 'config-keeps';
let open: OpenConfig;

beforeAll(async () => {
  await ensureTestImage(box());
  open = await openConfig(box().vm);
  await open.config.settle(callContext.signal);
  await box().docker('run', '-d', '--name', NAME, TEST_IMAGE, 'sh', '-c', 'trap "exit 0" TERM; while :; do sleep 1; done');
});
afterAll(async () => {
  await box().docker('rm', '-f', NAME);
  await open.close();
});

const apply = (document: unknown, accept = EVERYTHING): Promise<Task> => applyText(open, open.config, document, { accept });
const started = (): Promise<string> =>
  box().docker('inspect', '-f', '{{.State.StartedAt}} {{.State.Pid}} {{.RestartCount}} {{.State.Running}}', NAME);
const dockerd = async (): Promise<string> => (await box().exec('cat /run/docker.pid')).stdout.trim();
const info = (format: string): Promise<string> =>
  box()
    .docker('info', '-f', format)
    .then((text) => text.trim());
const file = (): Promise<string> => open.guest.read();
const failedStep = (task: Task): string | undefined => task.steps?.find(({ state }) => state === 'failed')?.name;

describe('a reload', () => {
  test('changes every key of its kind live, with dockerd and containers untouched', async () => {
    const before = [await started(), await dockerd()];
    const document = {
      ...defaultDaemonDocument,
      'registry-mirrors': ['https://mirror.example'],
      'insecure-registries': ['registry.example:5000', '10.9.0.0/16'],
      labels: ['site=a'],
      debug: true,
      'max-concurrent-downloads': 7,
    };
    const task = await apply(document, { warnings: true, disruptive: false });
    expect(task.error).toBeUndefined();
    expect(task.steps?.filter(({ state }) => state === 'done').map(({ name }) => name)).toEqual([
      'check',
      'validate',
      'write',
      'reload',
      'ping',
      'readBack',
    ]);
    expect(await info('{{json .RegistryConfig.Mirrors}} {{json .Labels}} {{.Debug}}')).toBe('["https://mirror.example/"] ["site=a"] true');
    expect((await stateOf(open.config)).inForce).toMatchObject({ mirrors: ['https://mirror.example'] });
    expect([await started(), await dockerd()]).toEqual(before);
  });

  test('takes keys away again, though dockerd keeps what a file no longer names', async () => {
    expect((await apply(defaultDaemonDocument)).error).toBeUndefined();
    expect(await info('{{json .RegistryConfig.Mirrors}} {{json .Labels}} {{.Debug}}')).toMatch(/^(null|\[\]) (null|\[\]) false$/);
    expect(await info('{{range $k, $v := .RegistryConfig.IndexConfigs}}{{$k}} {{end}}')).toBe('docker.io');
  });

  test('out of turn is an override: in force now, nobody’s edit, not kept', async () => {
    await open.config.overrideLive('registry-mirrors', ['https://other.example']);
    expect(await info('{{json .RegistryConfig.Mirrors}}')).toBe('["https://other.example/"]');
    await open.config.overrideLive('registry-mirrors', undefined);
    expect(await info('{{json .RegistryConfig.Mirrors}}')).toMatch(/null|\[\]/);
  });
});

test('a restart keeps containers: same process, same start', async () => {
  const before = await started();
  const pid = await dockerd();
  const document = { ...defaultDaemonDocument, dns: ['10.0.2.3'], 'log-driver': 'local', 'userland-proxy': false };
  const check = await open.config.handlers['config.check']({ text: JSON.stringify(document) }, callContext);
  expect(check).toMatchObject({ class: 'restart', effects: { stops: [] } });
  expect((await apply(document)).error).toBeUndefined();
  expect(await info('{{.LoggingDriver}}')).toBe('local');
  expect(await dockerd()).not.toBe(pid);
  expect(await started()).toBe(before);
  // Our own events are back.
  await box().docker('run', '--rm', '--name', 'config-after', TEST_IMAGE, 'true');
  expect((await apply(defaultDaemonDocument)).error).toBeUndefined();
  expect(await started()).toBe(before);
});

test('a disruptive change needs consent, says whom it stops, takes effect, and starts them again', async () => {
  const before = await started();
  const document = { ...defaultDaemonDocument, bip: '10.77.0.1/24', mtu: 1400 };
  await expect(apply(document, { warnings: true, disruptive: false })).rejects.toMatchObject({
    code: 'config.needsAcceptance',
    params: { stops: 1 },
  });
  expect(await started()).toBe(before);
  expect((await apply(document)).error).toBeUndefined();
  expect(open.notices).toEqual([]);
  expect(
    await box().docker(
      'network',
      'inspect',
      'bridge',
      '-f',
      '{{(index .IPAM.Config 0).Gateway}} {{index .Options "com.docker.network.driver.mtu"}}',
    ),
  ).toBe('10.77.0.1 1400\n');
  expect(await box().docker('inspect', '-f', '{{.State.Running}} {{.NetworkSettings.Networks.bridge.Gateway}}', NAME)).toBe(
    'true 10.77.0.1\n',
  );
  expect(await started()).not.toBe(before);
  expect((await apply(defaultDaemonDocument)).error).toBeUndefined();
  expect(await box().docker('inspect', '-f', '{{.State.Running}}', NAME)).toBe('true\n');
});

test('another image store hides what there is, and the history brings it back', async () => {
  expect((await apply(defaultDaemonDocument)).error).toBeUndefined();
  const [entry] = await open.config.handlers['config.history']({}, callContext);
  const document = { ...defaultDaemonDocument, features: { 'containerd-snapshotter': true } };
  const check = await open.config.handlers['config.check']({ text: JSON.stringify(document) }, callContext);
  expect(check.effects.hidesImages).toBeGreaterThan(0);
  expect(check.effects.stops).toEqual([NAME]);
  expect((await apply(document)).error).toBeUndefined();
  // That store may have images of its own.
  expect(await box().docker('images', '-q', TEST_IMAGE)).toBe('');
  const { revision } = await stateOf(open.config);
  const { task } = await open.config.handlers['config.restore']({ id: entry?.id ?? '', revision, accept: EVERYTHING }, callContext);
  expect((await taskEnd(open.tasks.handlers, task)).error).toBeUndefined();
  expect(await box().docker('images', '-q', TEST_IMAGE)).not.toBe('');
  expect(await box().docker('ps', '-aq', '--filter', `name=${NAME}`)).not.toBe('');
  await box().docker('start', NAME);
});

/** They pass dockerd's own check; Berth's refuses them, so they are given to the transaction itself. */
describe('what stops the start is undone, with dockerd’s own words at its key', () => {
  // Each is a start that fails and one that does not. Where the time is given, all whose words main/daemon-config/words.test.ts has.
  const starts: readonly (readonly [key: string, change: object, words: string])[] = [
    ['bip', { bip: '10.0.0.300/24' }, 'invalid CIDR address: 10.0.0.300/24'],
    ['log-opts', { 'log-opts': { nosuch: '1' } }, "unknown log opt 'nosuch' for json-file log driver"],
    ['builder', { builder: { gc: { enabled: true, defaultReservedSpace: '5xb' } } }, 'invalid suffix'],
    ['storage-driver', { 'storage-driver': 'nosuch' }, 'driver not supported: nosuch'],
    ['default-runtime', { 'default-runtime': 'nosuch' }, "specified default runtime 'nosuch' does not exist"],
    ['exec-opts', { 'exec-opts': ['native.cgroupdriver=foo'] }, 'native.cgroupdriver option foo not supported'],
    ['default-address-pools', { 'default-address-pools': [{ base: '10.1.0.0/16', size: 8 }] }, 'smaller prefix (/16)'],
    ['insecure-registries', { 'insecure-registries': ['a.example:99999'] }, 'invalid port "99999"'],
  ];
  test.each(everything ? starts : starts.slice(0, 3))('%s', async (key, change, words) => {
    const before = [await started(), await file()] as const;
    const store = await openStore({ files: open.files, log: silentLogger, notify: () => undefined });
    const document = { ...defaultDaemonDocument, ...change };
    const changes = diffDocuments(defaultDaemonDocument, document);
    const failed = await applyPlan(
      { store, guest: open.guest, log: silentLogger, notify: () => undefined },
      {
        ...{ id: key, at: 0, origin: 'editor', text: formatDocument(document), document, forGuest: document, changes },
        ...{ keys: changes.map((each) => each.key), class: classOfChanges(changes, defaultDaemonDocument, document), way: 'restart' },
        // While a container runs on it, dockerd does not look at the bridge's address at all.
        stops: key === 'bip' ? [NAME] : [],
      },
      createSteps(() => undefined),
      { signal: callContext.signal, commit: () => undefined, ended: () => Promise.resolve() },
    ).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 'config.rolledBack', params: { key, detail: expect.stringContaining(words) as string } });
    expect(key === 'bip' ? (await started()).endsWith('true\n') : (await started()) === before[0]).toBe(true);
    // As it was in meaning: a key that is gone is written as its default.
    expect(JSON.parse(await file())).toMatchObject(JSON.parse(before[1]) as object);
    await open.guest.write(before[1]);
    expect(store.journal()).toBeUndefined();
    expect(await info('{{.ServerVersion}}')).toMatch(/^\d/);
  });
});

test('an edit in the guest is seen, and taken over or dropped', async () => {
  const edit = async (change: object): Promise<void> => {
    const stdin = JSON.stringify({ ...(JSON.parse(await file()) as object), ...change });
    await box().vm.exec('cat > /run/berth/daemon.json && kill -HUP $(cat /run/docker.pid)', { stdin });
  };
  await edit({ debug: true });
  await expect(apply({ ...defaultDaemonDocument, labels: ['a=b'] })).rejects.toMatchObject({ code: 'config.guestEdited' });
  const { revision, guestEdit } = await stateOf(open.config);
  expect(guestEdit?.changes).toMatchObject([{ key: 'debug', after: true }]);
  const settle = async (decision: 'take' | 'drop', of: string): Promise<Task> => {
    const { task } = await open.config.handlers['config.settleGuestEdit']({ decision, revision: of, accept: EVERYTHING }, callContext);
    return taskEnd(open.tasks.handlers, task);
  };
  expect((await settle('drop', revision)).error).toBeUndefined();
  expect(await info('{{.Debug}}')).toBe('false');

  await edit({ labels: ['by=hand'] });
  expect((await settle('take', revision)).error).toBeUndefined();
  expect(await info('{{json .Labels}}')).toBe('["by=hand"]');
  expect(open.config.document.get()).toMatchObject({ labels: ['by=hand'] });
  expect((await apply(defaultDaemonDocument)).error).toBeUndefined();
});

test('two windows at once: one wins, the other is told', async () => {
  const { revision } = await stateOf(open.config);
  const both = await Promise.allSettled(
    ['one', 'two'].map((name) =>
      applyText(open, open.config, { ...defaultDaemonDocument, labels: [`window=${name}`] }, { revision, accept: EVERYTHING }),
    ),
  );
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(both.find((each) => each.status === 'rejected')?.reason).toMatchObject({ code: 'config.conflict' });
  expect(await info('{{json .Labels}}')).toMatch(/window=(one|two)/);
});

test('cancelled while dockerd checks it, nothing is changed', async () => {
  const before = await file();
  const { revision } = await stateOf(open.config);
  const { task } = await open.config.handlers['config.apply'](
    { text: JSON.stringify({ ...defaultDaemonDocument, debug: true }), revision, origin: 'editor', accept: EVERYTHING },
    callContext,
  );
  await open.tasks.handlers['tasks.cancel']({ id: task }, callContext);
  expect((await taskEnd(open.tasks.handlers, task)).state).toBe('cancelled');
  expect(await file()).toBe(before);
});

test('each of hundreds of bad documents ends with an error at its place, and touches nothing', async () => {
  const before = [await file(), await dockerd(), await started()];
  const { revision } = await stateOf(open.config);
  const accept = EVERYTHING;
  const wrong: unknown[] = [];
  for (const { name, text, code, at } of badDocuments) {
    const refused = await Promise.resolve()
      .then(() => open.config.handlers['config.apply']({ text, revision, origin: 'editor', accept }, callContext))
      .then(
        () => 'applied',
        (error: unknown) => error,
      );
    const found = checkText(text).problems.find(({ error }) => error.code === code);
    if (!isBerthError(refused) || found?.place?.line !== at.line || found.place.column !== at.column) {
      wrong.push({ name, refused, found });
    }
  }
  expect(wrong).toEqual([]);
  expect(badDocuments.length).toBeGreaterThan(200);
  expect([await file(), await dockerd(), await started()]).toEqual(before);
  expect(await open.config.handlers['config.history']({}, callContext)).not.toContainEqual(
    expect.objectContaining({ result: 'recovered' }),
  );
  expect(await info('{{.ServerVersion}}')).toMatch(/^\d/);
});

test('dockerd refuses a document that only it can judge: nothing is written', async () => {
  const before = await file();
  const task = await apply({ ...defaultDaemonDocument, 'no-such-key': 1 });
  expect(task.error).toMatchObject({ code: 'config.refused', params: { key: 'no-such-key' } });
  expect(failedStep(task)).toBe('validate');
  expect(await file()).toBe(before);
});
