// Containers of the fake engine: list, inspect, create, start, stop, restart, pause, remove, wait; refusals in dockerd's own words.
import { filtersOf, readJson, Refusal, reply, sleep, type Exchange, type Route } from './http';
import type { FakeContainer, FakePort, Model } from './model';

interface CreateBody {
  readonly Image?: string;
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly Tty?: boolean;
  readonly Labels?: Record<string, string>;
  readonly HostConfig?: {
    readonly PortBindings?: Record<string, readonly { readonly HostIp?: string; readonly HostPort?: string }[]>;
    readonly Binds?: readonly string[];
    readonly Mounts?: readonly { readonly Source?: string; readonly Target?: string; readonly ReadOnly?: boolean }[];
    readonly RestartPolicy?: { readonly Name?: string };
    readonly AutoRemove?: boolean;
  };
}

function ago(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return seconds < 1
    ? 'Less than a second'
    : seconds < 60
      ? `${seconds} seconds`
      : seconds < 120
        ? 'About a minute'
        : seconds < 3600
          ? `${Math.floor(seconds / 60)} minutes`
          : `${Math.floor(seconds / 3600)} hours`;
}

function statusOf(container: FakeContainer, now: number): string {
  const health = container.health === 'none' ? '' : container.health === 'starting' ? ' (health: starting)' : ` (${container.health})`;
  switch (container.state) {
    case 'running':
      return `Up ${ago(now - container.startedAt)}${health}`;
    case 'paused':
      return `Up ${ago(now - container.startedAt)} (Paused)`;
    case 'restarting':
      return `Restarting (${container.exitCode}) ${ago(now - container.finishedAt)} ago`;
    case 'exited':
      return `Exited (${container.exitCode}) ${ago(now - container.finishedAt)} ago`;
    default:
      return container.state === 'created' ? 'Created' : 'Dead';
  }
}

/** dockerd counts a paused one as running. */
function isUp({ state }: FakeContainer): boolean {
  return state === 'running' || state === 'paused';
}

function listed(container: FakeContainer, now: number): unknown {
  return {
    Id: container.id,
    Names: [`/${container.name}`],
    Image: container.image,
    ImageID: container.imageId,
    Command: container.command.join(' '),
    Created: Math.floor(container.createdAt / 1000),
    Ports: isUp(container) ? container.ports.map(({ asked: _, ...port }) => port) : [],
    Labels: container.labels,
    State: container.state,
    Status: statusOf(container, now),
    HostConfig: { NetworkMode: 'bridge' },
    NetworkSettings: { Networks: { bridge: { IPAddress: container.address } } },
    Mounts: container.binds.map(mountOf),
  };
}

function mountOf(bind: string): unknown {
  const [source = '', path, mode] = bind.split(':');
  const where = source.startsWith('/')
    ? { Type: 'bind', Source: source }
    : { Type: 'volume', Name: source, Source: `/var/lib/docker/volumes/${source}/_data` };
  return { ...where, Destination: path, RW: mode !== 'ro' };
}

function inspected(container: FakeContainer): unknown {
  const time = (ms: number): string => (ms === 0 ? '0001-01-01T00:00:00Z' : new Date(ms).toISOString());
  return {
    Id: container.id,
    Name: `/${container.name}`,
    Created: time(container.createdAt),
    Image: container.imageId,
    Path: container.command[0] ?? '',
    Args: container.command.slice(1),
    RestartCount: 0,
    State: {
      Status: container.state,
      Running: isUp(container),
      Paused: container.state === 'paused',
      OOMKilled: false,
      ExitCode: container.exitCode,
      Error: '',
      StartedAt: time(container.startedAt),
      FinishedAt: time(container.finishedAt),
      ...(container.health === 'none' ? {} : { Health: { Status: container.health } }),
    },
    Config: {
      Image: container.image,
      Env: container.env,
      Cmd: container.command,
      Entrypoint: null,
      Labels: container.labels,
      Tty: container.tty,
      User: '',
      WorkingDir: '/',
    },
    HostConfig: {
      Binds: container.binds,
      RestartPolicy: { Name: container.restartPolicy },
      AutoRemove: container.autoRemove,
      PortBindings: Object.fromEntries(
        container.ports.flatMap(({ PrivatePort, PublicPort, Type, asked = '' }) =>
          PublicPort === undefined ? [] : [[`${PrivatePort}/${Type}`, [{ HostIp: asked, HostPort: String(PublicPort) }]]],
        ),
      ),
    },
    Mounts: container.binds.map(mountOf),
    NetworkSettings: {
      Ports: Object.fromEntries(
        container.ports.map((port) => [
          `${port.PrivatePort}/${port.Type}`,
          port.PublicPort === undefined ? null : [{ HostIp: port.IP ?? '0.0.0.0', HostPort: String(port.PublicPort) }],
        ]),
      ),
      Networks: { bridge: { IPAddress: container.address, Gateway: '172.17.0.1', MacAddress: '02:42:ac:11:00:02' } },
    },
  };
}

export function containerRoutes(model: Model): Route[] {
  function found({ match }: Exchange): FakeContainer {
    const container = model.findContainer(match[0] ?? '');
    if (container === undefined) {
      throw new Refusal(404, `No such container: ${match[0]}`);
    }
    return container;
  }

  function list({ query, response }: Exchange): void {
    const ids = filtersOf(query)['id'];
    const all = query.get('all') === '1' || query.get('all') === 'true';
    const chosen = [...model.containers.values()].filter((each) =>
      ids === undefined ? all || isUp(each) : ids.some((id) => each.id.startsWith(id)),
    );
    const now = model.now();
    reply(
      response,
      200,
      chosen.map((container) => listed(container, now)),
    );
  }

  async function create({ request, query, response }: Exchange): Promise<void> {
    const body = (await readJson(request)) as CreateBody;
    const reference = body.Image ?? '';
    if (/[A-Z ]|^-|::/.test(reference.split(':')[0] ?? '')) {
      throw new Refusal(400, 'invalid reference format: repository name must be lowercase');
    }
    const image = model.findImage(reference);
    if (image === undefined) {
      throw new Refusal(404, `No such image: ${reference.includes(':') ? reference : `${reference}:latest`}`);
    }
    const name = query.get('name') ?? undefined;
    const taken = name === undefined ? undefined : model.findContainer(name);
    if (taken !== undefined) {
      throw new Refusal(
        409,
        `Conflict. The container name "/${name}" is already in use by container "${taken.id}". You have to remove (or rename) that container to be able to reuse that name.`,
      );
    }
    let next = 32_768 + model.containers.size;
    const ports = Object.entries(body.HostConfig?.PortBindings ?? {}).flatMap(([key, bindings]) =>
      bindings.map((binding): FakePort => {
        const [port, protocol] = key.split('/');
        return {
          IP: binding.HostIp ?? '0.0.0.0',
          PrivatePort: Number(port),
          PublicPort: Number(binding.HostPort ?? '') || next++,
          Type: protocol === 'udp' ? 'udp' : 'tcp',
        };
      }),
    );
    const container = model.addContainer({
      ...(name === undefined ? {} : { name }),
      image: reference,
      imageId: image.id,
      command: body.Cmd !== undefined && body.Cmd.length > 0 ? body.Cmd : ['serve'],
      ports,
      env: body.Env ?? [],
      tty: body.Tty ?? false,
      labels: body.Labels ?? {},
      binds: [
        ...(body.HostConfig?.Binds ?? []),
        ...(body.HostConfig?.Mounts ?? []).map((mount) => `${mount.Source}:${mount.Target}${mount.ReadOnly === true ? ':ro' : ''}`),
      ],
      restartPolicy: body.HostConfig?.RestartPolicy?.Name ?? 'no',
      autoRemove: body.HostConfig?.AutoRemove ?? false,
    });
    model.emitContainer(container, 'create');
    reply(response, 201, { Id: container.id, Warnings: [] });
  }

  function begin(container: FakeContainer): void {
    const rival = container.ports.find(
      (port) =>
        port.PublicPort !== undefined &&
        [...model.containers.values()].some(
          (each) => each !== container && isUp(each) && each.ports.some((other) => other.PublicPort === port.PublicPort),
        ),
    );
    if (rival !== undefined) {
      throw new Refusal(
        500,
        `failed to set up container networking: driver failed programming external connectivity on endpoint ${container.name} (8ae2): Bind for ${rival.IP}:${rival.PublicPort} failed: port is already allocated`,
      );
    }
    const command = container.command[0] ?? '';
    if (command.startsWith('nosuch')) {
      container.exitCode = 127;
      throw new Refusal(
        400,
        `failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: "${command}": executable file not found in $PATH: unknown`,
      );
    }
    model.start(container);
    if (command === 'exit' || command === 'true' || command === 'false') {
      setTimeout(() => model.exit(container, command === 'exit' ? Number(container.command[1] ?? 0) : command === 'false' ? 1 : 0), 20);
    }
  }

  function start(exchange: Exchange): void {
    const container = found(exchange);
    if (container.state === 'paused') {
      throw new Refusal(409, 'cannot start a paused container, try unpause instead');
    }
    if (container.state === 'running') {
      reply(exchange.response, 304);
      return;
    }
    begin(container);
    reply(exchange.response, 204);
  }

  function stop(exchange: Exchange): void {
    const container = found(exchange);
    if (!isUp(container)) {
      reply(exchange.response, 304);
      return;
    }
    model.emitContainer(container, 'kill', { signal: '15' });
    model.exit(container, container.stopCode);
    model.emitContainer(container, 'stop');
    reply(exchange.response, 204);
  }

  function restart(exchange: Exchange): void {
    const container = found(exchange);
    if (isUp(container)) {
      model.exit(container, 143);
    }
    begin(container);
    model.emitContainer(container, 'restart');
    reply(exchange.response, 204);
  }

  function pause(exchange: Exchange): void {
    const container = found(exchange);
    if (container.state !== 'running') {
      throw new Refusal(409, `Container ${container.id} is ${container.state === 'paused' ? 'already paused' : 'not running'}`);
    }
    container.state = 'paused';
    model.emitContainer(container, 'pause');
    reply(exchange.response, 204);
  }

  function unpause(exchange: Exchange): void {
    const container = found(exchange);
    if (container.state !== 'paused') {
      throw new Refusal(500, `Container ${container.id} is not paused`);
    }
    container.state = 'running';
    model.emitContainer(container, 'unpause');
    reply(exchange.response, 204);
  }

  function remove(exchange: Exchange): void {
    const container = found(exchange);
    const force = exchange.query.get('force') === '1' || exchange.query.get('force') === 'true';
    if (isUp(container) && !force) {
      throw new Refusal(
        409,
        `cannot remove container "${container.name}": container is running: stop the container before removing or force remove`,
      );
    }
    if (isUp(container)) {
      model.exit(container, 137);
    }
    model.remove(container);
    reply(exchange.response, 204);
  }

  async function wait(exchange: Exchange): Promise<void> {
    const container = found(exchange);
    exchange.response.writeHead(200, { 'Content-Type': 'application/json' });
    exchange.response.flushHeaders();
    while (isUp(container)) {
      await sleep(5, exchange.gone);
    }
    exchange.response.end(JSON.stringify({ StatusCode: container.exitCode }));
  }

  return [
    ['GET', /^\/containers\/json$/, list],
    ['POST', /^\/containers\/create$/, create],
    ['GET', /^\/containers\/([^/]+)\/json$/, (exchange) => reply(exchange.response, 200, inspected(found(exchange)))],
    ['POST', /^\/containers\/([^/]+)\/start$/, start],
    ['POST', /^\/containers\/([^/]+)\/stop$/, stop],
    ['POST', /^\/containers\/([^/]+)\/restart$/, restart],
    ['POST', /^\/containers\/([^/]+)\/pause$/, pause],
    ['POST', /^\/containers\/([^/]+)\/unpause$/, unpause],
    ['POST', /^\/containers\/([^/]+)\/wait$/, wait],
    ['DELETE', /^\/containers\/([^/]+)$/, remove],
  ];
}
