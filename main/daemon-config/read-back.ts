// What the engine says is in force, beside what was asked for: every key that `docker info`, the default bridge or a reload's event shows.
// Pure. A key that none of them shows is taken for in force.
import type { ConfigDifference } from '../../preload/contract';
import type { DaemonDocument } from './daemon-config';

export type Info = Readonly<Record<string, unknown>>;
/** Attributes of dockerd's reload event. */
export type ReloadEvent = Readonly<Record<string, string>>;

/** `undefined` = it does not say. */
type Reader = (info: Info) => unknown;

interface Shown {
  readonly read: Reader;
  /** As `read` would show what the document asks for; without it the value itself, or `unset` where there is none. */
  readonly asked?: (value: unknown) => unknown;
  readonly unset?: unknown;
}

const shown: Readonly<Record<string, Shown>> = {
  'registry-mirrors': { read: (info) => mirrorsInForce(info), asked: (value) => strings(value).map(withoutSlash), unset: [] },
  'insecure-registries': { read: insecure, asked: (value) => sorted(strings(value).map((each) => each.toLowerCase())), unset: [] },
  'live-restore': { read: (info) => info['LiveRestoreEnabled'], unset: false },
  debug: { read: (info) => info['Debug'], unset: false },
  experimental: { read: (info) => info['ExperimentalBuild'], unset: false },
  labels: { read: (info) => sorted(strings(info['Labels'])), asked: (value) => sorted(strings(value)), unset: [] },
  'log-driver': { read: (info) => info['LoggingDriver'], unset: 'json-file' },
  'default-runtime': { read: (info) => info['DefaultRuntime'], unset: 'runc' },
  // The containerd image store has drivers of its own; which store it is, is the next key.
  'storage-driver': { read: (info) => (usesContainerd(info) ? undefined : info['Driver']) },
  features: { read: (info) => usesContainerd(info), asked: (value) => record(value)['containerd-snapshotter'] === true, unset: false },
  'default-address-pools': { read: (info) => info['DefaultAddressPools'] ?? [], asked: pools, unset: [] },
  proxies: {
    read: (info) => ['HttpProxy', 'HttpsProxy', 'NoProxy'].map((key) => withoutCredentials(info[key])),
    asked: (value) => ['http-proxy', 'https-proxy', 'no-proxy'].map((key) => withoutCredentials(record(value)[key])),
    unset: ['', '', ''],
  },
  bip: { read: bridgeAddress },
  mtu: { read: (info) => numberOf(record(record(info['Bridge'])['Options'])['com.docker.network.driver.mtu']), unset: 1500 },
};

/** For `keys` only; of everything that is shown where they are missing. */
export function differences(document: DaemonDocument, info: Info, keys: readonly string[] = Object.keys(shown)): ConfigDifference[] {
  const result: ConfigDifference[] = [];
  for (const key of keys) {
    const how = shown[key];
    const value = document[key];
    const inForce = how?.read(info);
    const asked = value === undefined || value === null ? how?.unset : how?.asked === undefined ? value : how.asked(value);
    if (inForce !== undefined && asked !== undefined && !same(asked, inForce)) {
      result.push({ key, asked, inForce });
    }
  }
  return result;
}

/** Whether dockerd, whose file was changed, has surely not read it: no key has its new value, and none keeps silent about it. */
export function surelyUnread(before: DaemonDocument, after: DaemonDocument, info: Info, keys: readonly string[]): boolean {
  return keys.every((key) => {
    if (allShown(after, info, [key])) {
      return differences(after, info, [key]).length > 0;
    }
    return allShown(before, info, [key]) && differences(before, info, [key]).length === 0;
  });
}

/** Whether the engine can be asked for each of these keys. */
export function allShown(document: DaemonDocument, info: Info, keys: readonly string[]): boolean {
  return keys.every((key) => {
    const how = shown[key];
    return how?.read(info) !== undefined && (document[key] !== undefined || how.unset !== undefined);
  });
}

/** The keys whose value in the event is not the one that was asked for; only plain ones can be compared with dockerd's print of them. */
export function eventDifferences(document: DaemonDocument, event: ReloadEvent, keys: readonly string[]): ConfigDifference[] {
  return keys.flatMap((key) => {
    const asked = document[key];
    const inForce = event[key];
    const plain = typeof asked === 'number' || typeof asked === 'boolean';
    return plain && inForce !== undefined && inForce !== String(asked) ? [{ key, asked, inForce }] : [];
  });
}

export function mirrorsInForce(info: Info): string[] {
  return strings(record(info['RegistryConfig'])['Mirrors']).map(withoutSlash);
}

export function swarmActive(info: Info): boolean {
  const state = record(info['Swarm'])['LocalNodeState'];
  return state === 'active' || state === 'pending' || state === 'locked';
}

export function usesContainerd(info: Info): boolean {
  return JSON.stringify(info['DriverStatus'] ?? []).includes('io.containerd.snapshotter');
}

/** dockerd adds the loopback networks by itself. */
function insecure(info: Info): unknown {
  const config = info['RegistryConfig'];
  if (config === undefined || config === null) {
    return undefined;
  }
  const { InsecureRegistryCIDRs, IndexConfigs } = record(config);
  const hosts = Object.entries(record(IndexConfigs)).filter(([, index]) => record(index)['Secure'] === false);
  const networks = strings(InsecureRegistryCIDRs).filter((cidr) => cidr !== '127.0.0.0/8' && cidr !== '::1/128');
  return sorted([...networks, ...hosts.map(([name]) => name)]);
}

/** `10.77.0.1/24`, as the key has it. */
function bridgeAddress(info: Info): unknown {
  const config = record(record(info['Bridge'])['IPAM'])['Config'];
  const first = record(Array.isArray(config) ? (config as unknown[])[0] : undefined);
  const { Gateway, Subnet } = first;
  return typeof Gateway === 'string' && typeof Subnet === 'string' ? `${Gateway}/${Subnet.split('/')[1] ?? ''}` : undefined;
}

function pools(value: unknown): unknown {
  return Array.isArray(value) ? value.map((pool) => ({ Base: record(pool)['base'], Size: record(pool)['size'] })) : [];
}

/** dockerd masks them in its answer. */
function withoutCredentials(value: unknown): string {
  return typeof value === 'string' ? value.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^@/]*@/i, '$1') : '';
}

function withoutSlash(url: string): string {
  return url.replace(/\/$/, '');
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'string' && value !== '' ? Number(value) : undefined;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];
}

function sorted(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
