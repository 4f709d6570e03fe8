// What stands before a container's start: the host's ports are bound first, so that a taken one fails the caller.
// main/ports implements it; the engine's socket and the engine's own handlers ask it. Ids may be names or prefixes, as dockerd takes them.
import type { ContainerInspect } from './engine-http';

export interface PortGate {
  /**
   * Binds what the container publishes on fixed ports and holds it. Rejects with `ports.inUse` or `ports.notAllowed`; nothing is held then.
   * `known`: who asks has inspected it just now.
   */
  prepare(id: string, known?: ContainerInspect): Promise<void>;
  /** After the engine's 204: binds what the engine chose (-P, -p 80), and forwards to the container. Ends the hold. */
  confirm(id: string): Promise<void>;
  /** After a start that failed: ends the hold, and closes what nothing else needs. */
  release(id: string): Promise<void>;
  /** After a stop, kill or removal went through: closes what is no longer published. */
  changed(id: string): Promise<void>;
}

/** For tests and for engines without ports of their own. */
export const openGate: PortGate = {
  prepare: () => Promise.resolve(),
  confirm: () => Promise.resolve(),
  release: () => Promise.resolve(),
  changed: () => Promise.resolve(),
};
