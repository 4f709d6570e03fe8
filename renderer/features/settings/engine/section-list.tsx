// Which sections the engine's settings have, in their order, and what stands in each. Certificates and proxies come with their own state and need
// nothing from the draft.
import type { ComponentType } from 'react';
import { daemonKeys } from '../../../../preload/contract';
import type { DaemonKeyGroup } from '../../../../preload/contract';
import { CertificatesSection } from '../certificates-section';
import { ProxiesSection } from '../proxies-section';
import { AddressPools } from './address-pools';
import { BuildCache } from './build-cache';
import { ImageStore } from './image-store';
import { LogOptions } from './log-options';
import { MirrorsLink } from './mirrors-link';
import { Ulimits } from './ulimits';

export interface EngineSection {
  readonly id: DaemonKeyGroup;
  /** From top to bottom: keys of the table, and components without properties, which read the draft by `useEngineForm`. */
  readonly parts: readonly (string | ComponentType)[];
  /** Keys that its components edit. */
  readonly covers?: readonly string[];
}

export const engineSections: readonly EngineSection[] = [
  { id: 'registries', parts: [MirrorsLink, 'insecure-registries', CertificatesSection], covers: ['registry-mirrors'] },
  {
    id: 'network',
    parts: ['bip', AddressPools, 'mtu', 'ipv6', 'fixed-cidr-v6', 'userland-proxy'],
    covers: ['default-address-pools'],
  },
  { id: 'dns', parts: ['dns', 'dns-search', 'dns-opts'] },
  { id: 'proxies', parts: [ProxiesSection], covers: ['proxies'] },
  { id: 'logging', parts: ['log-driver', LogOptions, 'debug', 'log-level'], covers: ['log-opts'] },
  {
    id: 'limits',
    parts: ['max-concurrent-downloads', 'max-concurrent-uploads', 'max-download-attempts', Ulimits, 'default-shm-size'],
    covers: ['default-ulimits'],
  },
  { id: 'storage', parts: [ImageStore, 'storage-driver'], covers: ['features'] },
  { id: 'builder', parts: [BuildCache], covers: ['builder'] },
  { id: 'runtime', parts: ['live-restore', 'shutdown-timeout', 'default-runtime', 'experimental'] },
  { id: 'other', parts: ['metrics-addr', 'labels'] },
];

const placed: ReadonlySet<string> = new Set(
  engineSections.flatMap(({ parts, covers = [] }) => [...parts.filter((part) => typeof part === 'string'), ...covers]),
);

/** Keys of the section's group that stand behind "more": nobody placed them. */
export function furtherKeys({ id }: EngineSection): readonly string[] {
  return daemonKeys
    .filter(({ name, group, owned, rare }) => group === id && owned === undefined && rare !== true && !placed.has(name))
    .map(({ name }) => name);
}

/** Keys of no form: what the table calls rare, and what it does not know. They are shown among "other" where the text has them. */
export function strayKeys(present: readonly string[]): readonly string[] {
  return present.filter((name) => daemonKeys.every((key) => key.name !== name || key.rare === true || key.owned !== undefined));
}

export function sectionOf(key: string): DaemonKeyGroup {
  const holder = engineSections.find(({ parts, covers = [] }) => parts.includes(key) || covers.includes(key));
  const entry = daemonKeys.find(({ name }) => name === key);
  return holder?.id ?? (entry === undefined || entry.rare === true || entry.owned !== undefined ? 'other' : entry.group);
}
