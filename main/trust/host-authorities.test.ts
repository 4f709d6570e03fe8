// This computer's store, from each of the places where a system keeps it; only authorities that are in force today count.
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeCertificates } from '../../test/lab/certificates';
import type { Certificates } from '../../test/lab/certificates';
import { createHostAuthorities } from './host-authorities';
import type { HostAuthoritiesDeps } from './host-authorities';

let folder: string;
let lab: Certificates;
let store: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-store-'));
  lab = await makeCertificates(folder);
  store = join(folder, 'store.pem');
  // A certificate of a server, a broken one and a key lie among the authorities.
  const { cert, key } = await lab.pair('trusted');
  await writeFile(store, `# comment\n${lab.authority}${cert}${lab.authority.replace('MII', '!!!')}${key}${lab.middlebox}`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const both = ['CN=Berth test authority, O=Berth tests', 'CN=FortiGate CA, O=Fortinet'];
const read = async (deps: HostAuthoritiesDeps) => (await createHostAuthorities(deps).read()).map(({ subject }) => subject);

test('Linux: the bundle, what is no authority left out, each once', async () => {
  expect(await read({ platform: 'linux', env: { SSL_CERT_FILE: store } })).toEqual(both);
  expect(await read({ platform: 'linux', env: { SSL_CERT_FILE: store }, now: () => Date.parse('2100-01-01') })).toEqual([]);
});

test('macOS and Windows: Node’s own reader, else the system’s program', async () => {
  const asked: string[] = [];
  const command = (file: string, args: readonly string[]) => {
    asked.push([file, ...args].join(' '));
    return Promise.resolve(lab.authority + lab.middlebox);
  };
  const system = () => [lab.authority, lab.middlebox];
  expect(await read({ platform: 'darwin', command, system })).toEqual(both);
  expect(await read({ platform: 'win32', command, system })).toEqual(both);
  expect(asked).toEqual([]);
  const env = { HOME: '/Users/me' };
  expect(await read({ platform: 'darwin', env, command, system: null })).toEqual(both);
  expect(asked[0]).toMatch(/^security find-certificate -a -p .*System\.keychain .*login\.keychain-db$/);
  expect(await read({ platform: 'win32', env, command, system: null })).toEqual(both);
  expect(asked[1]).toMatch(/^powershell\.exe /);
});

test('a store that is replaced is told, once for several writes', async () => {
  let told = 0;
  const stop = createHostAuthorities({ platform: 'linux', env: { SSL_CERT_FILE: store } }).watch(() => (told += 1));
  await writeFile(`${store}.new`, lab.authority);
  await rename(`${store}.new`, store);
  await writeFile(store, lab.middlebox);
  await expect.poll(() => told, { timeout: 15_000 }).toBe(1);
  stop();
});
