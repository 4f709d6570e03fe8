// Published ports on the host: which listeners there are, for which containers, and whom they forward to.
import type { BerthError, ContainerSummary } from '../../preload/contract';
import type { Dialer } from '../lib/dialer';
import type { ContainerInspect } from '../lib/engine-http';
import type { Logger } from '../lib/logger';
import type { Observable } from '../lib/observable';
import type { PortGate } from '../lib/port-gate';

export interface PortsDeps {
  readonly dialer: Dialer;
  /** undefined = no such container; rejects while the engine is away. */
  inspect(id: string): Promise<ContainerInspect | undefined>;
  readonly containers: Observable<readonly ContainerSummary[]>;
  notify(error: BerthError): void;
  readonly log: Logger;
}

export interface Ports {
  readonly gate: PortGate;
  /** Resolves once everything that running containers publish is listening, or was told as a notice. */
  settle(): Promise<void>;
  dispose(): Promise<void>;
}

export function createPorts(_deps: PortsDeps): Ports {
  throw new Error('not yet');
}
