// The engine's socket on the host, as clients of Docker see it: a listening socket that outlives VM and engine.
import type { BerthError } from '../../preload/contract';
import type { Dialer } from '../lib/dialer';
import type { Logger } from '../lib/logger';
import type { Observable } from '../lib/observable';
import type { PortGate } from '../lib/port-gate';

export interface EngineSocketActivity {
  /** Requests that keep the VM from being idle: not pings, events, stats and reads. */
  readonly openRequests: number;
}

export interface EngineSocketDeps {
  readonly path: string;
  readonly dialer: Dialer;
  /** undefined = the engine may be dialled; else why not. */
  available(): BerthError | undefined;
  readonly ports: PortGate;
  /** The error's English words, from the locale files. */
  describe(error: BerthError): string;
  readonly log: Logger;
}

export interface EngineSocket {
  readonly activity: Observable<EngineSocketActivity>;
  dispose(): Promise<void>;
}

export async function createEngineSocket(_deps: EngineSocketDeps): Promise<EngineSocket> {
  throw new Error('not yet');
}
