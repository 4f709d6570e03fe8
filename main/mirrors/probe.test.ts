// Every verdict of a mirror's test, on real registries behind the lab's front, by the real curl; only the guest is missing: commands run here.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { DIRECT } from '../../preload/contract';
import type { MirrorTest, MirrorTestItem } from '../../preload/contract';
import { localExec } from '../../test/lab/local-exec';
import type { LocalExec } from '../../test/lab/local-exec';
import { makeCertificates } from '../../test/lab/certificates';
import type { Certificates } from '../../test/lab/certificates';
import { startConnectProxy } from '../../test/lab/connect-proxy';
import { startProxy } from '../../test/lab/proxy';
import type { Behaviour, LabProxy } from '../../test/lab/proxy';
import { startMirror, startOrigin } from '../../test/lab/registry';
import type { LabRegistry, Origin } from '../../test/lab/registry';
import type { DaemonDocument } from '../daemon-config/daemon-config';
import { createObservable } from '../lib/observable';
import type { MirrorProbe } from './mirrors';
import { createProbe } from './probe';

let folder: string;
let certificates: Certificates;
let origin: Origin;
let behind: LabRegistry;
let mirror: LabProxy;
let other: LabProxy;
const document = createObservable<DaemonDocument>({});
let guest: LocalExec;
let probe: MirrorProbe;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-probe-'));
  certificates = await makeCertificates(folder);
  guest = localExec({ authorityFile: certificates.authorityFile, certificatesFolder: join(folder, 'certs.d') });
  probe = createProbe({ exec: guest.exec, config: { document } });
  origin = await startOrigin();
  await origin.push('library/busybox', 'old', { extraBytes: 700_000, created: '2026-02-01T00:00:00Z', label: 'old' });
  await origin.push('library/busybox', 'latest', { extraBytes: 700_000, created: '2026-03-03T00:00:00Z', label: 'new' });
  behind = await startMirror(origin);
  mirror = await startProxy(behind, { certificates });
  other = await startProxy(behind, { certificates });
});
afterAll(async () => {
  await Promise.all([mirror.close(), other.close(), behind.close(), origin.close()]);
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  document.set({});
  await Promise.all([mirror.behave({}), other.behave({})]);
  [mirror, other].forEach((each) => each.forget());
});

interface Outcome {
  readonly items: readonly MirrorTestItem[];
  readonly tests: ReadonlyMap<string, MirrorTest>;
  readonly proposal: Extract<MirrorTestItem, { kind: 'proposal' }> | undefined;
}

async function run(urls: readonly string[], image = 'busybox', signal = new AbortController().signal): Promise<Outcome> {
  const items: MirrorTestItem[] = [];
  for await (const item of probe.test(
    urls.map((url) => ({ url, name: `name of ${url}`, limited: false })),
    image,
    signal,
  )) {
    items.push(item);
  }
  const tests = new Map(items.flatMap((item) => (item.kind === 'result' ? [[item.url, item.test]] : [])));
  return { items, tests, proposal: items.find((item) => item.kind === 'proposal') };
}

test('a good mirror: each step with its time, the digest, the rate, the issuer', async () => {
  const { items, tests, proposal } = await run([mirror.url]);
  const found = tests.get(mirror.url)!;
  expect(found).toMatchObject({ verdict: 'works', image: 'busybox', issuer: 'Berth tests Berth test authority' });
  expect(found.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(found.bytesPerSecond).toBeGreaterThan(100_000);
  expect(found.steps.map(({ name, ok }) => [name, ok])).toEqual(
    ['dns', 'tcp', 'tls', 'api', 'manifest', 'layer'].map((name) => [name, true]),
  );
  expect(items.filter((item) => item.kind === 'step').map(({ step }) => step)).toEqual(found.steps);
  expect(proposal).toMatchObject({ order: [{ url: mirror.url, name: `name of ${mirror.url}` }], direct: false });
  expect(mirror.requests.filter(({ path }) => path.endsWith('/manifests/latest')).map(({ method }) => method)).toEqual(['HEAD']);
  expect(mirror.requests.every(({ agent }) => agent?.startsWith('docker/'))).toBe(true);
});

const failures: readonly (readonly [MirrorTest['verdict'], Behaviour])[] = [
  ['refused', { connection: 'refuse' }],
  ['refused', { connection: 'reset' }],
  ['notTls', { connection: 'plain' }],
  ['silent', { connection: 'silent' }],
  ['silent', { apiOnly: true }],
  ['silent', { stallAt: 100_000 }],
  ['silent', { stallAt: 0 }],
  ['silent', { delayMs: 60_000 }],
  ['certificate', { certificate: 'expired' }],
  ['certificate', { certificate: 'foreign' }],
  ['certificate', { certificate: 'wrongName' }],
  ['certificate', { certificate: 'selfSigned' }],
  ['intercepted', { certificate: 'middlebox' }],
  ['wantsLogin', { status: 401 }],
  ['wantsLogin', { auth: 'basic' }],
  ['wantsLogin', { auth: 'login' }],
  ['closed', { status: 403 }],
  ['closed', { status: 403, page: true }],
  ['closed', { status: 404, page: true }],
  ['closed', { status: 410 }],
  ['rateLimited', { status: 429 }],
  ['serverError', { status: 500 }],
  ['webPage', { page: true }],
  ['redirectLoop', { redirect: 'loop' }],
  ['notARegistry', { redirect: 'file:///etc/passwd' }],
  ['wrongDigest', { wrongDigest: true }],
  ['noImage', { tags: { latest: 'nosuch' } }],
];
const answering: readonly (readonly [MirrorTest['verdict'], Behaviour])[] = [
  ['slow', { bytesPerSecond: 60_000 }],
  ['works', { auth: 'token' }],
  ['works', { delayMs: 100 }],
];

test('what can be wrong with a mirror, all at once, takes as long as the slowest', async () => {
  const cases = [...failures, ...answering];
  const proxies = await Promise.all(cases.map(([, behaviour]) => startProxy(behind, { certificates, ...behaviour })));
  try {
    const { tests, proposal } = await run(proxies.map(({ url }) => url));
    const all = proxies.map(({ url }) => tests.get(url)!);
    expect(all.map(({ verdict }, index) => [verdict, cases[index]?.[1]])).toEqual(cases);
    for (const found of all.slice(0, failures.length)) {
      expect(found.words ?? '', JSON.stringify(found)).not.toBe('');
    }
    expect(all.find(({ verdict }) => verdict === 'intercepted')?.issuer).toBe('Fortinet FortiGate CA');
    expect(Math.max(...all.map(({ totalMilliseconds }) => totalMilliseconds))).toBeLessThan(22_000);
    expect(proposal?.order.map(({ url }) => url).sort()).toEqual(
      proxies
        .slice(failures.length)
        .map(({ url }) => url)
        .sort(),
    );
  } finally {
    await Promise.all(proxies.map((proxy) => proxy.close()));
  }
});

test('an old copy of a tag is stale and last; Docker Hub itself decides, by the engine’s proxy', async () => {
  const hub = await startProxy(origin, { certificates, delayMs: 50 });
  const proxy = await startConnectProxy({ 'registry-1.docker.io': hub });
  try {
    document.set({ proxies: { 'https-proxy': `http://someone:secret@127.0.0.1:${proxy.port}`, 'no-proxy': '127.0.0.1' } });
    await Promise.all([mirror.behave({ tags: { latest: 'old' } }), other.behave({ tags: { latest: 'old' } })]);
    const { items, tests, proposal } = await run([mirror.url, other.url, DIRECT]);
    expect(tests.get(mirror.url)).toMatchObject({ verdict: 'stale', olderDays: 30 });
    expect(tests.get(DIRECT)).toMatchObject({ verdict: 'works', intercepted: true });
    expect(proposal).toMatchObject({ direct: true });
    expect(proposal?.order.map(({ url, reason }) => [url, reason.key])).toEqual([
      [DIRECT, 'fastest'],
      [expect.any(String), 'stale'],
      [expect.any(String), 'stale'],
    ]);
    expect(items.at(-1)?.kind).toBe('proposal');
    expect(proxy.asked[0]).toEqual({ target: 'registry-1.docker.io:443', authorization: `Basic ${btoa('someone:secret')}` });
    expect(JSON.stringify(items)).not.toContain('secret');
    // Its anonymous quota counts manifests that are fetched: an index and one for the platform, no more.
    expect(hub.requests.filter(({ method, path }) => method === 'GET' && path.includes('/manifests/')).length).toBeLessThanOrEqual(2);
  } finally {
    await Promise.all([proxy.close(), hub.close()]);
  }
});

test('without Docker Hub the majority decides; the faster comes first', async () => {
  const third = await startProxy(behind, { certificates, tags: { latest: 'old' } });
  await other.behave({ delayMs: 400 });
  const { tests, proposal } = await run([third.url, other.url, mirror.url]);
  await third.close();
  expect([third, other, mirror].map(({ url }) => tests.get(url)?.verdict)).toEqual(['stale', 'works', 'works']);
  expect(proposal?.order.map(({ url }) => url)).toEqual([mirror.url, other.url, third.url]);
});

test('a token goes to the mirror and to nobody whom it redirects to', async () => {
  await other.behave({});
  await mirror.behave({ auth: 'token', blobsAt: other.url.replace('127.0.0.1', 'localhost') });
  const { tests } = await run([mirror.url]);
  expect(tests.get(mirror.url)).toMatchObject({ verdict: 'works' });
  expect(mirror.requests.some(({ authorization }) => authorization?.startsWith('Bearer '))).toBe(true);
  expect(other.requests.length).toBeGreaterThan(0);
  expect(other.requests.every(({ authorization }) => authorization === undefined)).toBe(true);
});

test('what the engine believes, the test believes: certs.d of the registry, and registries without certificates', async () => {
  await mirror.behave({ certificate: 'middlebox' });
  const place = join(folder, 'certs.d', new URL(mirror.url).host);
  await mkdir(place, { recursive: true });
  await writeFile(join(place, 'ours.crt'), certificates.middlebox);
  expect((await run([mirror.url])).tests.get(mirror.url)).toMatchObject({ verdict: 'works', intercepted: true });
  await rm(place, { recursive: true });
  expect((await run([mirror.url])).tests.get(mirror.url)).toMatchObject({ verdict: 'intercepted' });
  document.set({ 'insecure-registries': ['127.0.0.0/8'] });
  expect((await run([mirror.url])).tests.get(mirror.url)).toMatchObject({ verdict: 'works' });
});

test('cancelled: every curl ends, and the engine’s configuration was only read', async () => {
  await mirror.behave({ connection: 'silent' });
  const abort = new AbortController();
  const outcome = run([mirror.url, other.url], 'busybox', abort.signal);
  await vi.waitFor(() => expect(mirror.open()).toBe(1));
  abort.abort(new Error('enough'));
  const { tests, proposal } = await outcome;
  expect(tests.get(mirror.url)).toMatchObject({ verdict: 'cancelled' });
  expect(proposal).toBeUndefined();
  await vi.waitFor(() => expect([guest.running(), mirror.open()]).toEqual([0, 0]));
});

test('a reader that leaves ends the test too', async () => {
  await mirror.behave({ apiOnly: true });
  for await (const item of probe.test([{ url: mirror.url, name: '', limited: false }], 'busybox', new AbortController().signal)) {
    if (item.kind === 'step' && item.step.name === 'api') {
      break;
    }
  }
  await vi.waitFor(() => expect(guest.running()).toBe(0));
});

test('quick: which of them answer now', async () => {
  await mirror.behave({ apiOnly: true });
  const found = await probe.quick([mirror.url, other.url, 'https://127.0.0.1:1'], 'library/busybox:latest', new AbortController().signal);
  expect([...found.values()].map(({ verdict }) => verdict)).toEqual(['silent', 'works', 'refused']);
  expect(other.requests.map(({ method }) => method)).toEqual(['GET', 'HEAD']);
});

test('no address becomes an option of curl', async () => {
  const marker = join(folder, 'written');
  const evil = `${mirror.url}/"\noutput = "${marker}`;
  await expect(run([evil])).rejects.toThrow(/line break/);
  await expect(run([mirror.url], `busybox"\noutput = "${marker}`)).rejects.toThrow(/line break/);
  await run([mirror.url], `busybox" --output ${marker} $(touch ${marker}) \\"`);
  expect(existsSync(marker)).toBe(false);
});
