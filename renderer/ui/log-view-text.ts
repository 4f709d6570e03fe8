// What a log line may contain and how it is shown: control characters are made harmless, colours dropped, a level guessed.
// A log is never fed to a terminal: a container must not be able to move a cursor, write a clipboard or hide text.

export type Level = 'none' | 'warn' | 'error';

// ESC [ … final, ESC ] … BEL or ST, and two-character escapes.

const escapes = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\|$)|[PX^_][^\x1b]*(?:\x1b\\|$)|[@-Z\\-_])/g;
/** C0 but tab, DEL, C1, and what turns the direction of writing or is invisible. */

const unsafe = /[\x00-\x08\x0a-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff]/;
const unsafeAll = new RegExp(unsafe.source, 'g');

/** `\r` of a progress bar: only what would be left standing. */
function lastOverwrite(text: string): string {
  const trimmed = text.replace(/\r+$/, '');
  const at = trimmed.lastIndexOf('\r');
  return at < 0 ? trimmed : trimmed.slice(at + 1);
}

function picture(char: string): string {
  const code = char.charCodeAt(0);
  if (code < 0x20) {
    return String.fromCharCode(0x2400 + code);
  }
  return code === 0x7f ? '\u2421' : '\ufffd';
}

export function neutralise(text: string): string {
  if (!unsafe.test(text)) {
    return text;
  }
  return lastOverwrite(text.replace(escapes, '')).replace(unsafeAll, picture);
}

// Modest on purpose: a word in capitals near the beginning, or a level field as loggers write it.
const levels =
  /\b(?:(ERROR|ERR|FATAL|PANIC|CRITICAL|CRIT|EMERG|ALERT)|(WARN|WARNING))\b|\blevel["']?\s*[=:]\s*["']?(?:(error|fatal|panic|critical)|(warn))|^\s*(?:\[?(?:(error|fatal|panic)|(warn|warning))\]?\s*[:\]])|^(Traceback \(|Unhandled |Uncaught )/;

export function levelOf(text: string): Level {
  const match = levels.exec(text.length > 200 ? text.slice(0, 200) : text);
  if (!match) {
    return 'none';
  }
  return (match[2] ?? match[4] ?? match[6]) === undefined ? 'error' : 'warn';
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Where the word stands that gave the line its level; a stack trace's first line has none. */
export function levelSpan(text: string): Span | undefined {
  const match = levels.exec(text.length > 200 ? text.slice(0, 200) : text);
  const groups: readonly (string | undefined)[] = match?.slice(1, 7) ?? [];
  const word = groups.find((group) => group !== undefined);
  if (!match || word === undefined) {
    return undefined;
  }
  const from = match.index + match[0].lastIndexOf(word);
  return { from, to: from + word.length };
}

/** What is searched in a line at most: a regular expression must not hang the page on one long line. */
const searched = 8192;

/** Undefined where the pattern is no regular expression. */
export function searchPattern(text: string, options: { readonly regex: boolean; readonly matchCase: boolean }): RegExp | undefined {
  try {
    return new RegExp(options.regex ? text : text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), options.matchCase ? 'gu' : 'giu');
  } catch {
    return undefined;
  }
}

export function matches(pattern: RegExp, text: string): boolean {
  pattern.lastIndex = 0;
  return pattern.test(text.length > searched ? text.slice(0, searched) : text);
}

export function spansOf(pattern: RegExp, text: string): readonly Span[] {
  const spans: Span[] = [];
  const source = text.length > searched ? text.slice(0, searched) : text;
  pattern.lastIndex = 0;
  for (let match = pattern.exec(source); match && spans.length < 200; match = pattern.exec(source)) {
    if (match[0] === '') {
      pattern.lastIndex += 1;
    } else {
      spans.push({ from: match.index, to: match.index + match[0].length });
    }
  }
  return spans;
}
