// KEY and VALUE of `berth config set`: the place in daemon.json that a dotted key means, and what a word stands for by the type of dockerd's table.
// Pure; whether a value is right is the backend's to say.
import { daemonKeys } from '../../preload/contract';
import type { DaemonKey, DaemonKeyType } from '../../preload/contract';
import { isObject } from '../lib/json';
import type { Json } from '../lib/json';

export interface Place {
  readonly path: readonly string[];
  /** undefined = the table does not know the place, or anything may stand there. */
  readonly type: DaemonKeyType | undefined;
}

type Field = Pick<DaemonKey, 'name' | 'type' | 'fields'>;

/** `log-opts.max-size` → `log-opts`, `max-size`. Names in a map may hold dots themselves. */
export function placeOf(key: string, fields: readonly Field[] = daemonKeys): Place {
  const field = fields.find(({ name }) => key === name) ?? fields.find(({ name }) => key.startsWith(`${name}.`));
  if (field === undefined) {
    return { path: key.split('.'), type: undefined };
  }
  if (key === field.name) {
    return { path: [key], type: field.type };
  }
  const rest = key.slice(field.name.length + 1);
  const below = placeBelow(rest, field);
  return { path: [field.name, ...below.path], type: below.type };
}

function placeBelow(rest: string, { type, fields }: Field): Place {
  switch (type) {
    case 'stringMap':
      return { path: [rest], type: 'string' };
    case 'object':
      return placeOf(rest, fields ?? []);
    case 'objectMap': {
      const name = fields?.find((field) => rest.endsWith(`.${field.name}`));
      return name === undefined
        ? { path: [rest], type: 'object' }
        : { path: [rest.slice(0, -name.name.length - 1), name.name], type: name.type };
    }
    default:
      return { path: rest.split('.'), type: undefined };
  }
}

/** undefined = these words are no value of the type. */
export function valueOf(words: readonly string[], type: DaemonKeyType | undefined): unknown {
  const [word = ''] = words;
  switch (type) {
    case 'strings':
      return words.length === 1 && word.startsWith('[') ? json(word) : words;
    case 'stringMap':
      return words.length === 1 && word.startsWith('{') ? json(word) : pairs(words);
    case 'string':
      return words.length === 1 ? (word.startsWith('"') ? json(word) : word) : undefined;
    case undefined:
      return words.length === 1 ? (json(word) ?? word) : words;
    default:
      return words.length === 1 ? json(word) : undefined;
  }
}

function json(word: string): unknown {
  try {
    return JSON.parse(word) as unknown;
  } catch {
    return undefined;
  }
}

function pairs(words: readonly string[]): Json | undefined {
  const split = words.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)] as const);
  return words.every((word) => word.indexOf('=') > 0) ? Object.fromEntries(split) : undefined;
}

/** The document with the value at the place; `undefined` takes it out, and with it what is empty then. */
export function withValue(document: Json, path: readonly string[], value: unknown): Json {
  const [name = '', ...rest] = path;
  const { [name]: present, ...others } = document;
  const below = rest.length === 0 ? value : withValue(isObject(present) ? present : {}, rest, value);
  const gone = below === undefined || (value === undefined && isObject(below) && Object.keys(below).length === 0);
  // A key that stays keeps its line.
  return gone
    ? others
    : name in document
      ? Object.fromEntries(Object.entries(document).map(([key, old]) => [key, key === name ? below : old]))
      : { ...document, [name]: below };
}
