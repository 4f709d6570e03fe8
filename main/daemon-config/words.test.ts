import { describe, expect, test } from 'vitest';
import { cleanWords, errorWords, keyOfWords, linesSince } from './words';

const start = (words: string): string[] => [
  'time="2026-11-21T08:30:22.762438225Z" level=error msg="Failed to GetDriver graph" driver=nosuch home-dir=/var/lib/docker',
  `failed to start daemon: ${words}`,
];

/** As dockerd 28.5.2 says them. */
const said: readonly (readonly [key: string, value: unknown, words: string])[] = [
  ['bip', '10.0.0.300/24', 'Error initializing network controller: parse bip failed: invalid CIDR address: 10.0.0.300/24'],
  ['log-opts', { nosuch: '1' }, "failed to set log opts: validate options: unknown log opt 'nosuch' for json-file log driver"],
  ['storage-driver', 'nosuch', 'error initializing graphdriver: driver not supported: nosuch'],
  ['default-runtime', 'nosuch', "specified default runtime 'nosuch' does not exist"],
  ['exec-opts', ['native.cgroupdriver=foo'], 'native.cgroupdriver option foo not supported'],
  [
    'default-address-pools',
    [{ base: '10.1.0.0/16', size: 8 }],
    'pool 10.1.0.0/16 has a smaller prefix (/16) than the target size of that pool (/8)',
  ],
  ['insecure-registries', ['a.example:99999'], 'insecure registry a.example:99999 is not valid: invalid port "99999"'],
  ['builder', { gc: {} }, "error initializing buildkit: failed to parse defaultRESERVEDSPACE: invalid suffix: 'xb'"],
];

describe('a start that failed', () => {
  test.each(said)('%s', (key, after, words) => {
    expect(errorWords(start(words), 'start')).toBe(words);
    const others = [
      { key: 'debug', after: true, class: 'reload' } as const,
      { key: 'dns', after: ['10.1.1.1'], class: 'restart' } as const,
    ];
    expect(keyOfWords(words, [...others, { key, after, class: 'restart' }])).toBe(key);
  });

  test('whose words name no key is about the only one that was changed, or about none', () => {
    expect(keyOfWords('something went wrong', [{ key: 'dns', after: [], class: 'restart' }])).toBe('dns');
    const two = ['dns', 'mtu'].map((key) => ({ key, after: 1, class: 'restart' }) as const);
    expect(keyOfWords('something went wrong', two)).toBe('');
    expect(keyOfWords('', [])).toBe('');
  });
});

test('a reload says its own line only', () => {
  const log = [
    'time="2026-11-21T08:00:00Z" level=error msg="copy stream failed" error="reading from a closed fifo"',
    'time="2026-11-21T08:00:01Z" level=error msg="Error reloading configuration: file configuration validation failed: invalid mirror"',
    'time="2026-11-21T08:00:02Z" level=info msg="API listen on /run/docker.sock"',
  ];
  expect(errorWords(log, 'reload')).toBe('Error reloading configuration: file configuration validation failed: invalid mirror');
  expect(errorWords(log.slice(0, 1), 'reload')).toBe('');
});

test('frames, quotes and credentials go', () => {
  expect(
    cleanWords(
      'unable to configure the Docker daemon with file /dev/stdin: invalid JSON: json: cannot unmarshal string into Go struct field Config.debug of type bool',
    ),
  ).toBe('json: cannot unmarshal string into Go struct field Config.debug of type bool');
  expect(cleanWords('failed to start daemon: proxy http://user:hunter2@proxy.example is wrong')).not.toContain('hunter2');
  expect(keyOfWords('json: cannot unmarshal string into Go struct field Config.log-opts.max-file of type string', [])).toBe('log-opts');
});

test('an error of an earlier attempt is no news', () => {
  const before = ['a', 'failed to start daemon: old'];
  expect(linesSince(before, ['x', ...before, 'b', 'failed to start daemon: new'])).toEqual(['b', 'failed to start daemon: new']);
  expect(linesSince(before, before)).toEqual([]);
  // The earlier look has scrolled away.
  expect(linesSince(before, ['c', 'd'])).toEqual(['c', 'd']);
  expect(linesSince([], ['c'])).toEqual(['c']);
});

test('an error that dockerd says without its usual frame', () => {
  const line = "error initializing buildkit: could not get builder GC policy: failed to parse defaultRESERVEDSPACE: invalid suffix: 'xb'";
  expect(errorWords(['time="2026-11-21T10:29:43.0Z" level=info msg="Initializing buildkit"', line], 'start')).toBe(line);
});
