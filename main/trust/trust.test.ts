// Trust without a VM: certificates as users give them, what the guest is given of it and when, and what stands where a change fails.
// The guest is a function that answers as the real one's shell does; test/vm/trust.test.ts has the real one.
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeCertificates } from '../../test/lab/certificates';
import type { Certificates } from '../../test/lab/certificates';
import type { BerthError, ConfigState, TrustState } from '../../preload/contract';
import type { ChangeOptions, DaemonConfig, DaemonDocument } from '../daemon-config/daemon-config';
import { silentLogger } from '../lib/logger';
import { createObservable } from '../lib/observable';
import type { ExecOptions } from '../ssh/connection';
import { readCertificates } from './certificates';
import { createTrust } from './create-trust';
import { none } from './host-proxies';
import type { FoundProxies } from './host-proxies';
import { createHostAuthorities } from './host-authorities';
import type { Trust } from './trust';
import { firstItem } from '../../test/fakes/streams';

let lab: Certificates;
let labFolder: string;
let folder: string;
beforeAll(async () => {
  labFolder = await mkdtemp(join(tmpdir(), 'berth-trust-lab-'));
  lab = await makeCertificates(labFolder);
});
afterAll(() => rm(labFolder, { recursive: true, force: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-trust-'));
});
const opened: Trust[] = [];
afterEach(async () => {
  opened.splice(0).forEach((trust) => trust.dispose());
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

interface Bench {
  readonly trust: Trust;
  /** What the guest has now. */
  readonly guest: { own: string; given: string; registries: string };
  readonly available: ReturnType<typeof createObservable<boolean>>;
  readonly document: ReturnType<typeof createObservable<DaemonDocument>>;
  readonly changes: { readonly origin: string; readonly options: ChangeOptions | undefined }[];
  readonly notices: BerthError[];
  readonly host: { authorities: string; proxies: FoundProxies; changed(): void };
  /** The next change of the engine's configuration is rolled back. */
  failNext: boolean;
  state(): Promise<TrustState>;
}

function open({ on = true, hostPem = '' } = {}): Bench {
  const available = createObservable(on);
  const document = createObservable<DaemonDocument>({ 'live-restore': true });
  const inForce = createObservable<ConfigState['inForce']>(on ? { at: 1, mirrors: [], differences: [] } : undefined);
  const watchers = new Set<() => void>();
  const watch = (listener: () => void) => {
    watchers.add(listener);
    return () => watchers.delete(listener);
  };
  const bench: Omit<Bench, 'trust' | 'state'> = {
    guest: { own: lab.middlebox, given: '', registries: '' },
    available,
    document,
    changes: [],
    notices: [],
    host: { authorities: hostPem, proxies: none, changed: () => watchers.forEach((listener) => listener()) },
    failNext: false,
  };
  const config = {
    document,
    inForce,
    async change(origin: string, edit: (before: DaemonDocument) => DaemonDocument, options?: ChangeOptions) {
      bench.changes.push({ origin, options });
      const fails = bench.failNext;
      bench.failNext = false;
      const before = document.get();
      await options?.around?.apply();
      document.set(edit(before));
      if (fails) {
        document.set(before);
        await options?.around?.undo();
      }
      return { id: `t${bench.changes.length}`, done: Promise.resolve({ state: fails ? 'failed' : 'done' }) };
    },
  } as unknown as DaemonConfig;
  const exec = (command: string | readonly string[], { stdin = '' }: ExecOptions = {}) => {
    const { guest } = bench;
    let stdout = '';
    if (command.includes('certs.d.new')) {
      guest.registries = String(stdin);
    } else if (command.includes('sed ')) {
      guest.given = String(stdin);
    } else {
      stdout = `${guest.own}# Given by the host\n${guest.given}-- certs.d\n${guest.registries}`;
    }
    return Promise.resolve({ stdout, stderr: '', code: 0 });
  };
  const read = createHostAuthorities({ platform: 'win32', system: () => [bench.host.authorities] });
  const trust = createTrust({
    folder,
    config,
    available,
    exec,
    dockerHost: 'unix:///berth.sock',
    log: silentLogger,
    notify: (_level, error) => bench.notices.push(error),
    env: { DOCKER_CONFIG: join(folder, 'cli') },
    hostAuthorities: { read: () => read.read(), watch },
    hostProxies: { read: () => Promise.resolve(bench.host.proxies), watch: () => () => undefined },
  });
  opened.push(trust);
  return Object.assign(bench, { trust, state: () => settled(trust) });
}

/** After the host was read again. */
async function settled(trust: Trust): Promise<TrustState> {
  await trust.guestFiles();
  await new Promise((resolve) => setTimeout(resolve, 20));
  return firstItem((streamContext) => trust.handlers['trust.changes']({}, streamContext));
}
const context = { signal: new AbortController().signal };
const add = (bench: Bench, data: string) => bench.trust.handlers['trust.addAuthority']({ data }, context);
const fingerprintOf = (pem: string): string => readCertificates(pem)[0]?.fingerprint ?? '';

describe('authorities that are added', () => {
  test('PEM, several, DER; in force by one restart with containers kept, and at the next boot', async () => {
    const bench = open();
    const other = (await lab.pair('foreign')).cert.split(/(?<=-----END CERTIFICATE-----\n)/)[1] ?? '';
    await expect(add(bench, `text before\r\n${lab.authority.replaceAll('\n', '\r\n')}\n${other}`)).resolves.toEqual({ task: 't1' });
    expect(bench.changes).toMatchObject([{ origin: 'certificates', options: { restart: true } }]);
    expect(bench.guest.given).toBe(lab.authority + other);
    expect((await bench.state()).added.map(({ subject }) => subject)).toEqual([
      'CN=Berth test authority, O=Berth tests',
      'CN=Somebody else authority, O=Somebody Else',
    ]);
    expect((await bench.trust.guestFiles()).authorities).toBe(lab.authority + other);
    await bench.trust.handlers['trust.removeAuthority']({ fingerprint: fingerprintOf(other) }, context);
    expect(bench.guest.given).toBe(lab.authority);
    const der = lab.authority.replace(/-----[^-]+-----/g, '');
    await expect(add(bench, der)).rejects.toMatchObject({ code: 'trust.duplicate' });
  });

  test('what is refused, and that nothing of it is kept', async () => {
    const bench = open();
    const { key } = await lab.pair('trusted');
    const expired = (await lab.pair('expired')).cert.split(/(?<=-----END CERTIFICATE-----\n)/)[0] ?? '';
    const cases: readonly (readonly [string, string])[] = [
      ['hello', 'trust.notACertificate'],
      ['', 'trust.notACertificate'],
      [lab.authority.replace('M', '!'), 'trust.notACertificate'],
      [lab.authority.slice(0, 400), 'trust.notACertificate'],
      ['-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----', 'trust.notACertificate'],
      ['A'.repeat(400), 'trust.notACertificate'],
      [key, 'trust.privateKey'],
      [lab.authority + key, 'trust.privateKey'],
      [expired, 'trust.notAnAuthority'],
      [lab.middlebox, 'trust.duplicate'],
    ];
    for (const [data, code] of cases) {
      await expect(Promise.resolve(add(bench, data)), data.slice(0, 40)).rejects.toMatchObject({ code });
    }
    expect(bench.changes).toEqual([]);
    const files = await readdir(folder);
    const kept = (await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')))).join('');
    expect(kept).not.toContain('PRIVATE');
  });

  test('rolled back: the earlier choice stands again, on both sides', async () => {
    const bench = open();
    bench.failNext = true;
    await add(bench, lab.authority);
    await expect.poll(async () => (await bench.state()).added).toEqual([]);
    expect(bench.guest.given).toBe('');
  });

  test('while the engine is off they are kept, and the boot brings them; the file is private', async () => {
    const bench = open({ on: false });
    await expect(add(bench, lab.authority)).resolves.toEqual({});
    expect((await bench.trust.guestFiles()).authorities).toBe(lab.authority);
    expect((await stat(join(folder, 'trust.json'))).mode & 0o777).toBe(0o600);
    const again = open({ on: false });
    expect((await again.state()).added).toHaveLength(1);
  });

  test('a file that cannot be read is kept aside and told', async () => {
    await writeFile(join(folder, 'trust.json'), '{"format":1,"added":7}');
    const bench = open();
    await bench.state();
    expect(bench.notices).toMatchObject([{ code: 'trust.corrupt' }]);
    expect((await readdir(folder)).find((name) => name.startsWith('trust.json.corrupt-'))).toBeDefined();
  });
});

describe('authorities of this computer', () => {
  test('those that the guest brings are not listed; chosen ones are given; a new one only where it is followed', async () => {
    const bench = open({ hostPem: lab.authority + lab.middlebox });
    expect(await bench.state()).toMatchObject({
      guestKnown: true,
      host: [{ subject: 'CN=Berth test authority, O=Berth tests', chosen: false, inGuest: false }],
    });
    expect(bench.guest.given).toBe('');
    const fingerprint = fingerprintOf(lab.authority);
    await bench.trust.handlers['trust.chooseHost']({ fingerprints: [fingerprint], followHost: true }, context);
    expect(bench.guest.given).toBe(lab.authority);
    const other = (await lab.pair('foreign')).cert.split(/(?<=-----END CERTIFICATE-----\n)/)[1] ?? '';
    bench.host.authorities += other;
    bench.host.changed();
    await expect.poll(() => bench.guest.given).toBe(lab.authority + other);
    await bench.trust.handlers['trust.chooseHost']({ fingerprints: [fingerprint], followHost: true }, context);
    expect(bench.guest.given).toBe(lab.authority);
    bench.host.authorities = lab.middlebox;
    bench.host.changed();
    await expect.poll(() => bench.guest.given).toBe('');
  });

  test('a guest that came with other ones than it should is put right, once', async () => {
    const first = open();
    await add(first, lab.authority);
    first.trust.dispose();
    const bench = open({ on: false });
    bench.available.set(true);
    await bench.state();
    expect(bench.changes).toEqual([]);
    bench.trust.dispose();
    const adopting = open();
    await expect.poll(() => adopting.guest.given).toBe(lab.authority);
    expect(adopting.changes).toHaveLength(1);
  });
});

describe('certificates of a registry', () => {
  const set = (bench: Bench, registry: string, files: { authorities?: string; clientCertificate?: string; clientKey?: string }) =>
    bench.trust.handlers['trust.setRegistry']({ registry, authorities: '', clientCertificate: '', clientKey: '', ...files }, context);

  test('in the guest at once, without a restart; all empty takes them away', async () => {
    const bench = open();
    const { cert, key } = await lab.pair('trusted');
    await set(bench, 'https://Registry.example:5000/', { authorities: lab.authority, clientCertificate: cert, clientKey: key });
    await set(bench, 'registry.example', { authorities: (await lab.pair('selfSigned')).cert });
    expect(bench.changes).toEqual([]);
    expect(bench.guest.registries.match(/^file .*/gm)).toEqual([
      'file registry.example/ca.crt',
      'file registry.example:5000/ca.crt',
      'file registry.example:5000/client.cert',
      'file registry.example:5000/client.key',
    ]);
    expect((await bench.state()).registries).toMatchObject([
      { registry: 'registry.example' },
      { registry: 'registry.example:5000', authorities: [{ isAuthority: true }], client: { subject: 'CN=trusted, O=Berth tests' } },
    ]);
    expect(JSON.stringify(await bench.state())).not.toContain('PRIVATE');
    await set(bench, 'registry.example:5000', {});
    expect(bench.guest.registries.match(/^file .*/gm)).toEqual(['file registry.example/ca.crt']);
  });

  test.each(['', 'a/b', '../x', 'a..b', '.x', 'x:0', 'x:99999', 'x y', 'http://', 'a;b', 'x\ny', '-x'])(
    '%j is no registry',
    async (registry) => {
      await expect(set(open(), registry, { authorities: lab.authority })).rejects.toMatchObject({ code: 'trust.badRegistry' });
    },
  );

  test('a key must belong to its certificate, be open, and not come alone', async () => {
    const bench = open();
    const [a, b] = [await lab.pair('trusted'), await lab.pair('wrongName')];
    const codes: [object, string][] = [
      [{ clientCertificate: a.cert }, 'trust.keyMissing'],
      [{ clientKey: a.key }, 'trust.keyMissing'],
      [{ clientCertificate: a.cert, clientKey: b.key }, 'trust.keyMismatch'],
      [{ clientCertificate: a.cert, clientKey: 'hello' }, 'trust.notAKey'],
      [{ clientCertificate: a.cert, clientKey: a.key.replaceAll('PRIVATE', 'ENCRYPTED PRIVATE') }, 'trust.keyEncrypted'],
      [{ clientCertificate: (await lab.pair('expired')).cert, clientKey: (await lab.pair('expired')).key }, 'trust.expired'],
      [{ authorities: a.cert.split(/(?<=-----END CERTIFICATE-----\n)/)[0] }, 'trust.notAnAuthority'],
    ];
    for (const [files, code] of codes) {
      await expect(set(bench, 'x', files), code).rejects.toMatchObject({ code });
    }
    expect(bench.guest.registries).toBe('');
  });
});

describe('proxies', () => {
  const manual = (http: string) => ({ mode: 'manual', manual: { http, https: '', noProxy: '' } }) as const;
  const secret = 'http://me:s3cret@127.0.0.1:7890';

  test('the engine’s go into its configuration, credentials stay inside, a failed change leaves the earlier setting', async () => {
    const bench = open();
    await bench.trust.handlers['trust.setProxies']({ engine: manual(secret) }, context);
    expect(bench.document.get()['proxies']).toEqual({ 'http-proxy': 'http://me:s3cret@10.0.2.2:7890' });
    const state = await bench.state();
    expect(state.proxies.engine).toMatchObject({
      mode: 'manual',
      manual: { http: 'http://***@127.0.0.1:7890' },
      resolved: { http: 'http://***@10.0.2.2:7890' },
    });
    expect(JSON.stringify(state)).not.toContain('s3cret');
    bench.failNext = true;
    await bench.trust.handlers['trust.setProxies']({ engine: manual('http://other:1') }, context);
    await expect.poll(async () => (await bench.state()).proxies.engine.manual.http).toBe('http://***@127.0.0.1:7890');
    await bench.trust.handlers['trust.setProxies']({ engine: { mode: 'none', manual: state.proxies.engine.manual } }, context);
    expect(bench.document.get()).toEqual({ 'live-restore': true });
    expect(await readFile(join(folder, 'trust.json'), 'utf8')).toContain('s3cret');
  });

  test('what somebody writes into the configuration becomes the setting', async () => {
    const bench = open();
    await bench.state();
    bench.document.set({ proxies: { 'https-proxy': 'http://by-hand:1' } });
    await expect
      .poll(async () => (await bench.state()).proxies.engine)
      .toMatchObject({ mode: 'manual', manual: { https: 'http://by-hand:1' } });
    expect(bench.changes).toEqual([]);
  });

  test('the host’s are followed', async () => {
    const bench = open();
    bench.host.proxies = { ...none, source: 'environment', http: 'http://localhost:3128' };
    const state = await bench.state();
    expect(bench.document.get()['proxies']).toEqual({ 'http-proxy': 'http://10.0.2.2:3128' });
    expect(state).toMatchObject({
      hostProxies: { source: 'environment' },
      proxies: { containers: { mode: 'none', resolved: { http: '' } } },
    });
  });

  test('containers and builds apart', async () => {
    const bench = open();
    await bench.trust.handlers['trust.setProxies']({ containers: manual('http://c:1'), builds: manual('http://b:2') }, context);
    expect(bench.trust.containerEnv()).toEqual(['HTTP_PROXY=http://c:1', 'http_proxy=http://c:1']);
    expect(bench.trust.cliEnv()).toEqual(['HTTP_PROXY=http://b:2', 'http_proxy=http://b:2']);
    const cli = JSON.parse(await readFile(join(folder, 'cli/config.json'), 'utf8')) as unknown;
    expect(cli).toEqual({ proxies: { 'unix:///berth.sock': { httpProxy: 'http://b:2' } } });
    expect(bench.changes).toEqual([]);
  });

  test('a file of the docker CLI that cannot be changed refuses the setting for builds', async () => {
    const bench = open();
    await writeFile(join(folder, 'cli'), 'no folder');
    await expect(bench.trust.handlers['trust.setProxies']({ builds: manual('http://b:2') }, context)).rejects.toMatchObject({
      code: 'trust.cliConfig',
    });
    expect((await bench.state()).proxies.builds.mode).toBe('none');
  });
});
