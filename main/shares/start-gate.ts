// What stands before a container's start besides its ports: what it binds must be there. A share that was removed or is away since the create would
// otherwise be an empty folder that dockerd makes in its place.
import type { JudgeBind } from '../lib/binds';
import { boundSources } from '../lib/binds';
import type { ContainerInspect } from '../lib/engine-http';
import type { PortGate } from '../lib/port-gate';

export interface StartGateDeps {
  readonly ports: PortGate;
  /** undefined = no such container. */
  readonly inspect: (id: string) => Promise<ContainerInspect | undefined>;
  readonly judge: JudgeBind;
}

export function createStartGate({ ports, inspect, judge }: StartGateDeps): PortGate {
  return {
    ...ports,
    async prepare(id) {
      // A container that is not there is dockerd's to refuse.
      const found = await inspect(id);
      const sources = boundSources(found);
      for (const verdict of await Promise.all(sources.map(judge))) {
        if ('error' in verdict) {
          throw verdict.error;
        }
      }
      await ports.prepare(id, found);
    },
  };
}
