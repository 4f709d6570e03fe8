import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { goodEntries, malformedEntries } from '../../test/fakes/mirror-entries';
import { checkMirrorUrl } from './entries';
import { parseMirrors } from './paste';

const urls = (text: string, present: readonly string[] = []): readonly string[] =>
  parseMirrors(text, present).mirrors.map(({ url }) => url);
const codes = (text: string): readonly string[] => parseMirrors(text, []).problems.map(({ error }) => error.code);

const A = 'https://a.example';
const B = 'https://b.example:5000';

describe('mirrors are taken out of', () => {
  test.each([
    ['lines', `${A}\n${B}\n`],
    ['lines of Windows with a BOM', `\ufeff${A}\r\n\r\n${B}\r\n`],
    ['hosts alone', 'a.example\nb.example:5000'],
    ['commas', `${A},${B}`],
    ['full-width commas', `${A}，b.example:5000。`],
    ['a JSON array', `["${A}", "${B}"]`],
    ['an array with a comma too many and comments', `[ // the first\n"${A}",\n# more\n"${B}",\n]`],
    ['an array without commas', `["${A}"\n"${B}"]`],
    ['an array of curly quotes', `[“${A}”，“${B}”]`],
    ['a daemon.json', `{"debug": true, "registry-mirrors": ["${A}/", "${B}"], "dns": ["1.1.1.1"], "bip": "10.0.0.1/24"}`],
    ['a fragment of one', `"registry-mirrors": [\n  "${A}",\n  "${B}"\n],`],
    [
      "a guide's snippet",
      `sudo mkdir -p /etc/docker\nsudo tee /etc/docker/daemon.json <<-'EOF'\n{\n  "registry-mirrors": ["${A}", "${B}"]\n}\nEOF\nsudo systemctl daemon-reload\nsudo systemctl restart docker`,
    ],
    ['flags of dockerd', `dockerd --registry-mirror=${A} --registry-mirror ${B}`],
    ['a list of a web page', `1. DaoCloud：${A}\n- 毫秒镜像（${B}）推荐`],
    ['a table', `| name | address |\n|---|---|\n| DaoCloud | \`${A}\` |\n| 1ms | <${B}> |`.split('\n').slice(1).join('\n')],
    ['links', `[one](${A}) [${B}](${B})`.replace(` [${B}]`, ' [two]')],
    ['names and hosts', 'DaoCloud a.example\n1ms b.example:5000'],
  ])('%s', (_, text) => {
    expect(parseMirrors(text, [])).toEqual({
      mirrors: [
        { url: A, duplicate: false },
        { url: B, duplicate: false },
      ],
      problems: [],
    });
  });

  test.each([
    ['an end within the array', `{"registry-mirrors": ["${A}", "${B}"`],
    ['a brace where a bracket should be', `{"registry-mirrors": ["${A}", "${B}" }`],
    ['a quote that was forgotten', `{"registry-mirrors": ["${A}",\n"${B}\n], }`],
    ['everything after it', `{"registry-mirrors": ["${A}", "${B}"], "debug": tru`],
  ])('a daemon.json broken by %s', (_, text) => {
    expect(urls(text)).toEqual([A, B]);
  });

  test('only what is in the key, not other addresses of the file', () => {
    expect(urls(`{"proxies": {"http-proxy": "http://proxy.example:3128"}, "registry-mirrors": ["${A}"]}`)).toEqual([A]);
    expect(codes('{"proxies": {"http-proxy": "http://proxy.example:3128"}}')).toEqual(['mirrors.noneFound']);
  });
});

describe('what is wrong is said with its place', () => {
  test('in a line', () => {
    const { mirrors, problems } = parseMirrors(`${A}\r\n  ftp://b.example/x\r\nhttps://c.example/v2/`, []);
    expect(mirrors.map(({ url }) => url)).toEqual([A]);
    expect(problems).toEqual([
      {
        error: { code: 'mirrors.badScheme', params: { scheme: 'ftp://' } },
        text: 'ftp://b.example/x',
        place: { line: 2, column: 3, endLine: 2, endColumn: 20 },
      },
      {
        error: { code: 'mirrors.path', params: { path: '/v2/' } },
        text: 'https://c.example/v2/',
        place: { line: 3, column: 1, endLine: 3, endColumn: 22 },
      },
    ]);
  });

  test('in a daemon.json', () => {
    const { mirrors, problems } = parseMirrors(
      `{\n  "registry-mirrors": [\n    "${A}", 42, null,\n    "https://{id}.mirror.aliyuncs.com"\n`,
      [],
    );
    expect(mirrors.map(({ url }) => url)).toEqual([A]);
    expect(problems.map(({ error, place }) => [error.code, place.line, place.column])).toEqual([
      ['mirrors.notText', 3, 26],
      ['mirrors.notText', 3, 30],
      ['mirrors.placeholder', 4, 6],
      ['mirrors.broken', 5, 1],
    ]);
  });

  test.each([
    ['', 'mirrors.noneFound'],
    [' \r\n', 'mirrors.noneFound'],
    ['{}', 'mirrors.noneFound'],
    ['[]', 'mirrors.noneFound'],
    ['# https://a.example', 'mirrors.noneFound'],
    ['hello there', 'mirrors.spaces'],
    ['hello', 'mirrors.badHost'],
    ['https://<your id>.mirror.aliyuncs.com', 'mirrors.placeholder'],
    ['https://docker.io', 'mirrors.notAMirror'],
    ['[{"url": 1}]', 'mirrors.notText'],
    ['["https://a.example/v2"]', 'mirrors.path'],
  ])('%j: %s', (text, code) => {
    expect(codes(text)).toEqual([code]);
  });

  test('each malformed entry, quoted in an array, as in the field', () => {
    for (const [entry] of malformedEntries.filter(([each]) => !/["\r\n]/.test(each))) {
      expect(codes(`{"registry-mirrors": ["${entry}"]}`)).toEqual([checkMirrorUrl(entry).error?.code]);
    }
  });

  test('each good entry, quoted in an array, as in the field', () => {
    for (const [entry, url] of goodEntries.filter(([each]) => !/["\r\n]/.test(each))) {
      expect(urls(`["${entry}"]`)).toEqual([url]);
    }
  });
});

test('what the list has already, or the text twice, is marked', () => {
  expect(parseMirrors(`a.example\nA.example/\n${B}`, [B]).mirrors).toEqual([
    { url: A, duplicate: false },
    { url: A, duplicate: true },
    { url: B, duplicate: true },
  ]);
});

test('any text gives mirrors that are right and places that are in it', () => {
  const piece = fc.oneof(
    fc.constantFrom('"registry-mirrors"', ':', '[', ']', '{', '}', '"', ',', '\n', A, 'b.example', '//', '#', '--registry-mirror='),
    fc.string({ maxLength: 5 }),
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 12 }).map((parts) => parts.join('')),
      (text) => {
        const { mirrors, problems } = parseMirrors(text, []);
        const lines = text.split(/\r\n|\r|\n/);
        expect(mirrors.length + problems.length).toBeGreaterThan(0);
        expect(mirrors.every(({ url }) => checkMirrorUrl(url).url === url)).toBe(true);
        for (const { place } of problems) {
          expect(place.line).toBeLessThanOrEqual(lines.length);
          expect(place.column).toBeLessThanOrEqual((lines[place.line - 1] ?? '').length + 1);
        }
      },
    ),
    { numRuns: 3000 },
  );
});
