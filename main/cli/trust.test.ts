import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BackendHandlers, CertificateInfo, TrustState } from '../../preload/contract';
import { runCli, streamOf, taskOf } from '../../test/fakes/cli';
import type { FakeRun } from '../../test/fakes/cli';

const certificate = (letter: string): CertificateInfo => ({
  fingerprint: letter.repeat(64),
  subject: `CN=${letter}`,
  issuer: `CN=${letter}`,
  notBefore: 0,
  notAfter: Date.UTC(2031, 4, 6),
  isAuthority: true,
});
const none = { http: '', https: '', noProxy: '' };
const setting = {
  mode: 'host' as const,
  manual: { ...none, http: 'http://u:***@p.example' },
  resolved: { ...none, https: 'http://h.example' },
};
const state: TrustState = {
  revision: 't',
  host: [
    { ...certificate('a'), inGuest: false, chosen: true },
    { ...certificate('b'), inGuest: false, chosen: false },
  ],
  followHost: true,
  added: [certificate('c')],
  registries: [],
  guestKnown: true,
  hostProxies: { source: 'none' },
  proxies: { engine: setting, containers: setting, builds: setting },
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-trust-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function run(...argv: readonly string[]): Promise<FakeRun & { readonly asked: readonly (readonly [string, unknown])[] }> {
  const asked: (readonly [string, unknown])[] = [];
  const note =
    (name: string) =>
    (input: unknown): { readonly task: string } => {
      asked.push([name, input]);
      return { task: 't1' };
    };
  const handlers: Partial<BackendHandlers> = {
    'trust.changes': streamOf(state),
    'trust.chooseHost': note('chooseHost'),
    'trust.addAuthority': note('addAuthority'),
    'trust.removeAuthority': note('removeAuthority'),
    'trust.setProxies': note('setProxies'),
    'tasks.changes': streamOf([taskOf({ state: 'done', steps: [{ name: 'readBack', state: 'done' }] })]),
  };
  return { ...(await runCli(argv, { handlers })), asked };
}

describe('authorities', () => {
  it('are listed with what they are and until when', async () => {
    const { stdout } = await run('trust', 'list');
    expect(stdout.split('\n')[0]).toMatch(/^c{16} {2}added .* 2031-05-06 {2}CN=c$/);
    expect(JSON.parse((await run('trust', 'list', '--json')).stdout)).toEqual({
      host: state.host,
      followHost: true,
      added: state.added,
      registries: [],
    });
  });

  it('of a file go as they are in PEM, as base64 in binary', async () => {
    writeFileSync(join(folder, 'pem'), '-----BEGIN CERTIFICATE-----\n');
    writeFileSync(join(folder, 'der'), Buffer.from([0x30, 0x82, 0xff]));
    expect((await run('trust', 'add', join(folder, 'pem'))).asked).toEqual([['addAuthority', { data: '-----BEGIN CERTIFICATE-----\n' }]]);
    expect((await run('trust', 'add', join(folder, 'der'))).asked).toEqual([['addAuthority', { data: 'MIL/' }]]);
    expect((await run('trust', 'add', join(folder, 'missing'))).code).toBe(2);
  });

  it('of this computer are chosen and left by the beginning of their fingerprint', async () => {
    const fingerprint = (letter: string): string => letter.repeat(64);
    expect((await run('trust', 'add', 'BB:BB:BB:BB')).asked).toEqual([
      ['chooseHost', { fingerprints: [fingerprint('a'), fingerprint('b')], followHost: true }],
    ]);
    expect((await run('trust', 'remove', 'aaaaaaaa')).asked).toEqual([['chooseHost', { fingerprints: [], followHost: true }]]);
    expect((await run('trust', 'remove', 'cccccccc')).asked).toEqual([['removeAuthority', { fingerprint: fingerprint('c') }]]);
    expect((await run('trust', 'remove', 'bbbbbbbb')).code).toBe(2);
    expect((await run('trust', 'remove', 'aaa')).code).toBe(2);
  });
});

describe('proxies', () => {
  it('are shown, one or all', async () => {
    expect((await run('proxy')).stdout.split('\n')).toHaveLength(3);
    expect((await run('proxy', 'engine')).stdout).toBe('engine  as this computer  http=  https=http://h.example  no-proxy=');
  });

  it('are set; what is not said stays as it was, masked words too', async () => {
    const { code, asked } = await run('proxy', 'engine', 'manual', '--noproxy', 'a,b');
    const manual = { http: 'http://u:***@p.example', https: '', noProxy: 'a,b' };
    expect([code, asked]).toEqual([0, [['setProxies', { engine: { mode: 'manual', manual } }]]]);
    expect((await run('proxy', 'nobody')).code).toBe(2);
    expect((await run('proxy', 'engine', 'nothing')).code).toBe(2);
  });
});
