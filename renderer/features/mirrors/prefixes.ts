// Prefix mirrors as they are typed: what is wrong with a line, before the backend is asked. Pure.
import type { PrefixMirror } from '../../../preload/contract';
import type { PrefixLine } from '../../state/slices/mirrors';

export type PrefixProblem = 'registryEmpty' | 'registryForm' | 'prefixEmpty' | 'prefixForm' | 'hub' | 'same' | 'twice';

const HOST = /^(?=.{1,255}$)(localhost|[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+)(:\d{1,5})?$/;
const HUB = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);
const PATH = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$/;

/** What is copied from a browser loses its scheme and its last slash. */
export function tidy(text: string): string {
  return text
    .trim()
    .replace(/^https:\/\//i, '')
    .replace(/\/+$/, '')
    .toLowerCase();
}

export function problemOf(
  line: PrefixLine,
  all: readonly PrefixLine[],
): { readonly field: 'registry' | 'prefix'; readonly problem: PrefixProblem } | undefined {
  const registry = tidy(line.registry);
  const prefix = tidy(line.prefix);
  if (registry === '') {
    return { field: 'registry', problem: 'registryEmpty' };
  }
  if (!HOST.test(registry)) {
    return { field: 'registry', problem: 'registryForm' };
  }
  if (HUB.has(registry)) {
    return { field: 'registry', problem: 'hub' };
  }
  if (all.slice(0, all.indexOf(line)).some((other) => tidy(other.registry) === registry)) {
    return { field: 'registry', problem: 'twice' };
  }
  if (prefix === '') {
    return { field: 'prefix', problem: 'prefixEmpty' };
  }
  const [host = '', ...path] = prefix.split('/');
  if (!HOST.test(host) || !path.every((part) => PATH.test(part))) {
    return { field: 'prefix', problem: 'prefixForm' };
  }
  if (prefix === registry) {
    return { field: 'prefix', problem: 'same' };
  }
  return undefined;
}

export function valuesOf(lines: readonly PrefixLine[]): readonly PrefixMirror[] {
  return lines.map(({ registry, prefix, always }) => ({ registry: tidy(registry), prefix: tidy(prefix), always }));
}

export function samePrefixes(a: readonly PrefixMirror[], b: readonly PrefixMirror[]): boolean {
  const text = (list: readonly PrefixMirror[]): string =>
    list.map(({ registry, prefix, always }) => `${registry} ${prefix} ${always}`).join('\n');
  return text(a) === text(b);
}
