// Types, ranges and names of a document against the table of keys. Knows no rule of a single key.
import { daemonKeys, logOptions, own } from '../../preload/contract';
import type { DaemonField } from '../../preload/contract';
import { isObject } from '../lib/json';
import type { Json } from '../lib/json';
import type { ConfigPath } from './key-name';
import { nearest } from './nearest';
import { typeName } from './parse';
import { show } from './problems';
import type { Problems } from './problems';

/** Objects that dockerd reads into a map: case counts, and any name is taken. Into a struct it reads without regard to case. */
const MAPS: ReadonlySet<string> = new Set(['log-opts', 'features', 'proxies', 'default-network-opts']);

type Fields = readonly DaemonField[];

/** True = right all the way down, so that its rule may run. */
export function checkType(value: unknown, field: DaemonField, path: ConfigPath, problems: Problems): boolean {
  switch (field.type) {
    case 'boolean':
      return typeof value === 'boolean' || wrong(value, field, path, problems);
    case 'integer':
      return typeof value === 'number' ? inRange(value, field, path, problems) : wrong(value, field, path, problems);
    case 'string':
      return typeof value === 'string' ? isOneOf(value, field, path, problems) : wrong(value, field, path, problems);
    case 'strings':
      return Array.isArray(value) ? all(value, { ...field, type: 'string' }, path, problems) : wrong(value, field, path, problems);
    case 'objects':
      return Array.isArray(value) ? all(value, { ...field, type: 'object' }, path, problems) : wrong(value, field, path, problems);
    case 'stringMap':
      return isObject(value)
        ? every(Object.entries(value), ([name, item]) => checkType(item, { name, type: 'string' }, [...path, name], problems))
        : wrong(value, field, path, problems);
    case 'objectMap':
      return isObject(value)
        ? every(Object.entries(value), ([name, item]) =>
            checkType(item, { ...field, type: field.fields === undefined ? 'stringMap' : 'object' }, [...path, name], problems),
          )
        : wrong(value, field, path, problems);
    case 'object':
      return isObject(value) ? checkFields(value, field.fields, path, problems) : wrong(value, field, path, problems);
  }
}

/** Not Array.every: all of them are looked at. */
function every<T>(items: readonly T[], test: (item: T, index: number) => boolean): boolean {
  return items.map(test).every(Boolean);
}

function all(items: readonly unknown[], field: DaemonField, path: ConfigPath, problems: Problems): boolean {
  return every(items, (item, index) => checkType(item, field, [...path, index], problems));
}

function checkFields(value: Json, fields: Fields | undefined, path: ConfigPath, problems: Problems): boolean {
  if (fields === undefined) {
    return true;
  }
  const exact = MAPS.has(String(path[0]));
  return every(Object.entries(value), ([name, item]) => {
    const field = fields.find((one) => (exact ? one.name === name : one.name.toLowerCase() === name.toLowerCase()));
    if (field !== undefined) {
      return checkType(item, field, [...path, name], problems);
    }
    unknown(
      [...path, name],
      nearest(
        name,
        fields.map((one) => one.name),
      ),
      problems,
    );
    return path[0] !== 'features' || checkType(item, { name, type: 'boolean' }, [...path, name], problems);
  });
}

function wrong(value: unknown, field: DaemonField, path: ConfigPath, problems: Problems): false {
  problems.error('config.wrongType', path, { expected: field.type, found: typeName(value) }, converted(value, field));
  return false;
}

/** What was meant, where that is plain: "true" for true, 3 for "3", one address for a list of one. */
function converted(value: unknown, field: DaemonField): unknown {
  if (field.type === 'boolean') {
    return value === 'true' || value === 1 ? true : value === 'false' || value === 0 ? false : undefined;
  }
  if (field.type === 'integer') {
    return typeof value === 'string' && /^-?\d{1,9}$/.test(value) ? Number(value) : undefined;
  }
  if (field.type === 'string') {
    return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
  }
  return field.type === 'strings' && typeof value === 'string' && value !== ''
    ? value.split(/[\s,]+/).filter((item) => item !== '')
    : undefined;
}

function inRange(value: number, { min, max }: DaemonField, path: ConfigPath, problems: Problems): boolean {
  if (min !== undefined && max !== undefined && (value < min || value > max)) {
    problems.error('config.outOfRange', path, { value: String(value), min, max });
  } else if (min !== undefined && value < min) {
    problems.error('config.tooSmall', path, { value: String(value), min });
  } else {
    return true;
  }
  return false;
}

function isOneOf(value: string, { name, values }: DaemonField, path: ConfigPath, problems: Problems): boolean {
  // An empty string is dockerd's default everywhere; of a log level the case does not count.
  const same = name === 'log-level' ? value.toLowerCase() : value;
  if (values === undefined || value === '' || values.includes(same)) {
    return true;
  }
  problems.error('config.notOneOf', path, { value: show(value, path), values: values.join(', ') }, nearest(value, values));
  return false;
}

/** Names of flags that look like keys, and keys of elsewhere -> what was meant. dockerd takes most of these in silence. */
const MEANT: Readonly<Record<string, string>> = {
  'registry-mirror': 'registry-mirrors',
  mirrors: 'registry-mirrors',
  'insecure-registry': 'insecure-registries',
  'dns-opt': 'dns-opts',
  'dns-options': 'dns-opts',
  label: 'labels',
  'log-opt': 'log-opts',
  'storage-opt': 'storage-opts',
  'exec-opt': 'exec-opts',
  'default-ulimit': 'default-ulimits',
  'default-address-pool': 'default-address-pools',
  'default-network-opt': 'default-network-opts',
  'add-runtime': 'runtimes',
  feature: 'features',
  'cdi-spec-dir': 'cdi-spec-dirs',
  'node-generic-resource': 'node-generic-resources',
  'authorization-plugin': 'authorization-plugins',
  graph: 'data-root',
  'http-proxy': 'proxies.http-proxy',
  'https-proxy': 'proxies.https-proxy',
  httpProxy: 'proxies.http-proxy',
  httpsProxy: 'proxies.https-proxy',
  'no-proxy': 'proxies.no-proxy',
  noProxy: 'proxies.no-proxy',
  'containerd-snapshotter': 'features.containerd-snapshotter',
  buildkit: 'features.buildkit',
  gc: 'builder.gc',
};

const topLevel = daemonKeys.map(({ name }) => name);
const ofLogOpts = new Set(Object.values(logOptions).flat());

export function checkUnknown(name: string, problems: Problems): void {
  const meant = own(MEANT, name) ?? (ofLogOpts.has(name) && name.includes('-') ? `log-opts.${name}` : nearest(name, topLevel));
  unknown([name], meant, problems);
}

function unknown(path: ConfigPath, meant: string | undefined, problems: Problems): void {
  if (meant === undefined) {
    problems.warning('config.unknownKey', path, {});
  } else {
    problems.warning('config.unknownKeyNear', path, { nearest: meant });
  }
}
