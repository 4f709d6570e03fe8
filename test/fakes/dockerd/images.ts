// Images, volumes and networks of the fake engine; pulls play a script, so that slowness and refusals can be had at will.
import { readJson, Refusal, reply, send, sleep, type Exchange, type Route } from './http';
import { fakeId, type Model } from './model';

export interface PullScript {
  readonly layers: number;
  readonly layerBytes: number;
  /** Of the whole pull. */
  readonly bytesPerSecond: number;
  /** dockerd's words, as an error line in the midst of the progress. */
  readonly failWith?: string;
  /** Says nothing while this is true, as dockerd does on a mirror that never answers. */
  readonly stallWhile?: () => boolean;
  /** What its Digest line says. */
  readonly digest?: string;
}

export const defaultPull: PullScript = { layers: 4, layerBytes: 8_000_000, bytesPerSecond: 16_000_000 };

/** References whose pull fails, by their beginning. */
function refusalOf(reference: string): Refusal | undefined {
  const name = reference.split(':')[0] ?? '';
  if (/[A-Z ]/.test(name)) {
    return new Refusal(400, 'invalid reference format: repository name must be lowercase');
  }
  if (name.startsWith('denied/')) {
    return new Refusal(
      404,
      `pull access denied for ${name}, repository does not exist or may require 'docker login': denied: requested access to the resource is denied`,
    );
  }
  if (name.startsWith('missing/')) {
    return new Refusal(404, `manifest for ${reference} not found: manifest unknown: manifest unknown`);
  }
  if (name.startsWith('unreachable/')) {
    return new Refusal(500, 'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io on 10.0.2.3:53: no such host');
  }
  return undefined;
}

export function imageRoutes(model: Model, pulls: Map<string, PullScript>): Route[] {
  const finished = new Set<string>();

  async function pull({ query, response, gone }: Exchange): Promise<void> {
    const tag = query.get('tag') ?? '';
    const name = (query.get('fromImage') ?? '').replace(/^docker\.io\/(?:library\/)?/, '');
    const reference = tag === '' ? name : `${name}${tag.startsWith('sha256:') ? '@' : ':'}${tag}`;
    const refused = refusalOf(reference);
    if (refused !== undefined) {
      throw refused;
    }
    const script = pulls.get(reference) ?? defaultPull;
    const line = (value: unknown): Promise<void> => send(response, `${JSON.stringify(value)}\r\n`, gone);
    response.writeHead(200, { 'Content-Type': 'application/json' });
    const layers = Array.from({ length: script.layers }, (_, index) => fakeId(`${reference} layer ${index}`).slice(0, 12));
    await line({ status: `Pulling from ${name}`, id: tag });
    while (script.stallWhile?.() === true) {
      await sleep(5, gone);
    }
    for (const id of layers) {
      await line({ status: finished.has(id) ? 'Already exists' : 'Pulling fs layer', progressDetail: {}, id });
    }
    const total = script.layerBytes;
    for (const [index, id] of layers.entries()) {
      if (finished.has(id)) {
        continue;
      }
      const step = Math.max(1, Math.ceil(script.bytesPerSecond / 50));
      for (let current = 0; current < total; current += step) {
        await line({ status: 'Downloading', progressDetail: { current, total }, progress: `[=>  ] ${current}B/${total}B`, id });
        await sleep(20, gone);
      }
      if (script.failWith !== undefined && index === layers.length - 1) {
        await line({ errorDetail: { message: script.failWith }, error: script.failWith });
        response.end();
        return;
      }
      await line({ status: 'Verifying Checksum', progressDetail: {}, id });
      await line({ status: 'Download complete', progressDetail: {}, id });
      await line({ status: 'Extracting', progressDetail: { current: total / 2, total }, id });
      await line({ status: 'Extracting', progressDetail: { current: total, total }, id });
      await line({ status: 'Pull complete', progressDetail: {}, id });
      finished.add(id);
    }
    const known = model.findImage(reference) !== undefined;
    if (!known) {
      model.addImage([reference], total * script.layers);
    }
    await line({ status: `Digest: ${script.digest ?? `sha256:${fakeId(reference)}`}` });
    await line({ status: `Status: ${known ? 'Image is up to date' : 'Downloaded newer image'} for ${reference}` });
    model.emit('image', 'pull', reference, { name: reference });
    response.end();
  }

  async function load({ request, response, gone }: Exchange): Promise<void> {
    const head: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of request) {
      const buffer = chunk as Buffer;
      bytes += buffer.length;
      if (head.length < 1) {
        head.push(buffer);
      }
    }
    gone.throwIfAborted();
    if (head[0]?.subarray(257, 262).toString() !== 'ustar') {
      throw new Refusal(500, 'archive/tar: invalid tar header');
    }
    const tag = `loaded:${bytes}`;
    model.addImage([tag], bytes);
    model.emit('image', 'load', model.findImage(tag)?.id ?? '', { name: tag });
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(`${JSON.stringify({ stream: `Loaded image: ${tag}\n` })}\r\n`);
  }

  function found(key: string): NonNullable<ReturnType<Model['findImage']>> {
    const image = model.findImage(key);
    if (image === undefined) {
      throw new Refusal(404, `No such image: ${key.includes(':') ? key : `${key}:latest`}`);
    }
    return image;
  }

  function tag({ match, query, response }: Exchange): void {
    const image = found(match[0] ?? '');
    const name = `${query.get('repo') ?? ''}:${query.get('tag') ?? 'latest'}`;
    image.tags = [...image.tags.filter((each) => each !== name), name];
    model.emit('image', 'tag', image.id, { name });
    response.writeHead(201).end();
  }

  function remove({ match, query, response }: Exchange): void {
    const key = match[0] ?? '';
    const image = found(key);
    if (image.tags.length > 1 && image.tags.includes(key)) {
      image.tags = image.tags.filter((each) => each !== key);
      model.emit('image', 'untag', image.id, { name: image.id });
      reply(response, 200, [{ Untagged: key }]);
      return;
    }
    const force = query.get('force') === '1' || query.get('force') === 'true';
    const user = [...model.containers.values()].find((container) => container.imageId === image.id);
    if (user?.state === 'running') {
      throw new Refusal(
        409,
        `conflict: unable to delete ${image.id.slice(7, 19)} (cannot be forced) - image is being used by running container ${user.id.slice(0, 12)}`,
      );
    }
    if (user !== undefined && !force) {
      throw new Refusal(
        409,
        `conflict: unable to remove repository reference "${key}" (must force) - container ${user.id.slice(0, 12)} is using its referenced image ${image.id.slice(7, 19)}`,
      );
    }
    model.images.delete(image.id);
    model.emit('image', 'delete', image.id, { name: image.id });
    reply(response, 200, [...image.tags.map((Untagged) => ({ Untagged })), { Deleted: image.id }]);
  }

  function list({ response }: Exchange): void {
    reply(
      response,
      200,
      [...model.images.values()].map((image) => ({
        Id: image.id,
        RepoTags: image.tags,
        RepoDigests: [],
        Created: Math.floor(image.createdAt / 1000),
        Size: image.sizeBytes,
        Containers: -1,
        Labels: null,
        ParentId: '',
      })),
    );
  }

  const volumeOf = (Name: string): unknown => ({
    Name,
    Driver: 'local',
    Mountpoint: `/var/lib/docker/volumes/${Name}/_data`,
    Scope: 'local',
    Labels: null,
    Options: null,
  });

  async function createVolume({ request, response }: Exchange): Promise<void> {
    const asked = (await readJson(request))['Name'];
    const name = typeof asked === 'string' ? asked : fakeId(`volume ${model.volumes.size}`);
    model.volumes.set(name, { createdAt: model.now() });
    model.emit('volume', 'create', name, { driver: 'local' });
    reply(response, 201, volumeOf(name));
  }

  return [
    ['GET', /^\/images\/json$/, list],
    ['POST', /^\/images\/create$/, pull],
    ['POST', /^\/images\/load$/, load],
    ['POST', /^\/images\/(.+)\/tag$/, tag],
    [
      'GET',
      /^\/images\/(.+)\/json$/,
      ({ match, response }) =>
        reply(
          response,
          200,
          ((image) => ({
            Id: image.id,
            RepoTags: image.tags,
            Size: image.sizeBytes,
            Architecture: 'amd64',
            Os: 'linux',
            Config: { Cmd: ['serve'], Env: [] },
          }))(found(match[0] ?? '')),
        ),
    ],
    ['DELETE', /^\/images\/(.+)$/, remove],
    ['GET', /^\/volumes$/, ({ response }) => reply(response, 200, { Volumes: [...model.volumes.keys()].map(volumeOf), Warnings: null })],
    ['POST', /^\/volumes\/create$/, createVolume],
    [
      'GET',
      /^\/networks$/,
      ({ response }) =>
        reply(
          response,
          200,
          [...model.networks].map(([Id, network]) => ({ Id, Name: network.name, Driver: network.driver, Scope: 'local', Labels: {} })),
        ),
    ],
  ];
}
