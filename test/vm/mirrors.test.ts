// Mirrors tested from inside the real guest: the verdicts that its curl, its roots and its network come to.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { DaemonDocument } from '../../main/daemon-config/daemon-config';
import { createObservable } from '../../main/lib/observable';
import type { MirrorProbe } from '../../main/mirrors/mirrors';
import { createProbe } from '../../main/mirrors/probe';
import type { Vm } from '../../main/vm/vm';
import { DIRECT } from '../../preload/contract';
import type { MirrorTest, MirrorTestItem } from '../../preload/contract';
import { makeCertificates } from '../lab/certificates';
import { useHub } from '../lab/hub';
import { startProxy } from '../lab/proxy';
import type { Behaviour, LabProxy } from '../lab/proxy';
import { startMirror, startOrigin } from '../lab/registry';
import type { LabRegistry, Origin } from '../lab/registry';
import { useVm } from './harness';

const CASES: Readonly<Record<string, readonly [MirrorTest['verdict'], Behaviour]>> = {
  good: ['works', {}],
  token: ['works', { auth: 'token' }],
  refusing: ['refused', { connection: 'refuse' }],
  silent: ['silent', { connection: 'silent' }],
  half: ['silent', { apiOnly: true }],
  plain: ['notTls', { connection: 'plain' }],
  expired: ['certificate', { certificate: 'expired' }],
  opened: ['intercepted', { certificate: 'middlebox' }],
  page: ['webPage', { page: true }],
  closed: ['closed', { status: 403 }],
  wrong: ['wrongDigest', { wrongDigest: true }],
  old: ['stale', { tags: { latest: 'old' } }],
};
const url = (name: string): string => `https://${name}.berth.test`;

/** The machine may be busy with more than one guest. */
const PATIENT = { connectSeconds: 15, idleSeconds: 15, requestSeconds: 60, totalSeconds: 150 };

const box = useVm();
let folder: string;
let origin: Origin;
let cache: LabRegistry;
let hub: LabProxy;
let fronts: readonly LabProxy[];
let names: { close(): Promise<void> };
let probe: MirrorProbe;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-mirrors-'));
  const certificates = await makeCertificates(folder);
  origin = await startOrigin();
  await origin.push('library/busybox', 'old', { created: '2026-01-01T00:00:00Z', label: 'old', extraBytes: 700_000 });
  await origin.push('library/busybox', 'latest', { created: '2026-01-11T00:00:00Z', label: 'new', extraBytes: 700_000 });
  cache = await startMirror(origin);
  hub = await startProxy(origin, { certificates });
  fronts = await Promise.all(Object.values(CASES).map(([, behaviour]) => startProxy(cache, { certificates, ...behaviour })));
  names = await useHub(box(), certificates, {
    'registry-1.docker.io': hub,
    ...Object.fromEntries(Object.keys(CASES).map((name, index) => [`${name}.berth.test`, fronts[index]!])),
  });
  const exec: Vm['exec'] = (command, options) => box().vm.exec(command, options);
  probe = createProbe({ exec, config: { document: createObservable<DaemonDocument>({}) }, limits: PATIENT });
});
afterAll(async () => {
  await names.close();
  await Promise.all([...fronts, hub, cache, origin].map((each) => each.close()));
  await rm(folder, { recursive: true, force: true });
});

const tested = (urls: readonly string[], signal: AbortSignal): AsyncIterable<MirrorTestItem> =>
  probe.test(
    urls.map((each) => ({ url: each, name: each, limited: false })),
    'library/busybox',
    signal,
  );
const curls = async (): Promise<string> => (await box().vm.exec('pgrep -x curl; true')).stdout;

test('twelve mirrors and Docker Hub at once: what is wrong with each, as it is found, and an order at the end', async () => {
  const before = (await box().vm.exec('cat /run/berth/daemon.json')).stdout;
  const items: MirrorTestItem[] = [];
  for await (const item of tested([...Object.keys(CASES).map(url), 'https://nosuch.berth.invalid', DIRECT], new AbortController().signal)) {
    items.push(item);
  }
  const found = new Map(items.flatMap((item) => (item.kind === 'result' ? [[item.url, item.test]] : [])));
  // A machine that is busy with other guests is slow itself.
  const verdictOf = (name: string): string | undefined => found.get(url(name))?.verdict.replace('slow', 'works');
  expect(
    Object.keys(CASES).map((name) => [name, verdictOf(name)]),
    JSON.stringify([...found]),
  ).toEqual(Object.entries(CASES).map(([name, [verdict]]) => [name, verdict]));
  expect(found.get('https://nosuch.berth.invalid')).toMatchObject({ verdict: 'noSuchHost' });
  expect(found.get(url('old'))).toMatchObject({ olderDays: 10 });
  expect(found.get(url('opened'))).toMatchObject({ issuer: 'Fortinet FortiGate CA' });
  expect(found.get(url('good'))?.steps.map(({ name, ok }) => [name, ok])).toEqual(
    ['dns', 'tcp', 'tls', 'api', 'manifest', 'layer'].map((name) => [name, true]),
  );
  const proposal = items.at(-1);
  expect(proposal).toMatchObject({ kind: 'proposal', direct: true });
  const order = proposal?.kind === 'proposal' ? proposal.order.map((entry) => entry.url) : [];
  expect([...order].sort()).toEqual([DIRECT, url('good'), url('old'), url('token')]);
  expect(order.at(-1)).toBe(url('old'));
  // The steps of one come before the end of another: nothing waits for the slowest.
  const first = items.findIndex((item) => item.kind === 'result');
  expect(items.slice(first).some((item) => item.kind === 'step')).toBe(true);
  expect((await box().vm.exec('cat /run/berth/daemon.json')).stdout).toBe(before);
});

test('a test that is cancelled leaves no curl in the guest', async () => {
  const abort = new AbortController();
  const reader = (async () => {
    for await (const _ of tested([url('silent'), url('half')], abort.signal)) {
      // Until the end.
    }
  })();
  await vi.waitFor(async () => expect(await curls()).not.toBe(''), { timeout: 60_000 });
  abort.abort(new Error('enough'));
  await reader.catch(() => undefined);
  await vi.waitFor(async () => expect(await curls()).toBe(''), { timeout: 30_000 });
});
