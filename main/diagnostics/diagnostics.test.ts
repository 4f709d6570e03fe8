import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DiagnosticsReport, VmStatus } from '../../preload/contract';
import { diagnostics as command } from '../cli/diagnostics';
import { createLog } from '../lib/log';
import { homeFiles } from '../lib/home';
import type { HomeFiles } from '../lib/home';
import { createObservable } from '../lib/observable';
import { createTexts } from '../lib/texts';
import { createDiagnostics } from './create-diagnostics';
import type { Diagnostics } from './create-diagnostics';
import { createParts } from './parts';
import type { DiagnosticsSources } from './sources';

let root: string;
let files: HomeFiles;
let canaries: string[];
const opened: Diagnostics[] = [];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'berth-diag-'));
  files = homeFiles(join(root, 'home'), join(root, 'run'));
  canaries = [];
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.dispose()));
  await rm(root, { recursive: true, force: true });
});

/** A secret that is found again wherever it comes out. */
function canary(): string {
  const word = `Kn4ry${canaries.length}x${Math.random().toString(36).slice(2, 10)}`;
  canaries.push(word);
  return word;
}

async function put(path: string, content: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
}

const pem = (secret: string): string => `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----\n`;

/** A home as somebody could have it whose every secret is in the wrong place. */
async function fillHome(): Promise<void> {
  await put(files.settings, { language: 'en', note: `http://u:${canary()}@proxy:1/` });
  await put(files.daemonJson, {
    proxies: { 'http-proxy': `http://user:${canary()}@proxy:3128` },
    'log-opts': { 'splunk-token': canary(), 'max-size': '10m' },
    'registry-mirrors': [`https://me:${canary()}@mirror.example`],
    labels: [`deploy.password=${canary()}`],
  });
  await put(files.mirrors, `{ not JSON, "url": "https://x:${canary()}@m"`);
  await put(join(files.trust, 'trust.json'), {
    added: '-----BEGIN CERTIFICATE-----\nMIIBpublic\n-----END CERTIFICATE-----\n',
    registries: { 'reg:5000': { clientCertificate: 'C', clientKey: pem(canary()) } },
    proxies: { engine: { mode: 'manual', manual: { http: `http://u:${canary()}@p:1`, https: `u:${canary()}@p:1` } } },
  });
  await put(files.keys.client, pem(canary()));
  await put(files.keys.host, pem(canary()));
  await put(join(files.state.folder, 'guest', 'host-key'), pem(canary()));
  await put(files.state.connect, { previous: { host: `tcp://u:${canary()}@h`, identityToken: canary() } });
  await put(files.state.window, { address: `http://127.0.0.1:4000/#code=${canary()}` });
  await put(
    files.logs.guest,
    [
      `dockerd time="x" msg="Handler for POST" header="X-Registry-Auth: ${canary()}"`,
      `dockerd run -e DB_PASSWORD=${canary()} --build-arg NPM_TOKEN=${canary()} x`,
      `dockerd level=debug Authorization:[Bearer ${canary()}]`,
      `sshd -----BEGIN OPENSSH PRIVATE KEY-----\nsshd ${canary()}\nsshd -----END OPENSSH PRIVATE KEY-----`,
      'dockerd \u001b[31mred\u001b[0m plain line that stays',
    ].join('\n'),
  );
  await put(files.logs.serial, `proxy https://u:${canary()}@p\n`);
  await put(files.logs.qemu, `qemu: secret=${canary()}\n`);
  await put(join(files.logs.folder, 'headless.log'), `open http://127.0.0.1:1/#code=${canary()}\n`);
  const log = createLog(files.logs.berth);
  log.info('pull', { auth: { username: 'u', password: canary() }, url: `https://u:${canary()}@r/v2/` });
  log.error('build failed', { error: new Error(`--secret ${canary()} GITHUB_TOKEN=ghp_${canary()}${canary()}`) });
  log.dispose();
}

function sources(change: Partial<DiagnosticsSources> = {}): DiagnosticsSources {
  const engine: Readonly<Record<string, unknown>> = {
    '/version': { Version: '28.5' },
    '/info': { HttpProxy: `http://u:${canary()}@p`, RegistryConfig: { auths: { reg: { auth: canary() } } }, Driver: 'overlay2' },
    '/containers/json?all=1': [
      { Id: '1', Names: ['/web'], Image: 'nginx', State: 'running', Labels: { 'com.example.key': canary() }, Env: [`API_KEY=${canary()}`] },
    ],
    '/images/json': [{ RepoTags: ['nginx:latest'], Labels: { pin: canary() } }],
    '/networks': [],
    '/volumes': { Volumes: [{ Name: 'data', Options: { o: `username=u,password=${canary()}` }, Labels: null }] },
  };
  const tail = `line of the guest, token: ${canary()}`;
  const call = (op: string): Promise<unknown> => Promise.resolve(op === 'tail' ? { lines: [tail] } : { kernel: '6.12' });
  return {
    files,
    resources: { guest: join(root, 'no-guest'), bundle: join(root, 'no-bundle') },
    version: '1.2.3',
    build: 'test',
    vm: {
      status: createObservable({ state: 'running' } as VmStatus),
      boots: () => [],
      agent: { call } as NonNullable<DiagnosticsSources['vm']>['agent'],
    },
    async *doctor() {
      yield await Promise.resolve({ id: 'host', status: 'ok' as const, detail: `https://u:${canary()}@h`, seconds: 0 });
    },
    engine: (path) => Promise.resolve(engine[path]),
    ports: () => Promise.resolve([{ name: 'web', port: 8080 }]),
    shares: () => Promise.resolve({ driver: 'virtiofs' }),
    askQemu: () => Promise.resolve({ 'query-status': { status: 'running' } }),
    ...change,
  };
}

function open(from: DiagnosticsSources, partMs = 20_000): Diagnostics {
  const diagnostics = createDiagnostics({ folder: files.diagnostics, parts: () => createParts(from), partMs });
  opened.push(diagnostics);
  return diagnostics;
}

const context = { signal: new AbortController().signal, upload: (async function* () {})() as AsyncIterable<Uint8Array> };

async function collect({ handlers }: Diagnostics): Promise<DiagnosticsReport> {
  let last: DiagnosticsReport | undefined;
  for await (const report of handlers['diagnostics.collect']({}, context)) {
    last = report;
  }
  return last ?? expect.fail('no report');
}

async function unpack(path: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const reading = extract();
  createReadStream(path).pipe(createGunzip()).pipe(reading);
  for await (const entry of reading) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) {
      chunks.push(chunk as Buffer);
    }
    found.set(entry.header.name, Buffer.concat(chunks).toString('utf8'));
  }
  return found;
}

test('none of the canaries is in the archive or in the log, and what helps is', async () => {
  await fillHome();
  const diagnostics = open(sources());
  const report = await collect(diagnostics);
  expect(report.parts.filter(({ state }) => state !== 'done')).toEqual([]);
  const saved = await diagnostics.handlers['diagnostics.save']({ id: report.id, folder: root }, context);
  const archive = await unpack(saved.path);
  expect(canaries.length).toBeGreaterThan(30);
  const everything = [...archive].flat().join('\n');
  expect(canaries.filter((word) => everything.includes(word))).toEqual([]);
  const log = await readFile(files.logs.berth, 'utf8');
  expect(canaries.filter((word) => log.includes(word))).toEqual([]);
  expect([...archive.keys()].every((name) => name.startsWith('berth-diagnostics-'))).toBe(true);
  const texts = new Map([...archive].map(([name, text]) => [name.slice(name.indexOf('/') + 1), text]));
  expect(texts.get('configuration/daemon.json')).toContain('"max-size": "10m"');
  expect(texts.get('trust/trust.json')).toContain('MIIBpublic');
  expect(texts.get('logs/guest.log')).toContain('dockerd red plain line that stays');
  expect(texts.get('containers/containers.json')).toContain('com.example.key');
  expect(texts.get('engine/info.json')).toContain('overlay2');
  expect(texts.get('guest/dockerd.log')).toContain('line of the guest');
  expect((await stat(saved.path)).mode & 0o777).toBe(0o600);
  expect(saved.bytes).toBe((await stat(saved.path)).size);
});

test('the preview is what is saved, and nothing but what is listed can be read', async () => {
  await fillHome();
  const diagnostics = open(sources());
  const { handlers } = diagnostics;
  const { id, parts } = await collect(diagnostics);
  const { path } = await handlers['diagnostics.save']({ id, folder: root, archive: 'mine.tgz' }, context);
  const archive = await unpack(path);
  for (const { file } of parts.flatMap((part) => part.files)) {
    const { text } = await handlers['diagnostics.read']({ id, file }, context);
    expect([...archive].find(([name]) => name.endsWith(`/${file}`))?.[1]).toBe(text);
  }
  for (const file of ['../../keys/client', 'logs/../../../keys/client', files.keys.client, 'nothing']) {
    await expect(handlers['diagnostics.read']({ id, file }, context)).rejects.toMatchObject({ code: 'diagnostics.gone' });
  }
  // What lies there stays.
  await expect(handlers['diagnostics.save']({ id, folder: root, archive: 'mine.tgz' }, context)).rejects.toMatchObject({
    code: 'diagnostics.notSaved',
  });
  expect((await readdir(root)).sort()).toEqual(['home', 'mine.tgz']);
  await handlers['diagnostics.discard']({ id }, context);
  expect(await readdir(files.root)).not.toContain('diagnostics');
  await expect(handlers['diagnostics.save']({ id, folder: root }, context)).rejects.toMatchObject({ code: 'diagnostics.gone' });
});

test('an engine, a guest and a QEMU that hang cost their time and nothing else', async () => {
  await fillHome();
  const hang = (): Promise<never> => new Promise(() => undefined);
  const { vm } = sources();
  const diagnostics = open(
    sources({
      engine: hang,
      askQemu: hang,
      vm: { ...vm, agent: { call: hang } } as DiagnosticsSources['vm'],
      ports: () => Promise.reject(new Error('no ports')),
    }),
    1500,
  );
  const { parts, ended } = await collect(diagnostics);
  expect(ended).toBe(true);
  const states = Object.fromEntries(parts.map(({ name, state }) => [name, state]));
  expect(states).toMatchObject({
    engine: 'late',
    containers: 'late',
    guest: 'late',
    qemu: 'late',
    ports: 'failed',
    logs: 'done',
    doctor: 'done',
  });
  expect(parts.find(({ name }) => name === 'ports')?.detail).toBe('no ports');
});

test('a new report takes the place of the one before; one that is left half way is gone with its window', async () => {
  const diagnostics = open(sources());
  const first = await collect(diagnostics);
  const second = await collect(diagnostics);
  await expect(diagnostics.handlers['diagnostics.read']({ id: first.id, file: 'doctor/doctor.json' }, context)).rejects.toMatchObject({
    code: 'diagnostics.gone',
  });
  expect(await readdir(files.diagnostics)).toEqual([second.id]);
});

test('berth diagnostics without a backend: what lies in the home, in a file, and no folder left', async () => {
  await fillHome();
  const printed: string[] = [];
  const path = join(root, 'report.tar.gz');
  const deps = {
    output: { texts: createTexts('en'), print: (line: string) => void printed.push(line), say: () => undefined, error: () => undefined },
    app: { renderer: '', headless: '', resources: { guest: join(root, 'no'), bundle: join(root, 'no') }, dockerCliFolder: '' },
    build: 'test',
    version: '1',
    prepareHome: () => Promise.resolve(files),
    interrupted: new AbortController().signal,
  };
  await command(deps, { output: path, list: false });
  expect(printed).toEqual([path]);
  const everything = [...(await unpack(path))].flat().join('\n');
  expect(everything).toContain('daemon.json');
  expect(canaries.filter((word) => everything.includes(word))).toEqual([]);
  await command(deps, { output: undefined, list: true });
  expect(printed.slice(1).some((line) => /^logs\/berth\.log\s+\d/.test(line))).toBe(true);
  expect(await readdir(files.root)).not.toContain('diagnostics');
});
