// Of a range of ports (`-p 8000-8010:80`), and of all for `-P` and `-p 80`, dockerd takes one that is free, and it looks in the guest. What a program
// of this computer has is therefore taken there too while a container starts: dockerd passes it over then, as it does where both are one machine.
// TCP only; of a wide range, and of all, the first thousand where the system does not list those that are listened on (it does on Linux).
import type { Duplex } from 'node:stream';
import { settledWithin } from '../lib/async';
import type { ContainerInspect } from '../lib/engine-http';
import { bindTcp } from './free-port';
import { listeningPorts } from './port-owner';
import { rangesOf, type PublishTo } from './rules';

/** Of one range: more are not tried one by one. */
const MOST = 1000;

const TAKE_MS = 2000;

/** Listens at an address of the guest; `ready` rejects where something else does. */
export type Serve = (place: string, onStream: (stream: Duplex) => void) => { readonly ready: Promise<void>; stop(): void };

export interface PassedOver {
  /** Never rejects: without it the container starts all the same. The result ends it, once. */
  begin(container: ContainerInspect, publish: PublishTo): Promise<() => void>;
}

/** `holds`: whether it is published already, which dockerd knows. */
export function createPassedOver(serve: Serve, holds: (port: number) => boolean): PassedOver {
  /** By port: starts at the same time share one. */
  const taken = new Map<number, { users: number; readonly listener: ReturnType<Serve> }>();

  const take = async (port: number): Promise<void> => {
    const found = taken.get(port) ?? { users: 0, listener: serve(`127.0.0.1:${port}`, (stream) => stream.destroy()) };
    taken.set(port, found);
    found.users += 1;
    // What the guest has already, for a container's port perhaps, dockerd passes over by itself.
    await settledWithin(found.listener.ready, TAKE_MS);
  };
  const leave = (port: number): void => {
    const found = taken.get(port);
    if (found !== undefined && --found.users === 0) {
      taken.delete(port);
      found.listener.stop();
    }
  };

  return {
    async begin(container, publish) {
      const ports = new Set<number>();
      for (const { addresses, first, last } of rangesOf(container, publish)) {
        const listening = last - first < MOST ? undefined : await listeningPorts();
        const candidates =
          listening?.filter((port) => port >= first && port <= last) ??
          Array.from({ length: Math.min(last - first + 1, MOST) }, (_, index) => first + index);
        for (const port of candidates.filter((each) => !holds(each))) {
          const codes = await Promise.all(addresses.map((address) => bindTcp(address, port)));
          if (codes.includes('EADDRINUSE')) {
            ports.add(port);
          }
        }
      }
      await Promise.allSettled([...ports].map(take));
      return () => {
        ports.forEach(leave);
        ports.clear();
      };
    },
  };
}
