// The reader against JSON.parse, on texts that nobody wrote: it takes nothing that JSON refuses, refuses nothing without a place, never throws.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { badSyntax } from '../../test/fakes/daemon-documents';
import { goodDocuments } from '../../test/fakes/daemon-good-documents';
import { MAX_CONFIG_CHARACTERS, daemonKeys, isErrorCode } from '../../preload/contract';
import type { DaemonKeyType } from '../../preload/contract';
import { checkText } from './check';
import { formatDocument } from './document';
import { parseDocument } from './parse';

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What both this reader and JSON.parse take. */
const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string({ unit: 'grapheme' }),
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 4 }),
  ),
})).value;
const document = fc.dictionary(fc.string({ unit: 'grapheme' }), value, { maxKeys: 6 });
/** Pieces that make near-JSON. */
const soup = fc
  .array(
    fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"',
      "'",
      '“',
      '”',
      '，',
      '：',
      '1',
      '-',
      '1e9',
      'true',
      'True',
      'null',
      '//',
      '/*',
      '*/',
      '#',
      '\n',
      '\r\n',
      ' ',
      '\t',
      '\u00a0',
      '\ufeff',
      '\\',
      '\\u',
      '\ud800',
      '😀',
    ),
    { maxLength: 40 },
  )
  .map((pieces) => pieces.join(''));

function isInside(text: string, { line, column }: { line: number; column: number }): boolean {
  const lines = text.split(/\r\n|\r|\n/);
  return line >= 1 && line <= lines.length && column >= 1 && column <= (lines[line - 1] ?? '').length + 1;
}

/** Either a document that JSON.parse reads alike, or problems that all have a code and a place in the text. Otherwise why not. */
function fault(text: string): string | undefined {
  const { document: read, problems } = parseDocument(text);
  if (read !== undefined) {
    return problems.length === 0 && JSON.stringify(read) === JSON.stringify(parsed(text)) ? undefined : `taken: ${text}`;
  }
  const right = problems.every(
    ({ error, place, severity }) =>
      severity === 'error' &&
      isErrorCode(error.code) &&
      place !== undefined &&
      isInside(text, place) &&
      error.params['line'] === place.line &&
      error.params['column'] === place.column,
  );
  return problems.length > 0 && right ? undefined : `${JSON.stringify(problems)}: ${text}`;
}

const holds = (text: string): void => {
  expect(fault(text)).toBeUndefined();
};

test('reads what JSON.parse reads', () => {
  fc.assert(
    fc.property(document, fc.constantFrom(undefined, 2, '\t'), (given, space) => {
      const text = JSON.stringify(given, undefined, space);
      expect(JSON.stringify(parseDocument(text).document)).toBe(JSON.stringify(JSON.parse(text)));
    }),
    { numRuns: 500 },
  );
});

test('never throws and never takes what JSON refuses: random characters, near-JSON, documents with a piece changed', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 60 }), holds), { numRuns: 1000 });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => holds(new TextDecoder().decode(bytes))),
    { numRuns: 500 },
  );
  fc.assert(fc.property(soup, holds), { numRuns: 3000 });
  fc.assert(
    fc.property(fc.constantFrom(...goodDocuments), fc.nat(), fc.nat(8), soup, ({ text }, at, length, piece) => {
      const from = at % (text.length + 1);
      holds(text.slice(0, from) + piece + text.slice(from + length));
    }),
    { numRuns: 2000 },
  );
});

test('a good document that is cut anywhere is refused, with a place', () => {
  const cuts = goodDocuments.flatMap(({ text }) => {
    const whole = text.trimEnd();
    return Array.from({ length: whole.length }, (_, length) => whole.slice(0, length));
  });
  expect(cuts.filter((cut) => parseDocument(cut).document !== undefined)).toEqual([]);
  expect(cuts.map(fault).filter((reason) => reason !== undefined)).toEqual([]);
});

test('every bad text is refused by itself and says where', () => {
  for (const { text } of badSyntax) {
    holds(text);
  }
});

test('every object of good values passes', () => {
  // Keys of which one says what another may be.
  const apart = new Set(['bridge', 'host-gateway-ip', 'log-driver', 'features', 'ipv6', 'icc']);
  const keys = daemonKeys.filter(({ name, owned }) => owned === undefined && !apart.has(name));
  const entries = keys.map((key) => {
    const proposals = (key.proposals ?? []).map((one) => (key.type === 'strings' ? [one] : one));
    const written = [key.default, key.example, ...(key.values ?? []), ...proposals].filter((one) => one !== undefined);
    const plain: Partial<Record<DaemonKeyType, readonly unknown[]>> = {
      boolean: [true, false],
      integer: [key.min ?? 0],
      strings: [[]],
      object: [{}],
    };
    const values = [...written, ...(plain[key.type] ?? [])];
    return fc.constantFrom(...(values.length > 0 ? values : [''])).map((one) => [key.name, one] as const);
  });
  fc.assert(
    fc.property(
      fc.shuffledSubarray(entries).chain((chosen) => fc.tuple(...chosen)),
      (chosen) => {
        const { problems } = checkText(formatDocument(Object.fromEntries(chosen)));
        expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
      },
    ),
    { numRuns: 200 },
  );
});

describe('a text with several errors', () => {
  const codes = (text: string): readonly unknown[] => checkText(text).problems.map(({ error, place }) => [error.code, place?.line]);

  test('lists them in their order', () => {
    expect(
      codes('{\n  // engine\n  \'debug\': True,\n  registry-mirrors: [\'a.example\',],\n  "dns": ["1.2.3"]\n  "mtu": 01500,\n}'),
    ).toEqual([
      ['config.comment', 2],
      ['config.quotes', 3],
      ['config.unknownWord', 3],
      ['config.unquotedKey', 4],
      ['config.quotes', 4],
      ['config.badMirror', 4],
      ['config.trailingComma', 4],
      ['config.badAddress', 5],
      ['config.missingComma', 6],
      ['config.badNumber', 6],
      ['config.trailingComma', 6],
    ]);
  });

  test('stops at fifty', () => {
    expect(parseDocument(`{"a": [${'True,'.repeat(1000)}1]}`).problems.length).toBe(50);
  });
});

describe('places', () => {
  test.each(['\n', '\r\n', '\r'])('with %j as the end of a line', (end) => {
    const text = ['{', '  "a": 1,', '  "b": {"c": [1, "x😀"]}', '}'].join(end);
    const { placeOf } = parseDocument(text);
    expect(placeOf(['a'])).toEqual({ line: 2, column: 8, endLine: 2, endColumn: 9 });
    expect(placeOf(['a'], 'key')).toEqual({ line: 2, column: 3, endLine: 2, endColumn: 6 });
    expect(placeOf(['b', 'c', 1])).toEqual({ line: 3, column: 18, endLine: 3, endColumn: 23 });
    expect(placeOf([])).toEqual({ line: 1, column: 1, endLine: 4, endColumn: 2 });
  });

  test('of what is not there is that of its nearest parent', () => {
    const { placeOf } = parseDocument('{"b": {"c": 1}}');
    expect(placeOf(['b', 'nosuch', 'deep'])).toMatchObject({ line: 1, column: 7 });
    expect(placeOf(['nosuch'], 'key')).toMatchObject({ line: 1, column: 1 });
  });
});

test('a text that is too long is not read', () => {
  const { problems } = parseDocument(' '.repeat(MAX_CONFIG_CHARACTERS + 1));
  expect(problems.map(({ error }) => error.code)).toEqual(['config.tooLarge']);
  expect(parseDocument(`{"labels": [${'"a=1",'.repeat(30_000)}"a=1"]}`).document).toBeDefined();
});
