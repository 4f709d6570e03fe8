// A settings file's text -> settings, field by field: what is wrong is replaced by the last good value or the default, and named.
// Pure: knows no files.
import { settingsSchema } from '../../preload/contract';
import type { Settings } from '../../preload/contract';
import { isObject, valueAt } from '../lib/json';

/** A newer number is refused untouched. */
export const SETTINGS_FORMAT = 1;

export type RawSettings = Readonly<Record<string, unknown>>;

export interface BadField {
  /** Dotted path. */
  readonly field: string;
  readonly reason: string;
  readonly value: string;
}

export type ReadResult =
  | { readonly kind: 'good'; readonly raw: RawSettings; readonly settings: Settings; readonly bad: readonly BadField[] }
  | { readonly kind: 'corrupt' }
  | { readonly kind: 'newer'; readonly found: number };

/** From format N to N + 1. A step never drops keys that it does not know. */
const migrations: Readonly<Record<number, (raw: RawSettings) => RawSettings>> = {};

export function readSettings(text: string, lastGood: RawSettings = {}): ReadResult {
  const raw = parseObject(text);
  if (raw === undefined) {
    return { kind: 'corrupt' };
  }
  const format = raw['format'];
  if (typeof format === 'number' && format > SETTINGS_FORMAT) {
    return { kind: 'newer', found: format };
  }
  const bad: BadField[] = [];
  let fixed = migrate(raw, format);
  for (;;) {
    const parsed = settingsSchema.safeParse(fixed);
    if (parsed.success) {
      return { kind: 'good', raw: { ...fixed, format: SETTINGS_FORMAT }, settings: parsed.data, bad };
    }
    const issue = parsed.error.issues[0];
    const path = (issue?.path ?? []).map(String);
    if (path.length === 0) {
      return { kind: 'corrupt' };
    }
    const seen = bad.some(({ field }) => field === path.join('.'));
    if (!seen) {
      bad.push({ field: path.join('.'), reason: issue?.message ?? '', value: show(valueAt(fixed, path)) });
    }
    // A last good value that is wrong too is dropped in the second round: then the default holds.
    fixed = withValue(fixed, path, seen ? undefined : valueAt(lastGood, path));
  }
}

/** The file's text for new settings; keys that we do not know stay where they were. */
export function mergeSettings(raw: RawSettings, settings: Settings): RawSettings {
  return { format: SETTINGS_FORMAT, ...(merge(raw, settings) as RawSettings) };
}

function merge(old: unknown, value: unknown): unknown {
  return isObject(old) && isObject(value)
    ? { ...old, ...Object.fromEntries(Object.entries(value).map(([key, v]) => [key, merge(old[key], v)])) }
    : value;
}

function migrate(raw: RawSettings, format: unknown): RawSettings {
  let result = raw;
  for (let from = typeof format === 'number' ? format : SETTINGS_FORMAT; from < SETTINGS_FORMAT; from += 1) {
    result = migrations[from]?.(result) ?? result;
  }
  return result;
}

function parseObject(text: string): RawSettings | undefined {
  try {
    // Editors on Windows put a byte order mark in front.
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function withValue(raw: RawSettings, [key = '', ...rest]: readonly string[], value: unknown): RawSettings {
  if (rest.length === 0) {
    const { [key]: _, ...others } = raw;
    return value === undefined ? others : { ...others, [key]: value };
  }
  const inner = raw[key];
  return { ...raw, [key]: withValue(isObject(inner) ? inner : {}, rest, value) };
}

function show(value: unknown): string {
  return (JSON.stringify(value) as string | undefined)?.slice(0, 100) ?? '';
}
