// The rule on `POST /containers/create`: a bind mount of a host path is refused (the guest would serve an empty folder), the engine's own socket
// is led to the guest's; proxies of containers come into its environment. Pure: text in, verdict out. Everything else in the body is dockerd's to judge,
// so a body it has no say in passes byte for byte.
import { posix } from 'node:path';

export type CreateVerdict =
  { readonly kind: 'pass' } | { readonly kind: 'rewritten'; readonly text: string } | { readonly kind: 'refused'; readonly path: string };

/** `NAME=value`: what every container gets where it names no value, and what the docker CLI put there for builds, which containers do not get. */
export interface ContainerEnv {
  readonly add: readonly string[];
  readonly drop: readonly string[];
}

export const GUEST_SOCKET = '/run/docker.sock';

type Json = Record<string, unknown>;

/** `isSocket` says whether a normalised host path is the engine's socket. */
export function judgeCreateBody(
  text: string,
  isSocket: (path: string) => boolean,
  env: ContainerEnv = { add: [], drop: [] },
): CreateVerdict {
  const exact = keepBigNumbers(text);
  let body: unknown;
  try {
    body = JSON.parse(exact.text);
  } catch {
    return { kind: 'pass' };
  }
  let rewritten = false as boolean;
  const refused: string[] = [];
  /** The path to mount instead of the source. */
  const lead = (source: string): string => {
    if (!isHostPath(source)) {
      return source;
    }
    if (!isSocket(posix.normalize(source).replace(/(?<=.)\/$/, ''))) {
      refused.push(source);
      return source;
    }
    rewritten = true;
    return GUEST_SOCKET;
  };
  for (const hostConfig of objects(body, 'hostconfig')) {
    for (const binds of arrays(hostConfig, 'binds')) {
      binds.forEach((bind, index) => {
        const [source, rest] = typeof bind === 'string' ? splitBind(bind) : ['', ''];
        binds[index] = rest === '' ? bind : lead(source) + rest;
      });
    }
    for (const mount of arrays(hostConfig, 'mounts').flat().filter(isObject)) {
      const sourceKey = Object.keys(mount).find((key) => key.toLowerCase() === 'source');
      const isBind = Object.entries(mount).some(([key, value]) => key.toLowerCase() === 'type' && value === 'bind');
      const source = sourceKey === undefined ? undefined : mount[sourceKey];
      if (isBind && sourceKey !== undefined && typeof source === 'string') {
        mount[sourceKey] = lead(source);
      }
    }
  }
  if (refused[0] !== undefined) {
    return { kind: 'refused', path: refused[0] };
  }
  rewritten = setEnv(body, env) || rewritten;
  return rewritten ? { kind: 'rewritten', text: exact.restore(JSON.stringify(body)) } : { kind: 'pass' };
}

/** The docker CLI knows one setting for containers and builds; Berth has two, so its values for builds make room here. */
function setEnv(body: unknown, { add, drop }: ContainerEnv): boolean {
  if (!isObject(body) || (add.length === 0 && drop.length === 0)) {
    return false;
  }
  const key = Object.keys(body).findLast((name) => name.toLowerCase() === 'env') ?? 'Env';
  const before: readonly unknown[] = Array.isArray(body[key]) ? body[key] : [];
  const own = before.filter((entry) => typeof entry !== 'string' || !drop.includes(entry));
  // `NAME` alone takes the name out of what the image sets: a choice too.
  const named = new Set(own.filter((entry) => typeof entry === 'string').map((entry) => entry.split('=', 1)[0]));
  const after = [...own, ...add.filter((entry) => !named.has(entry.split('=', 1)[0]))];
  if (after.length === before.length && after.every((entry, index) => entry === before[index])) {
    return false;
  }
  body[key] = after;
  return true;
}

/** Relative ones and `~` are left to dockerd, which refuses them in its own words. */
function isHostPath(source: string): boolean {
  return source.startsWith('/') || /^[A-Za-z]:[\\/]/.test(source) || source.startsWith('\\\\');
}

/** `source:target[:options]` -> source and the rest with its colon; a rest of '' = an anonymous volume. */
function splitBind(bind: string): [string, string] {
  const colon = bind.indexOf(':', /^[A-Za-z]:[\\/]/.test(bind) ? 2 : 0);
  return colon < 0 ? [bind, ''] : [bind.slice(0, colon), bind.slice(colon)];
}

/** dockerd's JSON reader ignores the case of keys, so this one does too. */
function valuesOf(parent: unknown, lowerKey: string): unknown[] {
  return isObject(parent)
    ? Object.entries(parent)
        .filter(([key]) => key.toLowerCase() === lowerKey)
        .map(([, value]) => value)
    : [];
}

function objects(parent: unknown, lowerKey: string): Json[] {
  return valuesOf(parent, lowerKey).filter(isObject);
}

function arrays(parent: unknown, lowerKey: string): unknown[][] {
  return valuesOf(parent, lowerKey).filter((value): value is unknown[] => Array.isArray(value));
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Limits such as 9223372036854775807 do not fit a double: they travel through JSON.parse as marked strings. */
function keepBigNumbers(text: string): { text: string; restore(changed: string): string } {
  const mark = '\ue000berth:';
  const marked = text.replace(/"(?:[^"\\]|\\.)*"|(?<![\w.+-])-?[0-9]{16,}(?![0-9.eE])/g, (token) =>
    token.startsWith('"') ? token : `"${mark}${token}"`,
  );
  return { text: marked, restore: (changed) => changed.replace(new RegExp(`"${mark}(-?[0-9]+)"`, 'g'), '$1') };
}
