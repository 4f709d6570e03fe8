// The only reader of dockerd's JSON for containers and images: raw in, the contract's shapes out.
// Tolerant: a missing or mistyped field becomes its empty value, because engines of other versions and builds answer too.
import type { ContainerDetail, ContainerState, ContainerSummary, HealthState, ImageSummary, PublishedPort } from '../../preload/contract';
import { list, number, record, text, textRecord, texts } from '../lib/json';
import type { Json } from '../lib/json';

const STATES: readonly ContainerState[] = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'];
const PROTOCOLS: readonly PublishedPort['protocol'][] = ['tcp', 'udp', 'sctp'];

/** What events and earlier answers know of a container and its row in a list does not say. */
export interface ContainerTimes {
  readonly startedAt?: number;
  readonly finishedAt?: number;
  readonly exitCode?: number;
}

function stateOf(value: unknown): ContainerState {
  return STATES.find((state) => state === value) ?? 'dead';
}

function healthOf(row: Json, status: string): HealthState {
  const said = text(record(row['Health'])['Status']);
  if (said === 'starting' || said === 'healthy' || said === 'unhealthy') {
    return said;
  }
  return status.includes('(healthy)')
    ? 'healthy'
    : status.includes('(unhealthy)')
      ? 'unhealthy'
      : status.includes('(health: starting)')
        ? 'starting'
        : 'none';
}

function portOf(value: unknown): PublishedPort | undefined {
  const port = record(value);
  const containerPort = number(port['PrivatePort']);
  const protocol = PROTOCOLS.find((each) => each === port['Type']);
  if (containerPort === undefined || protocol === undefined) {
    return undefined;
  }
  const hostPort = number(port['PublicPort']);
  return { containerPort, protocol, ...(hostPort === undefined || hostPort === 0 ? {} : { hostPort, hostAddress: text(port['IP']) }) };
}

function portsOf(value: unknown): readonly PublishedPort[] {
  const order = (port: PublishedPort): string =>
    `${String(port.containerPort).padStart(5)}${port.protocol}${String(port.hostPort ?? 0).padStart(5)}${port.hostAddress ?? ''}`;
  return list(value)
    .map(portOf)
    .filter((port) => port !== undefined)
    .sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

function mountsOf(value: unknown): { readonly binds?: readonly string[]; readonly volumes?: readonly string[] } {
  const mounts = list(value).map(record);
  const of = (type: string, key: string): readonly string[] =>
    mounts
      .filter((mount) => mount['Type'] === type)
      .map((mount) => text(mount[key]))
      .sort();
  const [binds, volumes] = [of('bind', 'Source'), of('volume', 'Name')];
  return { ...(binds.length === 0 ? {} : { binds }), ...(volumes.length === 0 ? {} : { volumes }) };
}

const UNIT_SECONDS: Readonly<Record<string, number>> = {
  second: 1,
  minute: 60,
  hour: 3600,
  day: 86_400,
  week: 604_800,
  month: 2_592_000,
  year: 31_536_000,
};

/** dockerd's rounded words ("About an hour", "3 minutes") in milliseconds. */
export function durationOf(words: string): number | undefined {
  const found = /(Less than a|About a|About an|\d+) (second|minute|hour|day|week|month|year)s?/.exec(words);
  if (found === null) {
    return undefined;
  }
  const count = found[1] === 'Less than a' ? 0 : Number(found[1]) || 1;
  return count * (UNIT_SECONDS[found[2] ?? ''] ?? 0) * 1000;
}

/** Lists give times in words only: as good as those, until an event or an inspect says better. */
function timesOf(state: ContainerState, status: string, at: number): ContainerTimes {
  const age = durationOf(status);
  const code = /^(?:Exited|Restarting) \((-?\d+)\)/.exec(status)?.[1];
  return {
    ...(age !== undefined && (state === 'running' || state === 'paused') ? { startedAt: at - age } : {}),
    ...(age !== undefined && (state === 'exited' || state === 'restarting') ? { finishedAt: at - age } : {}),
    ...(code === undefined ? {} : { exitCode: Number(code) }),
  };
}

export function containerSummary(value: unknown, at: number, known: ContainerTimes = {}): ContainerSummary | undefined {
  const row = record(value);
  const id = text(row['Id']);
  if (id === '') {
    return undefined;
  }
  const labels = textRecord(row['Labels']);
  const status = text(row['Status']);
  const state = stateOf(row['State']);
  const project = labels['com.docker.compose.project'];
  const service = labels['com.docker.compose.service'];
  // Of several names (legacy links) the shortest is the container's own.
  const name = [...texts(row['Names'])].sort((a, b) => a.split('/').length - b.split('/').length)[0] ?? '';
  return {
    id,
    name: name.replace(/^\//, ''),
    image: text(row['Image']),
    imageId: text(row['ImageID']),
    command: text(row['Command']),
    state,
    status,
    health: healthOf(row, status),
    createdAt: (number(row['Created']) ?? 0) * 1000,
    ...timesOf(state, status, at),
    ...known,
    ports: portsOf(row['Ports']),
    ...mountsOf(row['Mounts']),
    ...(project === undefined ? {} : { project }),
    ...(service === undefined ? {} : { service }),
    labels,
  };
}

export function imageSummary(value: unknown): ImageSummary | undefined {
  const row = record(value);
  const id = text(row['Id']);
  if (id === '') {
    return undefined;
  }
  const tags = texts(row['RepoTags']).filter((tag) => !tag.includes('<none>'));
  return {
    id,
    tags,
    digests: texts(row['RepoDigests']).filter((digest) => !digest.includes('<none>')),
    sizeBytes: number(row['Size']) ?? 0,
    createdAt: (number(row['Created']) ?? 0) * 1000,
    dangling: tags.length === 0,
    usedBy: [],
  };
}

/** RFC 3339; dockerd's zero time is no time. */
function timeOf(value: unknown): number | undefined {
  const time = Date.parse(text(value));
  return Number.isNaN(time) || time <= 0 ? undefined : time;
}

function portsOfInspect(value: unknown): readonly PublishedPort[] {
  return portsOf(
    Object.entries(record(value)).flatMap(([key, bindings]) => {
      const [port, Type] = key.split('/');
      const PrivatePort = Number(port);
      const bound = list(bindings).map((binding) => ({
        PrivatePort,
        Type,
        IP: record(binding)['HostIp'],
        PublicPort: Number(record(binding)['HostPort']),
      }));
      return bound.length > 0 ? bound : [{ PrivatePort, Type }];
    }),
  );
}

export function containerDetail(raw: unknown): ContainerDetail {
  const root = record(raw);
  const state = record(root['State']);
  const config = record(root['Config']);
  const policy = record(record(root['HostConfig'])['RestartPolicy']);
  const network = record(root['NetworkSettings']);
  const labels = textRecord(config['Labels']);
  const status = stateOf(state['Status']);
  const startedAt = timeOf(state['StartedAt']);
  const finishedAt = timeOf(state['FinishedAt']);
  const exitCode = number(state['ExitCode']);
  const health = text(record(state['Health'])['Status']);
  const project = labels['com.docker.compose.project'];
  const service = labels['com.docker.compose.service'];
  return {
    summary: {
      id: text(root['Id']),
      name: text(root['Name']).replace(/^\//, ''),
      image: text(config['Image']),
      imageId: text(root['Image']),
      command: [text(root['Path']), ...texts(root['Args'])].join(' ').trim(),
      state: status,
      status,
      health: health === 'starting' || health === 'healthy' || health === 'unhealthy' ? health : 'none',
      createdAt: timeOf(root['Created']) ?? 0,
      ...(startedAt === undefined ? {} : { startedAt }),
      ...(finishedAt === undefined ? {} : { finishedAt }),
      ...(exitCode === undefined || status === 'running' || status === 'created' ? {} : { exitCode }),
      ports: portsOfInspect(network['Ports']),
      ...(project === undefined ? {} : { project }),
      ...(service === undefined ? {} : { service }),
      labels,
    },
    restartPolicy: text(policy['Name']) || 'no',
    restartCount: number(root['RestartCount']) ?? 0,
    env: texts(config['Env']),
    mounts: list(root['Mounts']).map((each) => {
      const mount = record(each);
      return {
        type: text(mount['Type']),
        source: text(mount['Name']) || text(mount['Source']),
        destination: text(mount['Destination']),
        readOnly: mount['RW'] === false,
      };
    }),
    networks: Object.entries(record(network['Networks'])).map(([name, each]) => {
      const endpoint = record(each);
      return { name, address: text(endpoint['IPAddress']), gateway: text(endpoint['Gateway']), mac: text(endpoint['MacAddress']) };
    }),
    tty: config['Tty'] === true,
    user: text(config['User']),
    workingDir: text(config['WorkingDir']),
    entrypoint: texts(config['Entrypoint']),
    cmd: texts(config['Cmd']),
    oomKilled: state['OOMKilled'] === true,
    error: text(state['Error']),
    raw,
  };
}
