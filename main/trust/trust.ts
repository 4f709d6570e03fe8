// What the engine trusts and goes out through: certificate authorities, per-registry certificates, proxies. Kept on the host, given to the guest at
// its boot and when they change. Is handed the engine's configuration and a way to run commands in the guest; knows no VM and no window.
import type { BackendHandlers, BerthError, Notice, Proxies } from '../../preload/contract';
import type { DaemonConfig } from '../daemon-config/daemon-config';
import type { Logger } from '../lib/logger';
import type { Observable } from '../lib/observable';
import type { ExecOptions, ExecResult } from '../ssh/connection';
import type { HostAuthorities } from './host-authorities';
import type { HostProxies } from './host-proxies';

export interface TrustDeps {
  /** The folder of its own: trust.json (0600) and the certificates. */
  readonly folder: string;
  readonly config: DaemonConfig;
  readonly available: Observable<boolean>;
  exec(command: string | readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /** Key of this engine in `proxies` of the docker CLI's config.json. */
  readonly dockerHost: string;
  readonly log: Logger;
  notify(level: Notice['level'], error: BerthError): void;
  readonly env?: NodeJS.ProcessEnv;
  readonly now?: () => number;
  /** This computer's own; tests hand in theirs. */
  readonly hostAuthorities?: HostAuthorities;
  readonly hostProxies?: HostProxies;
}

export type TrustHandlerNames = Extract<keyof BackendHandlers, `trust.${string}`>;

export interface Trust {
  readonly handlers: Pick<BackendHandlers, TrustHandlerNames>;
  /** With credentials: for the backend's own use, never for a page or a log. */
  readonly proxies: Observable<Proxies>;
  /** Environment (`NAME=value`) that every new container gets where it has no value of its own. */
  containerEnv(): readonly string[];
  /** What the docker CLI adds to containers because of its entry for builds: the engine's socket takes it out again. */
  cliEnv(): readonly string[];
  /** For a boot. */
  guestFiles(): Promise<{ readonly authorities: string; readonly registryCertificates: string }>;
  dispose(): void;
}
