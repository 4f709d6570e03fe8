// The agent's JSON, compiled for this machine with sanitizers and compared with JavaScript's own parser:
// by hand-made cases, and by thousands of broken ones from a fixed seed.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'berth-json-'));
const program = join(folder, 'check');

beforeAll(() => {
  const sources = ['json.c', 'text.c', '../test/json-check.c'].map((name) => join(import.meta.dirname, name));
  execFileSync('gcc', [
    '-g',
    '-O1',
    '-Wall',
    '-Wextra',
    '-Werror',
    '-fsanitize=address,undefined',
    '-fno-sanitize-recover',
    '-o',
    program,
    ...sources,
  ]);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the parser makes of each text: the object and its copy with live-restore off, or undefined. */
function parse(texts: readonly (string | Buffer)[]): ({ readonly value: unknown; readonly edited: unknown } | undefined)[] {
  const input = Buffer.concat(texts.map((text) => Buffer.concat([Buffer.from(text), Buffer.from('\n')])));
  const { status, stdout, stderr } = spawnSync(program, { input, maxBuffer: 256 * 2 ** 20 });
  expect(`${stderr}`).toBe('');
  expect(status).toBe(0);
  const lines = stdout.toString('utf8').split('\n').slice(0, -1);
  expect(lines).toHaveLength(texts.length);
  return lines.map((line) => {
    if (line === 'refused') {
      return undefined;
    }
    const [value = '', edited = ''] = line.split('\u0001');
    return { value: JSON.parse(value) as unknown, edited: JSON.parse(edited) as unknown };
  });
}

const objects: readonly Record<string, unknown>[] = [
  {},
  { id: 1, op: 'status' },
  { id: 999_999_999_999_999, op: 'clock', epochMs: -5 },
  { text: 'line\nquote" back\\slash \u0001 \u007f 中文 😀 \ud83d\ude00', empty: '' },
  { deep: { a: [1, 2, { b: [[]] }], c: null }, yes: true, no: false, half: 0.5, big: 1e300 },
  { 'live-restore': true, 'log-opts': { 'max-size': '10m' } },
  { 'with "quotes"': 1, 'new\nline': 2 },
];

describe('the agent’s JSON parser', () => {
  test('reads what JSON.stringify writes, and sets one member', () => {
    parse(objects.map((object) => JSON.stringify(object))).forEach((found, i) => {
      expect(found?.value).toEqual(objects[i]);
      expect(found?.edited).toEqual({ ...objects[i], 'live-restore': false });
    });
  });

  test('reads escapes, spaces and surrogates', () => {
    const texts = [
      '{"\\u0069d":"\\u4e2d\\ud83d\\ude00\\/\\b\\f\\n\\r\\t"}',
      ' { "a" : [ 1 , 2 ] , "b" : -0.5e+3 } ',
      '{"live\\u002drestore":true}',
    ];
    parse(texts).forEach((found, i) => expect(found?.value).toEqual(JSON.parse(texts[i] ?? '')));
    expect(parse(texts)[2]?.edited).toEqual({ 'live-restore': false });
    expect(parse(['{"a":"\\ud800 alone"}'])[0]?.value).toEqual({ a: '\ufffd alone' });
  });

  test('takes the last of two equal keys out of the copy it edits', () => {
    expect(parse(['{"live-restore":true,"a":1,"live-restore":true}'])[0]?.edited).toEqual({ a: 1, 'live-restore': false });
  });

  test.each([
    '',
    ' ',
    '[]',
    '1',
    'null',
    '"x"',
    '{',
    '{}}',
    '{} x',
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '{,}',
    '{a:1}',
    "{'a':1}",
    '{"a":01}',
    '{"a":1.}',
    '{"a":.5}',
    '{"a":+1}',
    '{"a":1e}',
    '{"a":tru}',
    '{"a":"\\x"}',
    '{"a":"\\u12g4"}',
    '{"a":"\\u12',
    '{"a":"\t"}',
    '{"a":"',
    '{"a":"\\',
    '{"a":[1,]}',
    '{"a":NaN}',
    `{"a":${'['.repeat(40)}${']'.repeat(40)}}`,
  ])('refuses %j', (text) => {
    expect(parse([text])).toEqual([undefined]);
  });

  test('refuses bytes that are not UTF-8', () => {
    const bad = [[0x80], [0xc0, 0x80], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xff], [0xf0, 0x80, 0x80, 0x80]];
    const texts = bad.map((bytes) => Buffer.concat([Buffer.from('{"a":"'), Buffer.from(bytes), Buffer.from('"}')]));
    expect(parse(texts)).toEqual(bad.map(() => undefined));
  });

  test('agrees with JSON.parse on 20,000 mutated objects and reads no byte beyond any of them', () => {
    let state = 20_261_121;
    const random = (below: number): number => ((state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) >>> 8) % below;
    const alphabet = '{}[]",:\\u0019eE+-.tfn \tabc\u00e9\u4e2d';
    const texts = Array.from({ length: 20_000 }, () => {
      const text = [...JSON.stringify(objects[random(objects.length)])];
      for (let i = random(4); i >= 0; i -= 1) {
        text.splice(random(text.length + 1), random(3), ...(random(2) ? [alphabet[random(alphabet.length)] ?? ''] : []));
      }
      return text.join('');
    });
    parse(texts).forEach((found, i) => {
      const text = texts[i] ?? '';
      let expected: unknown;
      try {
        expected = JSON.parse(text);
      } catch {
        expected = undefined;
      }
      const isObject = typeof expected === 'object' && expected !== null && !Array.isArray(expected);
      // What JavaScript lets pass and we do not: lone surrogates stay, they become U+FFFD here.
      if (!/\\u[dD][89a-fA-F]/.test(text)) {
        expect(found?.value, text).toEqual(isObject ? expected : undefined);
      }
    });
  });
});
