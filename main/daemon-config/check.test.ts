// Every document of the corpus: refused with its code at its place, or let pass. And what is computed: a right value, the nearest key.
import { describe, expect, test } from 'vitest';
import { badDocuments } from '../../test/fakes/daemon-documents';
import { goodDocuments, unknownDocuments } from '../../test/fakes/daemon-good-documents';
import { daemonKey, daemonKeys, isErrorCode } from '../../preload/contract';
import { createTexts } from '../lib/texts';
import { checkDocument, checkText } from './check';

test('the corpus has more than 200 bad documents, each another one', () => {
  expect(new Set(badDocuments.map(({ text }) => text)).size).toBe(badDocuments.length);
  expect(badDocuments.length).toBeGreaterThan(200);
});

describe('a bad document', () => {
  test.each(badDocuments)('$name', ({ text, code, at }) => {
    const { document, problems } = checkText(text);
    expect(document).toBeUndefined();
    const first = problems.find(({ error }) => error.code === code);
    expect(first?.severity ?? problems.map(({ error }) => error.code)).toBe('error');
    expect(first?.place).toMatchObject(at);
    expect(problems.every(({ error }) => isErrorCode(error.code))).toBe(true);
  });
});

describe('a good document', () => {
  test.each(goodDocuments)('$name', ({ text, warnings = [] }) => {
    const { document, problems } = checkText(text);
    expect(problems.map(({ severity, error }) => [severity, error.code])).toEqual(warnings.map((code) => ['warning', code]));
    expect(document).toEqual(JSON.parse(text));
  });
});

describe('a key that is not known', () => {
  test.each(unknownDocuments)('$name', ({ text, name, nearest }) => {
    const { document, problems } = checkText(text);
    expect(document).toBeDefined();
    expect(problems).toMatchObject([
      {
        severity: 'warning',
        path: [name],
        error: nearest === undefined ? { code: 'config.unknownKey' } : { code: 'config.unknownKeyNear', params: { key: name, nearest } },
        place: { line: 1, column: 2 },
      },
    ]);
  });
});

describe('a right value is proposed', () => {
  const networks = [
    { name: 'gitea_default', subnet: '172.30.0.0/16' },
    { name: 'all', subnet: '172.16.0.0/13' },
  ];
  test.each([
    ['{"bip": "172.26.0.0/16"}', '172.26.0.1/16'],
    ['{"bip": "172.30.5.1/16"}', '172.24.0.1/16'],
    ['{"bip": "172.30.5.1/24"}', '172.24.0.1/24'],
    ['{"bip": "x"}', '172.24.0.1/16'],
    ['{"registry-mirrors": ["a.example"]}', 'https://a.example'],
    ['{"registry-mirrors": [" https://a.example"]}', 'https://a.example'],
    ['{"insecure-registries": ["https://a.example:5000"]}', 'a.example:5000'],
    ['{"dns": "1.1.1.1, 8.8.8.8"}', ['1.1.1.1', '8.8.8.8']],
    ['{"debug": "true"}', true],
    ['{"mtu": "1400"}', 1400],
    ['{"log-opts": {"max-file": 3}}', '3'],
    ['{"log-level": "warning"}', undefined],
    ['{"log-level": "wran"}', 'warn'],
    ['{"exec-opts": ["native.cgroupdriver=systemd"]}', 'native.cgroupdriver=cgroupfs'],
    ['{"storage-driver": "overlay"}', 'overlay2'],
    ['{"log-driver": "jsonfile"}', 'json-file'],
    ['{"metrics-addr": "9323"}', '127.0.0.1:9323'],
    ['{"default-address-pools": [{"base": "172.20.0.0/16", "size": 8}]}', 24],
    ['{"default-ulimits": {"nofile": {"Soft": 1, "Hard": 1}}}', { Name: 'nofile', Soft: 1, Hard: 1 }],
  ])('for %s', (text, fix) => {
    const [problem] = checkText(text, { networks }).problems;
    expect(problem?.fix).toEqual(fix);
  });

  test('and passes itself where it stands in the place of the wrong one', () => {
    for (const { text } of badDocuments) {
      const { problems } = checkText(text, { networks });
      const [problem] = problems;
      if (problems.length !== 1 || problem?.fix === undefined || problem.path.length === 0) {
        continue;
      }
      const again = checkDocument(withValue(JSON.parse(text), problem.path, problem.fix) as Record<string, unknown>, { networks });
      expect.soft([text, ...again.filter(({ error }) => error.code === problem.error.code)]).toEqual([text]);
    }
  });
});

function withValue(document: unknown, [step, ...rest]: readonly (string | number)[], value: unknown): unknown {
  if (step === undefined) {
    return value;
  }
  const copy = structuredClone(document) as Record<string | number, unknown>;
  copy[step] = withValue(copy[step] ?? {}, rest, value);
  return copy;
}

describe('what is known of the engine', () => {
  const codes = (text: string, context: Parameters<typeof checkText>[1]): readonly string[] =>
    checkText(text, context).problems.map(({ error }) => error.code);

  test('a bridge in the way of a network', () => {
    const networks = [{ name: 'gitea_default', subnet: '172.30.0.0/16' }];
    const [problem] = checkText('{"bip": "172.30.0.1/16"}', { networks }).problems;
    expect(problem?.error).toEqual({
      code: 'config.overlaps',
      params: { key: 'bip', value: '172.30.0.1/16', network: 'gitea_default', subnet: '172.30.0.0/16' },
    });
    expect(codes('{"bip": "172.30.0.1/16"}', {})).toEqual([]);
  });

  test('live-restore while Swarm is active', () => {
    expect(codes('{"live-restore": true}', { swarmActive: true })).toEqual(['config.swarm']);
    expect(codes('{"live-restore": false}', { swarmActive: true })).toEqual([]);
  });

  test('a logging plug-in', () => {
    expect(codes('{"log-driver": "loki"}', {})).toEqual(['config.unknownLogDriver']);
    expect(codes('{"log-driver": "loki"}', { logPlugins: ['loki:latest'] })).toEqual([]);
  });
});

test.each(['en', 'zh-CN'] as const)('every problem has its words (%s)', (language) => {
  const { error: words } = createTexts(language);
  const found = [...badDocuments, ...goodDocuments, ...unknownDocuments].flatMap(({ text }) => checkText(text).problems);
  const codes = new Set(found.map(({ error }) => error.code));
  expect(codes.size).toBeGreaterThan(60);
  for (const { error } of found) {
    const { title, kept, next } = words(error);
    expect([title, kept, next].filter((text) => text === '' || text.includes(error.code) || /\{(?:key|value|line)\}/.test(text))).toEqual(
      [],
    );
  }
});

test('no problem shows a credential', () => {
  const text = JSON.stringify({
    'registry-mirrors': ['https://user:secret@a.example'],
    'insecure-registries': ['http://user:secret@a.example/'],
    proxies: { 'http-proxy': 'ftp://user:secret@a.example', 'https-proxy': 'http://user:sec/ret@x secret@a.example' },
    'log-driver': 'splunk',
    'log-opts': { 'splunk-token': 'secret', 'splunk-format': 'secret-less' },
  });
  const shown = JSON.stringify(checkText(text).problems.map(({ error, fix }) => [error, fix ?? null]));
  expect(shown).toContain('***@a.example');
  expect(shown.replace('secret-less', '')).not.toContain('secret');
});

test('the table: names once, defaults and examples of the right type', () => {
  expect(new Set(daemonKeys.map(({ name }) => name)).size).toBe(daemonKeys.length);
  const wrong = daemonKeys
    .filter(({ owned }) => owned === undefined)
    .flatMap(({ name, default: standard, example }) =>
      [standard, example]
        .filter((value) => value !== undefined)
        .flatMap((value) =>
          checkDocument({ [name]: value }).filter(({ error }) => !['config.notInside', 'config.guestPath'].includes(error.code)),
        )
        .map(({ error }) => error),
    );
  expect(wrong).toEqual([]);
  expect(daemonKey('bip')?.apply).toBe('disruptive');
});
