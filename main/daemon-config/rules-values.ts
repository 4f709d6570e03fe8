// Values that several keys have: sizes, durations, addresses, host:port. As dockerd's own readers take them.
import { parseAddress } from './ip';
import { show } from './problems';
import type { Rule, RuleContext } from './rule';

/** go-units RAMInBytes: `10m`, `1.5 GB`, `64MiB`, `100`. */
export function isSize(text: string): boolean {
  return /^\d+(?:\.\d*)? ?(?:b|[kmgtp](?:i?b)?)?$/i.test(text);
}

/** Go's time.ParseDuration. */
export function isDuration(text: string): boolean {
  return text === '0' || /^[+-]?(?:\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h))+$/.test(text);
}

/** Go's strconv.ParseBool. */
export function isBool(text: string): boolean {
  return /^(?:1|t|T|true|TRUE|True|0|f|F|false|FALSE|False)$/.test(text);
}

export function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65535;
}

/** `host:port`, `host` or `[::1]:port`. undefined = neither. */
export function splitHostPort(text: string): { readonly host: string; readonly port?: string } | undefined {
  const [, bracketed, name, port] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::([^:]*))?$/.exec(text) ?? [];
  const host = bracketed ?? name;
  return host === undefined ? undefined : { host, ...(port !== undefined && { port }) };
}

/** distribution's DomainRegexp without the port. */
export function isDomain(text: string): boolean {
  return /^(?:[a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9])(?:\.(?:[a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9]))*$/i.test(text);
}

export const sizeRule: Rule<string> = (value, at) => {
  if (!isSize(value)) {
    at.problems.error('config.badSize', at.path, { value: show(value, at.path), example: '10m' });
  }
};

export const addressRule: Rule<string> = (value, at) => {
  if (parseAddress(value) === undefined) {
    at.problems.error('config.badAddress', at.path, { value: show(value, at.path), family: 'IPv4, IPv6' });
  }
};

/** The same rule for each entry of a list. */
export function each(rule: Rule<string>): Rule<readonly string[]> {
  return (value, at) => value.forEach((item, index) => rule(item, { ...at, path: [...at.path, index] }));
}

/** Entries that stand twice: dockerd takes them, and the second is of no use. */
export const unique: Rule<readonly string[]> = (value, at) => {
  const seen = new Set<string>();
  value.forEach((item, index) => {
    const same = item.replace(/\/+$/, '').toLowerCase();
    if (seen.has(same)) {
      at.problems.warning('config.duplicateItem', [...at.path, index], { value: show(item, at.path) });
    }
    seen.add(same);
  });
};

/** Reports `code` with the value, and its trimmed form as the fix where that alone was wrong. True = there is white space. */
export function hasSpace(value: string, at: RuleContext): boolean {
  if (!/\s/.test(value)) {
    return false;
  }
  const trimmed = value.trim();
  at.problems.error('config.space', at.path, { value: show(value, at.path) }, /\s/.test(trimmed) || trimmed === '' ? undefined : trimmed);
  return true;
}

/** A path in the guest, whose system is made anew at every boot: only what Berth brings is there. */
export function guestPath(present: readonly string[]): Rule<string> {
  return (value, at) => {
    if (value !== '' && !present.includes(value)) {
      at.problems.warning('config.guestPath', at.path, { value: show(value, at.path) });
    }
  };
}
