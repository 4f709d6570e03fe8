// Collects what a check finds. A value that is shown has its credentials masked. Pure.
import type { ConfigProblem, ErrorCode, ErrorParams, WireError } from '../../preload/contract';
import { keyName } from './key-name';
import type { ConfigPath } from './key-name';
import { maskValue } from './mask';
import { shorten } from './scan';

/** `key` is made from the path. */
type Params<C extends ErrorCode> = Omit<ErrorParams<C>, 'key'>;

export interface Problems {
  readonly list: readonly ConfigProblem[];
  /** Refuses the document. `fix` is a value for this place that would be right. */
  error<C extends ErrorCode>(code: C, path: ConfigPath, params: Params<C>, fix?: unknown): void;
  /** Must be accepted. */
  warning<C extends ErrorCode>(code: C, path: ConfigPath, params: Params<C>, fix?: unknown): void;
}

export function createProblems(): Problems {
  const list: ConfigProblem[] = [];
  const add = (severity: ConfigProblem['severity'], code: ErrorCode, path: ConfigPath, params: object, fix: unknown): void => {
    const error: WireError = { code, params: { key: keyName(path), ...params } };
    list.push({ severity, error, path, ...(fix !== undefined && { fix }) });
  };
  return {
    list,
    error: (code, path, params, fix) => add('error', code, path, params, fix),
    warning: (code, path, params, fix) => add('warning', code, path, params, fix),
  };
}

/** A value for a message. */
export function show(value: unknown, path: ConfigPath): string {
  const masked = maskValue(value, path);
  return shorten(typeof masked === 'string' ? masked : JSON.stringify(masked));
}
