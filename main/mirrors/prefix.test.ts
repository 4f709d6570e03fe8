import { describe, expect, test } from 'vitest';
import type { ExecOptions } from '../ssh/connection';
import { checkPrefixes, normalisePrefix, routeOf, splitRegistry } from './prefix';
import { digestAtRegistry } from './registry-digest';

test.each([
  ['nginx', 'docker.io', 'library/nginx'],
  ['nginx:1.29', 'docker.io', 'library/nginx:1.29'],
  ['owner/name', 'docker.io', 'owner/name'],
  ['docker.io/nginx', 'docker.io', 'library/nginx'],
  ['index.docker.io/owner/name', 'docker.io', 'owner/name'],
  ['ghcr.io/owner/name:1', 'ghcr.io', 'owner/name:1'],
  ['localhost/x', 'localhost', 'x'],
  ['localhost:5000/x', 'localhost:5000', 'x'],
])('%s is of %s', (reference, registry, rest) => {
  expect(splitRegistry(reference)).toEqual({ registry, rest });
});

test.each([
  ['mirror.example', 'mirror.example'],
  [' HTTPS://Mirror.Example/ghcr.io/ ', 'mirror.example/ghcr.io'],
  ['mirror.example:5000/a/b_c', 'mirror.example:5000/a/b_c'],
  ['localhost:5000', 'localhost:5000'],
])('%j is the prefix %s', (written, prefix) => {
  expect(normalisePrefix(written)).toBe(prefix);
});

test.each([
  '',
  'mirror',
  'http://mirror.example',
  'user@mirror.example',
  'mirror.example?x',
  'mirror.example/A B',
  'mirror.example//x',
  '-a.example',
  'a.example/-x',
  'a'.repeat(300),
])('%j is no prefix', (written) => {
  expect(() => normalisePrefix(written)).toThrow(expect.objectContaining({ code: 'mirrors.badPrefix' }));
});

describe('rules', () => {
  const rule = (registry: string): Parameters<typeof checkPrefixes>[0] => [{ registry, prefix: 'm.example', always: true }];
  test.each(['docker.io', 'index.docker.io', 'ghcr', '', 'a b', 'https://ghcr.io'])('%j is no registry for one', (registry) => {
    expect(() => checkPrefixes(rule(registry))).toThrow(expect.objectContaining({ code: 'mirrors.badRegistry' }));
  });
  test('name a registry once', () => {
    expect(checkPrefixes(rule('GHCR.io'))).toEqual([{ registry: 'ghcr.io', prefix: 'm.example', always: true }]);
    expect(() => checkPrefixes([...rule('ghcr.io'), ...rule('GHCR.IO')])).toThrow(expect.objectContaining({ code: 'mirrors.badRegistry' }));
  });
  test('apply where they say always', () => {
    const rules = [{ registry: 'ghcr.io', prefix: 'm.example/ghcr.io', always: false }];
    expect(routeOf('ghcr.io/a/b:1', undefined, rules)).toBeUndefined();
    expect(routeOf('ghcr.io/a/b:1', 'm.example/ghcr.io', rules)?.from).toBe('m.example/ghcr.io/a/b:1');
    expect(routeOf('nginx', 'm.example', rules)?.from).toBe('m.example/library/nginx');
  });
});

describe("the registry's own digest", () => {
  /** curl in the guest, as probe-curl.ts runs it: an answer for each request by its address. */
  const guest =
    (answers: Readonly<Record<string, readonly [status: number, headers: Record<string, string>, body?: string]>>, asked: string[] = []) =>
    (command: string | readonly string[], options: ExecOptions = {}): Promise<{ stdout: string; stderr: string; code: number }> => {
      if (Array.isArray(command)) {
        return Promise.resolve({ stdout: '', stderr: '', code: 1 });
      }
      const text = String(options.stdin);
      const url = /^url = "(.*)"$/m.exec(text)?.[1] ?? '';
      const authorised = text.includes('Authorization: Bearer t0ken');
      asked.push(url);
      const [status, headers, body = ''] = answers[authorised ? `${url} with token` : url] ?? [0, {}];
      const main = { exitcode: status === 0 ? 7 : 0, http_code: status, size_download: body.length };
      const head = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]));
      return Promise.resolve({ stdout: body, stderr: `\x1e${JSON.stringify(main)}\x1f${JSON.stringify(head)}\x1e`, code: 0 });
    };
  const manifest = 'https://ghcr.io/v2/owner/name/manifests/1';
  const ask = (exec: ReturnType<typeof guest>): Promise<string | undefined> =>
    digestAtRegistry(exec, {}, 'ghcr.io/owner/name:1', new AbortController().signal);

  test('is asked for with the anonymous token', async () => {
    const asked: string[] = [];
    const found = await ask(
      guest(
        {
          [manifest]: [401, { 'www-authenticate': 'Bearer realm="https://ghcr.io/token",service="ghcr.io"' }],
          'https://ghcr.io/token?service=ghcr.io&scope=repository%3Aowner%2Fname%3Apull': [200, {}, '{"token":"t0ken"}'],
          [`${manifest} with token`]: [200, { 'docker-content-digest': 'sha256:abc' }],
        },
        asked,
      ),
    );
    expect(found).toBe('sha256:abc');
    expect(asked).toHaveLength(3);
  });

  test('is unknown where the registry is out of reach, wants a login, or has no such image', async () => {
    expect(await ask(guest({}))).toBeUndefined();
    expect(await ask(guest({ [manifest]: [401, { 'www-authenticate': 'Basic realm="x"' }] }))).toBeUndefined();
    expect(await ask(guest({ [manifest]: [404, {}] }))).toBeUndefined();
  });
});
