// What the guest makes of the host's certificates, compiled for this machine with sanitizers: right ones, and content that must not harm the boot.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = mkdtempSync(join(tmpdir(), 'berth-guest-trust-'));
const program = join(root, 'check');
const SYSTEM = '-----BEGIN CERTIFICATE-----\nc3lzdGVt\n-----END CERTIFICATE-----\n';
const GIVEN = '-----BEGIN CERTIFICATE-----\nZ2l2ZW4=\n-----END CERTIFICATE-----\n';
let runs = 0;

beforeAll(() => {
  const sources = ['../test/trust-check.c', 'sys.c'].map((name) => join(import.meta.dirname, name));
  const flags = ['-g', '-O1', '-Wall', '-Wextra', '-Werror', '-fsanitize=address,undefined', '-fno-sanitize-recover'];
  execFileSync('gcc', [...flags, '-o', program, ...sources]);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function boot(given: Readonly<Record<string, string | Buffer>>) {
  const folder = join(root, String((runs += 1)));
  mkdirSync(join(folder, 'given'), { recursive: true });
  writeFileSync(join(folder, 'bundle.crt'), SYSTEM);
  for (const [name, content] of Object.entries(given)) {
    mkdirSync(join(folder, 'given', name));
    writeFileSync(join(folder, 'given', name, 'raw'), content);
  }
  const { status, stderr } = spawnSync(program, [folder]);
  expect(status, stderr.toString()).toBe(0);
  const certs = join(folder, 'docker/certs.d');
  const files = existsSync(certs) ? readdirSync(certs, { recursive: true, encoding: 'utf8' }).sort() : [];
  return {
    folder,
    said: stderr.toString(),
    bundle: readFileSync(join(folder, 'bundle.crt'), 'utf8'),
    files: files.filter((name) => statSync(join(certs, name)).isFile()),
    read: (name: string) => readFileSync(join(certs, name), 'utf8'),
  };
}

test('nothing given changes nothing', () => {
  const { bundle, files, said } = boot({});
  expect({ bundle, files, said }).toEqual({ bundle: SYSTEM, files: [], said: '' });
});

test('authorities go behind the mark; files of certs.d to their places, private', () => {
  const { bundle, files, read, folder } = boot({
    'ca.pem': GIVEN,
    'certs.d': `file reg.example:5000/ca.crt\n${GIVEN}file reg.example:5000/client.key\nkey\nfile [::1]:5000/ca.crt\n${GIVEN}`,
  });
  expect(bundle).toBe(`${SYSTEM}# Given by the host\n${GIVEN}`);
  expect(files).toEqual(['[::1]:5000/ca.crt', 'reg.example:5000/ca.crt', 'reg.example:5000/client.key']);
  expect(read('reg.example:5000/ca.crt')).toBe(GIVEN);
  expect(statSync(join(folder, 'docker/certs.d/reg.example:5000/client.key')).mode & 0o777).toBe(0o600);
});

test.each([
  ['no end', '-----BEGIN CERTIFICATE-----\nZ2l2ZW4=\n'],
  ['a key', '-----BEGIN PRIVATE KEY-----\nZ2l2ZW4=\n-----END PRIVATE KEY-----\n'],
  ['no base64', GIVEN.replace('Z2l2ZW4=', '<html>')],
  ['a long line', GIVEN.replace('Z2l2ZW4=', 'A'.repeat(2000))],
  ['bytes', Buffer.from([0, 1, 2, 255, 10])],
  ['too much', GIVEN.repeat(20_000)],
])('authorities that are %s leave the bundle as it was', (_name, content) => {
  const { bundle, said } = boot({ 'ca.pem': content });
  expect(bundle).toBe(SYSTEM);
  expect(said).toMatch(/from the host/);
});

test.each([
  '../../bundle.crt',
  '../ca.crt',
  'a..b/ca.crt',
  '.hidden/ca.crt',
  '/ca.crt',
  'reg/sub/ca.crt',
  'reg/authorized_keys',
  'reg/../ca.crt',
  'reg;x/ca.crt',
  'reg',
  '',
  `${'a'.repeat(256)}/ca.crt`,
])('a file named %j is not written, the one after it is', (name) => {
  const { bundle, files, said } = boot({ 'certs.d': `stray\nfile ${name}\n${GIVEN}file good/ca.crt\n${GIVEN}` });
  expect(files).toEqual(['good/ca.crt']);
  expect(bundle).toBe(SYSTEM);
  expect(said).toMatch(/no use for/);
});
