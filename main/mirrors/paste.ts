// Mirrors out of what somebody pastes: lines, a JSON array, a daemon.json whole or broken, a shell snippet of a guide, a table of a web page.
// Takes what is there and says where the rest went wrong; pure.
import { BerthError, toWireError } from '../../preload/contract';
import type { ParsedMirrors } from '../../preload/contract';
import { checkMirrorUrl } from './entries';
import { placeOf } from './text-place';

interface Found {
  readonly from: number;
  readonly to: number;
  /** Where it is not an address anyway. */
  readonly error?: BerthError;
}

const KEY = /["'“”‘’「」]?registry-mirrors?["'“”‘’「」]?\s*[:：=]\s*/gi;
const FLAG = /--registry-mirror[=\s]\s*["']?/gi;
const QUOTES: Readonly<Record<string, string>> = { '"': '"', "'": "'", '“': '”', '”': '”', '‘': '’', '’': '’', '「': '」', '`': '`' };
const OPENS = '[［【';
const CLOSES = ']］】';
/** Placeholders and IPv6 hosts belong to it with their brackets; a guide's own marks around it do not. */
const ADDRESS = /[a-z][a-z0-9+-]*[:：][/／]{2}(?:<[^<>\n]*>|\{[^{}\n]*\}|\[[0-9a-f:.]*\]|[^\s"'`,，、;；|<>{}()（）[\]【】“”‘’「」])*/gi;
const SEPARATORS = /[,，、;；|]/;
const LINK = /^\[[^\]\n]*\]\(/;

export function parseMirrors(text: string, present: readonly string[]): ParsedMirrors {
  const seen = new Set(present);
  const mirrors: { url: string; duplicate: boolean }[] = [];
  const problems: { error: ReturnType<typeof toWireError>; text: string; place: ReturnType<typeof placeOf> }[] = [];
  const refuse = (error: BerthError, { from, to }: Found): void => {
    problems.push({ error: toWireError(error), text: text.slice(from, to), place: placeOf(text, from, to) });
  };
  for (const found of addresses(text)) {
    const checked = found.error === undefined ? checkMirrorUrl(text.slice(found.from, found.to)) : undefined;
    const error = found.error ?? checked?.error;
    if (error !== undefined) {
      refuse(error, found);
    } else if (checked !== undefined) {
      mirrors.push({ url: checked.url, duplicate: seen.has(checked.url) });
      seen.add(checked.url);
    }
  }
  if (mirrors.length === 0 && problems.length === 0) {
    refuse(new BerthError('mirrors.noneFound', {}), { from: 0, to: 0 });
  }
  return { mirrors, problems };
}

function addresses(text: string): readonly Found[] {
  const keys = [...text.matchAll(KEY)].filter((key) => !text.slice(Math.max(0, key.index - 2), key.index).endsWith('--'));
  const flags = [...text.matchAll(FLAG)];
  if (keys.length > 0 || flags.length > 0) {
    return [
      ...keys.flatMap((key) => readList(text, key.index + key[0].length)),
      ...flags.flatMap((flag) => wordAt(text, flag.index + flag[0].length)),
    ].sort((a, b) => a.from - b.from);
  }
  const start = text.search(/[^\s\ufeff]/);
  if (start !== -1 && OPENS.includes(text.charAt(start)) && !LINK.test(text.slice(start))) {
    return readList(text, start);
  }
  return start !== -1 && '{｛'.includes(text.charAt(start)) ? [] : readLines(text);
}

/** The strings of a JSON array, or one string, from here on; forgives missing commas, comments, quotes of any kind. */
function readList(text: string, from: number): readonly Found[] {
  const array = OPENS.includes(text.charAt(from)) && from < text.length;
  const found: Found[] = [];
  const broken = (at: number): readonly Found[] => [
    ...found,
    {
      from: at,
      to: Math.min(text.length, at + 1),
      error: new BerthError('mirrors.broken', {
        detail:
          text
            .slice(at)
            .split(/[\r\n]/)[0]
            ?.slice(0, 80) ?? '',
      }),
    },
  ];
  let at = array ? from + 1 : from;
  while (at < text.length) {
    const char = text.charAt(at);
    const comment = /^(?:\/\/[^\r\n]*|\/\*.*?\*\/|#[^\r\n]*)/s.exec(text.slice(at, at + 4096));
    if (array && CLOSES.includes(char)) {
      return found;
    }
    if (/[\s,，、\ufeff]/.test(char)) {
      at += 1;
      continue;
    }
    if (comment !== null) {
      at += comment[0].length;
      continue;
    }
    if (array && '}｝'.includes(char)) {
      return broken(at);
    }
    const item = itemAt(text, at);
    if (item === undefined) {
      return broken(at);
    }
    found.push(item.found);
    at = item.next;
    if (!array) {
      return found;
    }
  }
  return broken(text.length);
}

function itemAt(text: string, at: number): { readonly found: Found; readonly next: number } | undefined {
  const quote = QUOTES[text.charAt(at)];
  if (quote !== undefined) {
    const line = /[\r\n]/.exec(text.slice(at))?.index ?? text.length - at;
    const end = text.indexOf(quote, at + 1);
    // A quote that was forgotten ends with its line, not with the next address.
    const closed = end !== -1 && end < at + line;
    const rest = text.slice(at + 1, at + line).search(/[\],，\s]/);
    const to = closed ? end : rest === -1 ? at + line : at + 1 + rest;
    return { found: { from: at + 1, to }, next: closed ? end + 1 : to };
  }
  const [bare = ''] = /^(?:\{[^{}]*\}?|\[[^[\]]*\]?|[^\s,，、\]］】}]+)/.exec(text.slice(at)) ?? [];
  if (bare === '') {
    return undefined;
  }
  const isValue = /^(?:[{[]|-?\d+(?:\.\d+)?$|true$|false$|null$)/.test(bare);
  const error = isValue ? new BerthError('mirrors.notText', { detail: bare.slice(0, 80) }) : undefined;
  return { found: { from: at, to: at + bare.length, ...(error === undefined ? {} : { error }) }, next: at + bare.length };
}

function wordAt(text: string, from: number): readonly Found[] {
  const length = text.slice(from).search(/[\s"']|$/);
  return [{ from, to: from + length }];
}

function readLines(text: string): readonly Found[] {
  const found: Found[] = [];
  let from = 0;
  for (const line of text.split(/\r\n|\r|\n/)) {
    found.push(...readLine(line).map((each) => ({ ...each, from: from + each.from, to: from + each.to })));
    from += line.length + (text.startsWith('\r\n', from + line.length) ? 2 : 1);
  }
  return found;
}

/** Addresses with a scheme are taken out of whatever is around them; without one each word counts that could be a host. */
function readLine(line: string): readonly Found[] {
  if (/^\s*(?:#|\/\/\s)/.test(line) || /^[\s\ufeff"'`,，、;；|+\-:]*$/.test(line)) {
    return [];
  }
  const found: Found[] = [];
  let from = 0;
  for (const part of line.split(SEPARATORS)) {
    const stated = [...part.matchAll(ADDRESS)];
    const words = stated.length > 0 ? stated : [...part.matchAll(/\S+/g)].filter(([word]) => couldBeHost(word));
    found.push(...words.map((match) => ({ from: from + match.index, to: from + match.index + match[0].length })));
    from += part.length + 1;
  }
  return found.length > 0 ? found : [whole(line)];
}

/** A dot, a port, a user or a path in it; numbers of a list and sentences' ends are none. */
function couldBeHost(word: string): boolean {
  return /[.:@/](?=\S)/.test(word.normalize('NFKC').replace(/^\d+[.)]|[.:]+$/g, ''));
}

function whole(line: string): Found {
  const from = line.search(/\S/);
  return { from, to: line.trimEnd().length };
}
