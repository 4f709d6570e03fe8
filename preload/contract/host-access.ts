// Who of the containers reaches services of this computer, and its DNS as the guest sees it. main/host-access answers.
import { z } from 'zod';
import { call, output, stream } from './define';
import type { WireError } from './errors';

/** `all`: every service that listens on this computer's loopback; `list`: the ports that are named; `none`. */
export const hostAccessModes = ['all', 'list', 'none'] as const;
export type HostAccess = (typeof hostAccessModes)[number];

/** What lies below the guest's network card: QEMU's own user network, which leads to the loopback whatever is set, or passt, which does not. */
export const networkBackends = ['user', 'passt'] as const;
export type NetworkBackend = (typeof networkBackends)[number];

export interface VmNetwork {
  readonly backend: NetworkBackend;
  /** `host.notEnforced`: another one was wanted for what was set at the VM's start. */
  readonly error?: WireError;
}

/** What each container can call this computer. */
export const hostNames = ['host.docker.internal', 'gateway.docker.internal'] as const;

export const MAX_HOST_PORTS = 64;

/** A list as people write it: numbers between commas or spaces. undefined: something else is in it, or too many are. */
export function parseHostPorts(text: string): readonly number[] | undefined {
  const words = text.split(/[\s,，、]+/).filter((word) => word !== '');
  const ports = [...new Set(words.map(Number))];
  const fits = words.every((word) => /^\d{1,5}$/.test(word)) && ports.every((port) => port >= 1 && port <= 65535);
  return fits && ports.length <= MAX_HOST_PORTS ? ports : undefined;
}

/** A port of the list, with passt: a listener in the guest that leads to 127.0.0.1, or else ::1, of this computer. */
export interface HostPort {
  readonly port: number;
  /** `own`: a door of Berth's, which is never opened; `waiting`: not open in the guest (yet), or this network leads to every port anyway. */
  readonly state: 'open' | 'waiting' | 'own';
  /** Open now. */
  readonly connections: number;
}

export interface HostAccessStatus {
  /** As set. */
  readonly access: HostAccess;
  readonly ports: readonly HostPort[];
  /** What the names lead to in the VM that runs. */
  readonly address: string;
  /** Of the VM that runs. */
  readonly network?: VmNetwork;
  /** The VM that runs keeps to what is set. */
  readonly enforced: boolean;
  /** Why what is set is not enforced, or would not be by a VM that is started now. */
  readonly error?: WireError;
  /** The other network takes the place of this one at the next start of the VM. */
  readonly pendingRestart: boolean;
}

/** Locale `host` (`dns.<name>`). `silent`: none of the servers answers this computer; `guest`: they do, and the guest gets nothing. */
export const dnsStates = ['ok', 'noServers', 'silent', 'guest'] as const;

export interface DnsHealth {
  readonly state: (typeof dnsStates)[number];
  readonly servers: readonly { readonly address: string; readonly milliseconds?: number }[];
  /** The guest's own question, missing while the VM does not run. */
  readonly guestMilliseconds?: number;
}

export const hostAccessTable = {
  'host.changes': stream(z.strictObject({}), output<HostAccessStatus>(), 'latest'),
  /** Asks this computer's servers, and through the guest; seconds at most. */
  'host.dns': call(z.strictObject({}), output<DnsHealth>()),
};
