// What the engine trusts and through what it goes out: certificate authorities, per-registry certificates, proxies. main/trust answers.
import { z } from 'zod';
import { call, output, stream } from './define';

export interface CertificateInfo {
  /** SHA-256 of the DER, lower-case hex. */
  readonly fingerprint: string;
  readonly subject: string;
  readonly issuer: string;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly isAuthority: boolean;
}

export interface HostAuthority extends CertificateInfo {
  /** The guest has it by itself, or was given it. */
  readonly inGuest: boolean;
  readonly chosen: boolean;
}

export interface RegistryCertificates {
  /** `host[:port]`, a folder of certs.d. */
  readonly registry: string;
  readonly authorities: readonly CertificateInfo[];
  readonly client?: CertificateInfo;
}

export interface TrustState {
  readonly revision: string;
  /** Authorities of the host that the guest does not bring. */
  readonly host: readonly HostAuthority[];
  /** New ones of the host are taken without asking. */
  readonly followHost: boolean;
  /** Files that the user dropped in. */
  readonly added: readonly CertificateInfo[];
  readonly registries: readonly RegistryCertificates[];
  /** What the guest brings by itself has been seen; before its first start `host` is empty because of that. */
  readonly guestKnown: boolean;
  readonly proxies: Proxies;
  /** Where the host's proxies come from. */
  readonly hostProxies: {
    readonly source: HostProxySource;
    /** Address of a script that chooses for each request, which cannot be followed. */
    readonly pac?: string;
  };
}

export type HostProxySource = 'environment' | 'gnome' | 'macos' | 'windows' | 'none';

/** Credentials in an address are masked (`***`) on the way out; a masked one that comes back means the one that is kept. */
export interface ProxyAddresses {
  readonly http: string;
  readonly https: string;
  readonly noProxy: string;
}

export const proxyModes = ['host', 'manual', 'none'] as const;
export const proxyUsers = ['engine', 'containers', 'builds'] as const;
export type ProxyUser = (typeof proxyUsers)[number];

export interface ProxySetting {
  readonly mode: (typeof proxyModes)[number];
  readonly manual: ProxyAddresses;
  /** What this comes to now. */
  readonly resolved: ProxyAddresses;
}
export type Proxies = Readonly<Record<ProxyUser, ProxySetting>>;

const pem = z.string().max(1024 * 1024);
const registry = z.string().min(1).max(255);
const manual = z.strictObject({ http: z.string().max(2048), https: z.string().max(2048), noProxy: z.string().max(4096) });
const proxy = z.strictObject({ mode: z.enum(proxyModes), manual });
/** Id of the config task that puts it in force; missing where the engine is off and it takes effect at its start. */
const started = output<{ readonly task?: string }>();

export const trustTable = {
  'trust.changes': stream(z.strictObject({}), output<TrustState>(), 'latest'),
  'trust.chooseHost': call(z.strictObject({ fingerprints: z.array(z.string().max(64)).max(1000), followHost: z.boolean() }), started),
  /**
   * PEM, one or several, or base64 DER. Rejects with `trust.notACertificate`, `trust.notAnAuthority`, `trust.expired`, `trust.duplicate`,
   * `trust.privateKey`.
   */
  'trust.addAuthority': call(z.strictObject({ data: pem }), started),
  'trust.removeAuthority': call(z.strictObject({ fingerprint: z.string().max(64) }), started),
  /** Replaces what certs.d has for the registry; all empty removes it. `trust.keyMismatch`, `trust.badRegistry` and their like. Never needs a restart. */
  'trust.setRegistry': call(
    z.strictObject({ registry, authorities: pem, clientCertificate: pem.default(''), clientKey: pem.default('') }),
    /** The name as it is kept. */
    output<{ readonly registry: string }>(),
  ),
  /** Rejects with `trust.badProxy`, `trust.badNoProxy` (which user, which field), `trust.cliConfig`. */
  'trust.setProxies': call(z.strictObject({ engine: proxy.optional(), containers: proxy.optional(), builds: proxy.optional() }), started),
};
