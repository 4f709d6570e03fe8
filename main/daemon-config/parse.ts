// daemon.json as text -> document, or every place where it is not JSON as dockerd wants it. Goes on after an error where what was meant is clear.
// Stricter than dockerd in what it would pass over to nobody's use: an empty file, a byte order mark, a key that stands twice. Knows no key.
// Of our own because no parser reports all of these with places, and none that recovers is safe with 100,000 open brackets.
import { MAX_CONFIG_CHARACTERS } from '../../preload/contract';
import type { ConfigProblem, ErrorCode, TextPlace, WireError } from '../../preload/contract';
import type { DaemonDocument } from './daemon-config';
import { keyName } from './key-name';
import type { ConfigPath } from './key-name';
import { scan, shorten } from './scan';
import type { Token, TokenKind } from './scan';
import { createPlacer } from './text-places';

/** A string of the document where it stands in the text, quotes included. */
export interface StringPlace {
  readonly path: ConfigPath;
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

export interface ParsedDocument {
  /** Only where nothing is wrong with the text. */
  readonly document?: DaemonDocument;
  /** What could be read of a text that is not right, so that more of its problems can be listed. Never to be used. */
  readonly partial?: DaemonDocument;
  readonly problems: readonly ConfigProblem[];
  readonly strings: readonly StringPlace[];
  /** Where a value stands, or its key; of a path that is not there, its nearest parent. */
  placeOf(path: ConfigPath, part?: 'key' | 'value'): TextPlace | undefined;
}

/** dockerd's deepest key has 6. */
export const MAX_DEPTH = 32;
/** More help nobody. */
const MAX_PROBLEMS = 50;

/** Ends the reading: what follows would only be guessed. */
class Stop extends Error {}

interface Range {
  readonly key?: readonly [number, number];
  readonly value: readonly [number, number];
}

export function parseDocument(text: string): ParsedDocument {
  if (text.length > MAX_CONFIG_CHARACTERS) {
    const error: WireError = { code: 'config.tooLarge', params: { characters: text.length, limit: MAX_CONFIG_CHARACTERS } };
    return { problems: [{ severity: 'error', error, path: [] }], strings: [], placeOf: () => undefined };
  }
  return createReader(text).read();
}

function createReader(text: string): { read(): ParsedDocument } {
  const place = createPlacer(text);
  const problems: ConfigProblem[] = [];
  const strings: StringPlace[] = [];
  const ranges = new Map<string, Range>();
  const path: (string | number)[] = [];
  let token: Token = { kind: 'other', start: 0, end: 0 };
  /** End of the token before. */
  let lastEnd = 0;

  const report = (code: ErrorCode, start: number, end: number, params: Readonly<Record<string, string | number>> = {}): void => {
    const at = place(start, end);
    problems.push({
      severity: 'error',
      error: { code, params: { ...params, line: at.line, column: at.column } },
      path: [...path],
      place: at,
    });
    if (problems.length >= MAX_PROBLEMS) {
      throw new Stop();
    }
  };

  const advance = (): void => {
    lastEnd = token.end;
    token = scan(text, lastEnd, report);
    // A string that never ends was reported as such.
    if (token.kind === 'end' && token.end > token.start) {
      throw new Stop();
    }
  };

  /** What stands here now; a call, because TypeScript believes that `token` stays what it was. */
  const now = (): TokenKind => token.kind;

  const unexpected = (expected: 'value' | 'key' | 'colon' | 'comma' | 'end'): void => {
    report('config.unexpected', token.start, token.end, { expected, found: shorten(text.slice(token.start, token.end)) });
  };

  function value(): unknown {
    const { start, end, kind } = token;
    if (path.length > MAX_DEPTH) {
      report('config.tooDeep', start, end, { limit: MAX_DEPTH });
      throw new Stop();
    }
    if (kind === '{' || kind === '[') {
      return kind === '{' ? object() : array();
    }
    if (kind === 'string' || kind === 'number') {
      const read = token.value;
      if (typeof read === 'string') {
        strings.push({ path: [...path], value: read, start, end });
      }
      advance();
      return read;
    }
    if (kind === 'word') {
      const word = text.slice(start, end);
      if (!['true', 'false', 'null'].includes(word)) {
        report('config.unknownWord', start, end, { word: shorten(word) });
      }
      advance();
      return word.toLowerCase() === 'true' ? true : word.toLowerCase() === 'false' ? false : null;
    }
    if (kind === 'end') {
      report('config.unexpectedEnd', start, end, { expected: 'value' });
      throw new Stop();
    }
    unexpected('value');
    if (kind === ':' || kind === 'other') {
      throw new Stop();
    }
    // `"a": ,` or `"a": }`: the value was forgotten, and what follows is clear.
    return null;
  }

  function member(step: string | number, key?: readonly [number, number]): unknown {
    path.push(step);
    const { start } = token;
    const read = value();
    ranges.set(JSON.stringify(path), { value: [start, Math.max(start, lastEnd)], ...(key && { key }) });
    path.pop();
    return read;
  }

  /** After a member: true = another one follows. */
  function more(closing: '}' | ']', open: Token): boolean {
    if (now() === closing) {
      return false;
    }
    if (now() === ',') {
      const comma = token;
      advance();
      if (now() === closing) {
        report('config.trailingComma', comma.start, comma.end, { bracket: closing });
        return false;
      }
      return true;
    }
    if (now() === 'end' || now() === '}' || now() === ']') {
      unclosed(open);
    }
    if (now() === 'string' || (closing === ']' && ['number', 'word', '{', '['].includes(now()))) {
      report('config.missingComma', token.start, token.end, { before: shorten(text.slice(token.start, token.end)) });
      return true;
    }
    unexpected('comma');
    throw new Stop();
  }

  function unclosed(open: Token): never {
    const opened = place(open.start, open.end);
    report('config.unclosed', token.start, token.end, { bracket: open.kind, openLine: opened.line, openColumn: opened.column });
    throw new Stop();
  }

  function object(): Record<string, unknown> {
    const open = token;
    const members = new Map<string, unknown>();
    const first = new Map<string, number>();
    advance();
    while (now() !== '}') {
      const at: readonly [number, number] = [token.start, token.end];
      const name = key(open);
      const line = first.get(name);
      if (line !== undefined) {
        path.push(name);
        report('config.duplicateKey', at[0], at[1], { key: keyName(path), firstLine: line });
        path.pop();
      } else {
        first.set(name, place(at[0], at[1]).line);
      }
      if (now() === ':') {
        advance();
      } else if (now() === 'end') {
        report('config.unexpectedEnd', token.start, token.end, { expected: 'colon' });
        throw new Stop();
      } else {
        unexpected('colon');
        // `"debug" = true` is clear, `"debug" true` too; `"debug", …` is not.
        if (now() === 'other') {
          advance();
        } else if (now() === ',' || now() === '}' || now() === ']') {
          throw new Stop();
        }
      }
      members.set(name, member(name, at));
      if (!more('}', open)) {
        break;
      }
    }
    advance();
    return Object.fromEntries(members);
  }

  function key(open: Token): string {
    if (now() === 'string') {
      const name = String(token.value);
      advance();
      return name;
    }
    if (now() === 'word') {
      const name = text.slice(token.start, token.end);
      report('config.unquotedKey', token.start, token.end, { key: shorten(name) });
      advance();
      return name;
    }
    if (now() === 'end') {
      unclosed(open);
    }
    unexpected('key');
    throw new Stop();
  }

  function array(): unknown[] {
    const open = token;
    const items: unknown[] = [];
    advance();
    while (now() !== ']') {
      if (now() === 'end') {
        unclosed(open);
      }
      items.push(member(items.length));
      if (!more(']', open)) {
        break;
      }
    }
    advance();
    return items;
  }

  function document(): unknown {
    const mark = text.startsWith('\ufeff') ? 1 : 0;
    if (mark > 0) {
      report('config.byteOrderMark', 0, 1);
    }
    token = { kind: 'other', start: mark, end: mark };
    advance();
    if (now() === 'end') {
      report('config.empty', 0, 0);
      return undefined;
    }
    const { start } = token;
    const kind: TokenKind = now();
    const top = value();
    ranges.set('[]', { value: [start, lastEnd] });
    if (kind !== '{') {
      report('config.notAnObject', start, lastEnd, { found: typeName(top) });
      return undefined;
    }
    if (now() !== 'end') {
      unexpected('end');
    }
    return top;
  }

  return {
    read() {
      let top: unknown;
      try {
        top = document();
      } catch (error) {
        if (!(error instanceof Stop)) {
          throw error;
        }
      }
      const right = problems.length === 0;
      const read = typeof top === 'object' && top !== null ? (top as DaemonDocument) : undefined;
      return {
        ...(read !== undefined && (right ? { document: read } : { partial: read })),
        problems,
        strings,
        placeOf(wanted, part = 'value') {
          for (let length = wanted.length; length >= 0; length -= 1) {
            const range = ranges.get(JSON.stringify(wanted.slice(0, length)));
            if (range !== undefined) {
              return place(...((part === 'key' && length === wanted.length ? range.key : undefined) ?? range.value));
            }
          }
          return undefined;
        },
      };
    },
  };
}

/** In JSON's words. */
export function typeName(value: unknown): 'null' | 'boolean' | 'number' | 'string' | 'list' | 'object' {
  if (value === null || value === undefined) {
    return 'null';
  }
  if (Array.isArray(value)) {
    return 'list';
  }
  const type = typeof value;
  return type === 'boolean' || type === 'number' || type === 'string' ? type : 'object';
}
