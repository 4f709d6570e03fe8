// Prefix mirrors, for registries that dockerd's own mirrors do not serve: their rules, and which reference a pull asks for instead. Pure.
import { BerthError } from '../../preload/contract';
import type { PrefixMirror } from '../../preload/contract';
import type { PullRoute } from '../lib/pull-guard';

const LABELS = '[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*';
const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const HOST = new RegExp(`^(?:${LABELS}|\\[[0-9a-f:]+\\])(?::\\d{1,5})?$`);
const PATH = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const HUB = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);

/** dockerd's rule: what stands before the first slash is a host if it looks like one. */
export function splitRegistry(reference: string): { readonly registry: string; readonly rest: string } {
  const slash = reference.indexOf('/');
  const first = reference.slice(0, Math.max(slash, 0));
  if (slash === -1 || !(/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase())) {
    return { registry: 'docker.io', rest: slash === -1 ? `library/${reference}` : reference };
  }
  const rest = reference.slice(slash + 1);
  return HUB.has(first) ? { registry: 'docker.io', rest: rest.includes('/') ? rest : `library/${rest}` } : { registry: first, rest };
}

export function isDockerHub(reference: string): boolean {
  return splitRegistry(reference).registry === 'docker.io';
}

/** Throws `mirrors.badPrefix`. */
export function normalisePrefix(written: string): string {
  const text = written
    .trim()
    .replace(/^https:\/\//i, '')
    .replace(/\/+$/, '')
    .toLowerCase();
  const [host = '', ...path] = text.split('/');
  const looksLikeHost = HOST.test(host) && (/[.:]/.test(host) || host === 'localhost');
  if (text.length > 255 || !looksLikeHost || (path.length > 0 && !PATH.test(path.join('/')))) {
    throw new BerthError('mirrors.badPrefix', { prefix: written.slice(0, 80) });
  }
  return text;
}

/** Throws `mirrors.badPrefix` or `mirrors.badRegistry`. */
export function checkPrefixes(prefixes: readonly PrefixMirror[]): readonly PrefixMirror[] {
  const seen = new Set<string>();
  return prefixes.map(({ registry: written, prefix, always }) => {
    const registry = written.trim().toLowerCase();
    if (!HOST.test(registry) || !/[.:]/.test(registry) || HUB.has(registry) || seen.has(registry)) {
      throw new BerthError('mirrors.badRegistry', { registry: written.slice(0, 80) });
    }
    seen.add(registry);
    return { registry, prefix: normalisePrefix(prefix), always };
  });
}

export function routeOf(reference: string, via: string | undefined, rules: readonly PrefixMirror[]): PullRoute | undefined {
  const { registry, rest } = splitRegistry(reference);
  const prefix = via ?? rules.find((rule) => rule.always && rule.registry === registry)?.prefix ?? '';
  if (prefix === '') {
    return undefined;
  }
  const mirror = normalisePrefix(prefix);
  return { from: `${mirror}/${rest}`, mirror, registry };
}
