// What the fake engine says of its disk, and its prunes: `/system/df` as API 1.51 has it, and deletions that the next count shows.
import { filtersOf, Refusal, reply, type Exchange, type Route } from './http';
import type { FakeContainer, FakeImage, Model } from './model';

/** As dockerd marks a volume that was made without a name. */
const ANONYMOUS = 'com.docker.volume.anonymous';

export function diskUsageRoutes(model: Model): Route[] {
  const containersOf = (image: FakeImage): number => [...model.containers.values()].filter(({ imageId }) => imageId === image.id).length;
  const usersOf = (volume: string): FakeContainer[] =>
    [...model.containers.values()].filter(({ binds }) => binds.some((bind) => bind.startsWith(`${volume}:`)));
  const live = ({ state }: FakeContainer): boolean => state === 'running' || state === 'paused' || state === 'restarting';

  function df({ response }: Exchange): void {
    reply(response, 200, {
      LayersSize: sum([...model.images.values()].map(({ sizeBytes }) => sizeBytes)),
      Images: [...model.images.values()].map((image) => ({
        Id: image.id,
        RepoTags: image.tags,
        Size: image.sizeBytes,
        SharedSize: 0,
        Containers: containersOf(image),
      })),
      Containers: [...model.containers.values()].map(({ id, name, state }) => ({
        Id: id,
        Names: [`/${name}`],
        State: state,
        SizeRw: model.writtenBytes,
      })),
      Volumes: [...model.volumes].map(([Name, { bytes = 0, anonymous = false }]) => ({
        Name,
        Driver: 'local',
        Labels: anonymous ? { [ANONYMOUS]: '' } : null,
        UsageData: { Size: bytes, RefCount: usersOf(Name).length },
      })),
      BuildCache: [...model.buildCache].map(([ID, Size]) => ({ ID, Type: 'regular', InUse: false, Shared: false, Size })),
    });
  }

  function pruneContainers({ response }: Exchange): void {
    const gone = [...model.containers.values()].filter((container) => !live(container));
    gone.forEach(model.remove);
    reply(response, 200, { ContainersDeleted: gone.map(({ id }) => id), SpaceReclaimed: gone.length * model.writtenBytes });
  }

  function pruneImages({ query, response }: Exchange): void {
    const all = filtersOf(query)['dangling']?.includes('false') === true;
    const gone = [...model.images.values()].filter((image) => containersOf(image) === 0 && (all || image.tags.length === 0));
    for (const { id } of gone) {
      model.images.delete(id);
      model.emit('image', 'delete', id, { name: id });
    }
    reply(response, 200, {
      ImagesDeleted: gone.map(({ id }) => ({ Deleted: id })),
      SpaceReclaimed: sum(gone.map((each) => each.sizeBytes)),
    });
  }

  function pruneBuildCache({ response }: Exchange): void {
    const SpaceReclaimed = sum([...model.buildCache.values()]);
    const CachesDeleted = [...model.buildCache.keys()];
    model.buildCache.clear();
    reply(response, 200, { CachesDeleted, SpaceReclaimed });
  }

  function removeVolume({ match: [name = ''], response }: Exchange): void {
    if (!model.volumes.has(name)) {
      throw new Refusal(404, `get ${name}: no such volume`);
    }
    const users = usersOf(name);
    if (users.length > 0) {
      throw new Refusal(409, `remove ${name}: volume is in use - [${users.map(({ id }) => id).join(', ')}]`);
    }
    model.volumes.delete(name);
    model.emit('volume', 'destroy', name, { driver: 'local' });
    response.writeHead(204).end();
  }

  return [
    ['GET', /^\/system\/df$/, df],
    ['POST', /^\/containers\/prune$/, pruneContainers],
    ['POST', /^\/images\/prune$/, pruneImages],
    ['POST', /^\/build\/prune$/, pruneBuildCache],
    ['DELETE', /^\/volumes\/([^/]+)$/, removeVolume],
  ];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
