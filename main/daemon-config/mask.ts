// Credentials in a document, hidden on its way to a window, a log or a history, and put back when it returns. Pure.
import type { DaemonDocument } from './daemon-config';
import type { ConfigPath } from './key-name';
import { parseDocument } from './parse';

export const MASK = '***';

/** Values that are secret as a whole. */
const SECRETS: ReadonlySet<string> = new Set(['log-opts.splunk-token']);

/** Keys whose texts are one address each: everything up to the last @ is hidden, because people write passwords with / and @ as they are. */
const ONE_ADDRESS: ReadonlySet<unknown> = new Set(['proxies', 'registry-mirrors', 'insecure-registries']);
const PROXY = /^(?<scheme>\s*[a-z][a-z0-9+.-]*:\/\/)?(?<credentials>.*)@/is;
const ADDRESS = /(?<scheme>[a-z][a-z0-9+.-]*:\/\/)(?<credentials>[^\s/?#"]*)@/i;
const ADDRESSES = new RegExp(ADDRESS, 'gi');

/** `http://***@proxy.example:3128` */
export function maskText(text: string, path: ConfigPath = []): string {
  if (SECRETS.has(path.join('.'))) {
    return text === '' ? '' : MASK;
  }
  if (ONE_ADDRESS.has(path[0])) {
    return text.replace(PROXY, (_, scheme: string | undefined) => `${scheme ?? ''}${MASK}@`);
  }
  return text.replace(ADDRESSES, `$<scheme>${MASK}@`);
}

export function maskValue(value: unknown, path: ConfigPath = []): unknown {
  return mapStrings(value, path, maskText);
}

export function maskDocument(document: DaemonDocument): DaemonDocument {
  return maskValue(document) as DaemonDocument;
}

/** The text as it is written, with its credentials masked; also of a text that is no JSON. */
export function maskDocumentText(text: string): string {
  const { strings, problems } = parseDocument(text);
  if (problems.length > 0) {
    // Nothing is known of its keys, so everything up to an @ goes that could belong to an address.
    return text.replace(/((?::|\\?\/)\\?\/)[^\s"]*@/g, `$1${MASK}@`).replace(/("splunk-token"\s*:\s*")[^"]*/g, `$1${MASK}`);
  }
  return replaceStrings(text, strings, maskText);
}

/**
 * Puts credentials of `kept` back where a masked value came back: the one of the same place, or, where entries of a list have moved, of a value that
 * looks the same when masked. A mask for which nothing is kept stays, and `checkDocument` refuses it.
 */
export function unmaskDocument(document: DaemonDocument, kept: DaemonDocument): DaemonDocument {
  return mapStrings(document, [], unmasker(kept)) as DaemonDocument;
}

export function unmaskText(text: string, kept: DaemonDocument): string {
  if (!text.includes(MASK)) {
    return text;
  }
  return replaceStrings(text, parseDocument(text).strings, unmasker(kept));
}

export function isMasked(text: string): boolean {
  return text === MASK || /(?:^|\/\/)\*\*\*@/.test(text);
}

function unmasker(kept: DaemonDocument): (text: string, path: ConfigPath) => string {
  return (text, path) => {
    if (!isMasked(text)) {
      return text;
    }
    const same = at(kept, path);
    if (typeof same === 'string' && (text === MASK || maskText(same, path) === text)) {
      return same;
    }
    const moved = findMasked(kept, text);
    if (moved !== undefined) {
      return moved;
    }
    // The host was edited and the credentials were not.
    const credentials =
      typeof same === 'string' ? (ONE_ADDRESS.has(path[0]) ? PROXY : ADDRESS).exec(same)?.groups?.['credentials'] : undefined;
    return credentials === undefined ? text : text.replace(`${MASK}@`, () => `${credentials}@`);
  };
}

/** The first value that looks like this when masked. */
function findMasked(kept: DaemonDocument, masked: string): string | undefined {
  let found: string | undefined;
  mapStrings(kept, [], (value, path) => {
    if (found === undefined && maskText(value, path) === masked) {
      found = value;
    }
    return value;
  });
  return found;
}

function at(value: unknown, path: ConfigPath): unknown {
  return path.reduce<unknown>(
    (inner, step) =>
      typeof inner === 'object' && inner !== null && Object.hasOwn(inner, step)
        ? (inner as Record<string | number, unknown>)[step]
        : undefined,
    value,
  );
}

function mapStrings(value: unknown, path: ConfigPath, change: (text: string, path: ConfigPath) => string): unknown {
  if (typeof value === 'string') {
    return change(value, path);
  }
  if (Array.isArray(value)) {
    return value.map((item, index) => mapStrings(item, [...path, index], change));
  }
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapStrings(item, [...path, key], change)]));
  }
  return value;
}

function replaceStrings(
  text: string,
  strings: readonly { readonly path: ConfigPath; readonly value: string; readonly start: number; readonly end: number }[],
  change: (text: string, path: ConfigPath) => string,
): string {
  let result = '';
  let done = 0;
  for (const { path, value, start, end } of strings) {
    const changed = change(value, path);
    if (changed !== value) {
      result += text.slice(done, start) + JSON.stringify(changed);
      done = end;
    }
  }
  return result + text.slice(done);
}
