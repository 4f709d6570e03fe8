// Swarm services that publish ports on every node ("ingress"): which listeners they want. dockerd keeps them apart from containers, and leads
// any address of the guest to one of the service's tasks. Ports that tasks publish themselves ("host") are ports of their containers.
import type { BerthError } from '../../preload/contract';
import { isBerthError } from '../../preload/contract';
import type { EngineHttp } from '../lib/engine-http';
import { GUEST } from '../lib/guest-network';
import type { Observable } from '../lib/observable';
import type { Board, Tracked } from './board';
import { hostAddresses, type PublishTo, type Wanted } from './rules';

/** The part of dockerd's service JSON that ports need. */
export interface SwarmService {
  readonly ID: string;
  readonly Spec?: { readonly Name?: string };
  readonly Endpoint?: {
    readonly Ports?:
      | readonly {
          readonly Protocol?: string;
          readonly TargetPort?: number;
          readonly PublishedPort?: number;
          readonly PublishMode?: string;
        }[]
      | null;
  };
}

export interface ServicePortsDeps {
  readonly http: EngineHttp;
  readonly board: Board;
  /** Counts up when services may have changed. */
  readonly changes: Observable<number>;
  readonly publish: Observable<PublishTo>;
  serve(service: Tracked, wanted: readonly Wanted[]): Promise<void>;
}

export interface ServicePorts {
  has(id: string): boolean;
  /** Brings the board in line with what dockerd says. Rejects while the engine is away: everything stays then. */
  reconcile(): Promise<void>;
  /** The next look is made even if nothing told of a change. */
  stale(): void;
}

export function createServicePorts(deps: ServicePortsDeps): ServicePorts {
  const { http, board, changes, publish } = deps;
  const known = new Set<string>();
  /** Before anything told of services there are none to look for. */
  let read = 0;
  return {
    has: (id) => known.has(id),
    stale() {
      read = -1;
    },
    async reconcile() {
      const now = changes.get();
      // Who leaves a swarm is told of the containers' ends only, so known services are looked for with every change of the list.
      if (now === read && known.size === 0) {
        return;
      }
      const found = await readServices(http);
      read = now;
      known.clear();
      for (const service of found) {
        const wanted = wantedByService(service, publish.get());
        const name = service.Spec?.Name ?? service.ID;
        const tracked = wanted.length === 0 ? undefined : board.track({ kind: 'service', id: service.ID, name });
        if (tracked !== undefined) {
          known.add(service.ID);
          tracked.address = GUEST.address;
          tracked.started.resolve(undefined);
          board.keepOnly(tracked, wanted);
          await deps.serve(tracked, wanted);
        }
      }
      board
        .all()
        .filter(({ kind, id }) => kind === 'service' && !known.has(id))
        .forEach(({ id }) => board.drop(id));
      await board.settled();
    },
  };
}

/** None where no swarm is active, or only a worker's part of one: that does not know. Rejects while the engine is away. */
async function readServices(http: EngineHttp): Promise<readonly SwarmService[]> {
  try {
    const found = await http.json('GET', '/services');
    return Array.isArray(found) ? (found as SwarmService[]) : [];
  } catch (error) {
    if (isBerthError(error) && error.code === 'engine.away' && /swarm/i.test(wordsOf(error))) {
      return [];
    }
    throw error;
  }
}

export function wantedByService({ Endpoint }: SwarmService, publish: PublishTo): Wanted[] {
  return (Endpoint?.Ports ?? []).flatMap(({ Protocol: protocol, TargetPort, PublishedPort: port = 0, PublishMode }) =>
    (protocol === 'tcp' || protocol === 'udp') && port > 0 && PublishMode !== 'host'
      ? hostAddresses('', publish).map((address) => ({ protocol, address, port, containerPort: TargetPort ?? port, guestPort: port }))
      : [],
  );
}

function wordsOf(error: BerthError): string {
  return String(error.params['reason'] ?? '');
}
