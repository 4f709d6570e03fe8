import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLog } from './log';
import { redact } from './redact';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-log-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('lines are JSON with time, module and fields; errors keep their words', async () => {
  const path = join(folder, 'logs', 'berth.log');
  const log = createLog(path);
  log.child('vm').warn('it happened', { count: 2, error: new Error('the cause') });
  log.debug('below the level');
  log.dispose();
  const lines = (await readFile(path, 'utf8')).trim().split('\n');
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ module: 'vm', msg: 'it happened', count: 2, error: { message: 'the cause' } });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('at most two files of the limit', async () => {
  const path = join(folder, 'berth.log');
  const log = createLog(path, { limitBytes: 2000 });
  for (let index = 0; index < 100; index += 1) {
    log.info(`line ${index}`);
  }
  log.dispose();
  for (const file of [path, `${path}.1`]) {
    expect((await stat(file)).size).toBeLessThan(2500);
  }
  expect(await readFile(path, 'utf8')).toContain('line 99');
});

test.each([
  ['proxy http://user:hunter2@proxy:8080/', 'hunter2'],
  ['proxy http://hunter2@proxy:8080/', 'hunter2'],
  ['{"X-Registry-Auth":"hunter2=="}', 'hunter2'],
  ['Authorization: Bearer hunter2', 'hunter2'],
  ['{"password":"hunter2","username":"u"}', 'hunter2'],
  ['?token=hunter2&x=1', 'hunter2'],
  ['-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n-----END OPENSSH PRIVATE KEY-----', 'hunter2'],
  ['-----BEGIN OPENSSH PRIVATE KEY-----\\nhunter2 cut short', 'hunter2'],
  [JSON.stringify({ msg: JSON.stringify({ identitytoken: 'hunter2' }) }), 'hunter2'],
])('%j keeps no secret', (text, secret) => {
  expect(redact(text)).not.toContain(secret);
});

test('what is no secret stays', () => {
  const plain = 'pull http://registry:5000/v2/ took 3 s, port 127.0.0.1:40001, user@host';
  expect(redact(plain)).toBe(plain);
});
