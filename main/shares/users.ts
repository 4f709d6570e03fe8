// Which running containers bind which folders, out of the engine's list; by volumes with `o=bind` too, which the list knows by name only.
// The same object while nothing of that changes.
import type { ContainerSummary } from '../../preload/contract';
import { volumeSource } from '../lib/binds';
import type { EngineHttp } from '../lib/engine-http';
import type { Logger } from '../lib/logger';
import { createObservable } from '../lib/observable';
import type { Observable } from '../lib/observable';

export interface BindUser {
  readonly name: string;
  readonly binds: readonly string[];
}

export interface BindUsersDeps {
  readonly containers: Observable<readonly ContainerSummary[]>;
  readonly http: Pick<EngineHttp, 'json'>;
  readonly log: Logger;
}

/** Lives as long as the list. */
export function createBindUsers({ containers, http, log }: BindUsersDeps): Observable<readonly BindUser[]> {
  const users = createObservable<readonly BindUser[]>([]);
  /** What volumes of running containers bind; a volume cannot become another one while it is used. */
  const sources = new Map<string, string | undefined>();
  const asked = new Set<string>();

  const look = (): void => {
    const running = containers.get().filter(({ state }) => state === 'running' || state === 'paused' || state === 'restarting');
    const names = new Set(running.flatMap(({ volumes = [] }) => volumes));
    [...sources.keys()].filter((name) => !names.has(name)).forEach((name) => sources.delete(name));
    const next = running
      .map(({ name, binds = [], volumes = [] }) => ({
        name,
        binds: [...binds, ...volumes.map((volume) => sources.get(volume)).filter((source) => source !== undefined)],
      }))
      .filter(({ binds }) => binds.length > 0);
    if (JSON.stringify(next) !== JSON.stringify(users.get())) {
      users.set(next);
    }
    const unknown = [...names].filter((name) => !sources.has(name) && !asked.has(name));
    if (unknown.length > 0) {
      unknown.forEach((name) => asked.add(name));
      ask(unknown)
        .catch((error: unknown) => log.debug('volumes not looked at', { error: String(error) }))
        .finally(() => unknown.forEach((name) => asked.delete(name)));
    }
  };

  async function ask(names: readonly string[]): Promise<void> {
    const filters = encodeURIComponent(JSON.stringify({ name: names }));
    const { Volumes } = (await http.json('GET', `/volumes?filters=${filters}`)) as {
      readonly Volumes?: readonly { Name?: string }[] | null;
    };
    names.forEach((name) => sources.set(name, volumeSource((Volumes ?? []).find(({ Name }) => Name === name))));
    look();
  }

  containers.subscribe(look);
  look();
  return users;
}
