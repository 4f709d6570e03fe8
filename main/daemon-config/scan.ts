// Words of a JSON text, strictly by RFC 8259, and what people write instead: comments, single or typographic quotes, full-width punctuation,
// NaN. Each of these is reported and then read as what was meant, so that one look shows all of them. Knows nothing of keys or structure.
import type { ErrorCode } from '../../preload/contract';

export type TokenKind = '{' | '}' | '[' | ']' | ',' | ':' | 'string' | 'number' | 'word' | 'other' | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly start: number;
  readonly end: number;
  /** Of a string or a number. */
  readonly value?: string | number;
}

export type Report = (code: ErrorCode, start: number, end: number, params?: Readonly<Record<string, string | number>>) => void;

/** What a Chinese input method or a word processor writes -> what JSON wants. */
const FULL_WIDTH: Readonly<Record<string, string>> = {
  '，': ',',
  '、': ',',
  '：': ':',
  '｛': '{',
  '｝': '}',
  '［': '[',
  '］': ']',
  '【': '[',
  '】': ']',
};
const QUOTES: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  '`': '`',
  '“': '”',
  '”': '”',
  '‘': '’',
  '’': '’',
  '＂': '＂',
  '「': '」',
};
const WHITE = /[ \t\n\r]+/y;
/** White to the eye, not to JSON. */
const ODD_WHITE = /[\p{Z}\p{Cf}\v\f]+/uy;
const COMMENT = /\/\/[^\n\r]*|#[^\n\r]*|\/\*[\s\S]*?(?:\*\/|$)/y;
const NUMBER_LIKE = /[+-]?(?:\d|\.\d)[\w.+-]*(?:\/\d+)?|-[\w.+-]*/y;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const WORD = /[\p{L}_$][\p{L}\p{N}_$.-]*/uy;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

function match(expression: RegExp, text: string, at: number): string | undefined {
  expression.lastIndex = at;
  return expression.exec(text)?.[0];
}

/** The next token at or after `from`. A string that never ends is reported and makes the rest of the text one `end`. */
export function scan(text: string, from: number, report: Report): Token {
  const start = skip(text, from, report);
  const character = text[start];
  if (character === undefined) {
    return { kind: 'end', start, end: start };
  }
  if ('{}[],:'.includes(character)) {
    return { kind: character as TokenKind, start, end: start + 1 };
  }
  const plain = FULL_WIDTH[character];
  if (plain !== undefined) {
    report('config.fullWidth', start, start + 1, { found: character, wanted: plain });
    return { kind: plain as TokenKind, start, end: start + 1 };
  }
  if (Object.hasOwn(QUOTES, character)) {
    return scanString(text, start, report);
  }
  const number = match(NUMBER_LIKE, text, start);
  if (number !== undefined) {
    return { kind: 'number', start, end: start + number.length, value: readNumber(number, start, report) };
  }
  const word = match(WORD, text, start);
  if (word !== undefined) {
    return { kind: 'word', start, end: start + word.length };
  }
  return { kind: 'other', start, end: start + String.fromCodePoint(text.codePointAt(start) ?? 0).length };
}

function skip(text: string, from: number, report: Report): number {
  for (let at = from; ;) {
    const white = match(WHITE, text, at);
    const odd = match(ODD_WHITE, text, at);
    const comment = match(COMMENT, text, at);
    if (odd !== undefined && white === undefined) {
      report('config.oddSpace', at, at + odd.length, {
        character: `U+${(text.codePointAt(at) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`,
      });
    } else if (comment !== undefined) {
      report('config.comment', at, at + comment.length);
    }
    const skipped = white ?? odd ?? comment;
    if (skipped === undefined) {
      return at;
    }
    at += skipped.length;
  }
}

function scanString(text: string, start: number, report: Report): Token {
  const opening = text.charAt(start);
  // A quote of any kind that opens may be closed by its own counterpart or by itself.
  const closing = QUOTES[opening] ?? opening;
  let clean = true;
  let at = start + 1;
  for (;;) {
    const character = text[at];
    if (character === undefined || character === '\n' || character === '\r') {
      report('config.unclosedString', start, at);
      return { kind: 'end', start, end: text.length };
    }
    if (character === closing || (character === opening && opening !== '"')) {
      break;
    }
    if (character === '\\') {
      const escape = match(ESCAPE, text, at);
      if (escape === undefined) {
        report('config.badString', at, Math.min(at + 2, text.length), { reason: 'escape', text: text.slice(at, at + 2) });
        clean = false;
        // Never past an end of line: that ends the string.
        at += /[\n\r]/.test(text.charAt(at + 1)) ? 1 : 2;
        continue;
      }
      at += escape.length;
      continue;
    }
    if (character < ' ') {
      report('config.badString', at, at + 1, { reason: 'control', text: character === '\t' ? '\\t' : `\\u${hex(character)}` });
      clean = false;
    }
    at += 1;
  }
  const end = at + 1;
  const inner = text.slice(start + 1, at);
  if (opening !== '"') {
    report('config.quotes', start, end, { text: shorten(inner) });
  }
  const value = clean ? unescape(inner) : inner;
  // With the u flag only a surrogate without its half matches.
  if (/\p{Surrogate}/u.test(value)) {
    report('config.badString', start, end, { reason: 'surrogate', text: shorten(inner.replace(/\p{Surrogate}/gu, '\ufffd')) });
  }
  return { kind: 'string', start, end, value };
}

function unescape(inner: string): string {
  // What stands between other quotes than JSON's may have a bare " in it.
  return JSON.parse(`"${inner.replace(/\\.|"/gs, (found) => (found === '"' ? '\\"' : found))}"`) as string;
}

function readNumber(text: string, start: number, report: Report): number {
  const value = Number(text);
  // dockerd reads whole numbers into 64 bits and refuses 1.0 and 1e3 as well.
  if (!NUMBER.test(text) || !/^-?\d+$/.test(text) || !Number.isSafeInteger(value)) {
    report('config.badNumber', start, start + text.length, { text: shorten(text) });
    return 0;
  }
  return value;
}

function hex(character: string): string {
  return character.charCodeAt(0).toString(16).padStart(4, '0');
}

/** For a message. */
export function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
