// What the fake engine holds: containers, images, volumes and networks, and the events that every change raises, as dockerd raises them.
// Knows nothing of HTTP. Deterministic: the same options give the same ids.
import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';

export type FakeState = 'created' | 'running' | 'paused' | 'restarting' | 'exited' | 'dead';

export interface FakePort {
  readonly IP?: string;
  readonly PrivatePort: number;
  readonly PublicPort?: number;
  readonly Type: 'tcp' | 'udp';
  /** The address that the user named; dockerd reports 0.0.0.0 for none. */
  readonly asked?: string;
}

export interface FakeContainer {
  readonly id: string;
  name: string;
  readonly image: string;
  readonly imageId: string;
  readonly command: readonly string[];
  readonly createdAt: number;
  startedAt: number;
  finishedAt: number;
  state: FakeState;
  exitCode: number;
  health: 'none' | 'starting' | 'healthy' | 'unhealthy';
  readonly ports: readonly FakePort[];
  readonly labels: Record<string, string>;
  readonly tty: boolean;
  readonly env: readonly string[];
  readonly restartPolicy: string;
  readonly binds: readonly string[];
  readonly autoRemove: boolean;
  /** Names that exec finds in the container. */
  shells: readonly string[];
  /** On its network. */
  address: string;
  /** Of a container that is stopped in order. */
  stopCode: number;
}

export interface FakeImage {
  readonly id: string;
  tags: string[];
  readonly sizeBytes: number;
  readonly createdAt: number;
}

export interface FakeVolume {
  readonly createdAt: number;
  readonly bytes?: number;
  /** Made without a name. */
  readonly anonymous?: boolean;
}

export interface FakeEvent {
  readonly Type: 'container' | 'image' | 'volume' | 'network' | 'daemon';
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Record<string, string> };
  readonly scope: 'local';
  readonly time: number;
  readonly timeNano: number;
  readonly status?: string;
  readonly id?: string;
  readonly from?: string;
}

export interface ModelOptions {
  readonly containers?: number;
  readonly images?: number;
  readonly volumes?: number;
  readonly networks?: number;
}

const SERVICES = ['web', 'api', 'db', 'cache', 'worker', 'queue', 'search', 'proxy', 'mail', 'metrics'];
const IMAGES = [
  'nginx:1.29',
  'node:24',
  'postgres:17',
  'redis:8',
  'python:3.14',
  'rabbitmq:4',
  'elasticsearch:9.1.2',
  'traefik:v3',
  'mailpit:1',
  'grafana:12',
];

export function fakeId(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export type Model = ReturnType<typeof createModel>;

export function createModel(options: ModelOptions = {}, now: () => number = Date.now) {
  const events = new EventEmitter().setMaxListeners(0);
  const containers = new Map<string, FakeContainer>();
  const images = new Map<string, FakeImage>();
  const volumes = new Map<string, FakeVolume>();
  const buildCache = new Map<string, number>();
  const networks = new Map<string, { readonly name: string; readonly driver: string }>();
  let made = 0;

  function emit(Type: FakeEvent['Type'], Action: string, ID: string, Attributes: Record<string, string> = {}): void {
    const at = now();
    const old =
      Type === 'container' || Type === 'image'
        ? { status: Action, id: ID, ...(Attributes['image'] === undefined ? {} : { from: Attributes['image'] }) }
        : {};
    const event: FakeEvent = {
      ...old,
      Type,
      Action,
      Actor: { ID, Attributes },
      scope: 'local',
      time: Math.floor(at / 1000),
      timeNano: at * 1_000_000,
    };
    events.emit('event', event);
  }

  function emitContainer(container: FakeContainer, action: string, more: Record<string, string> = {}): void {
    emit('container', action, container.id, { ...container.labels, image: container.image, name: container.name, ...more });
  }

  function addImage(tags: string[], sizeBytes = 20_000_000, createdAt = now()): FakeImage {
    const image = { id: `sha256:${fakeId(`image ${tags.join()} ${images.size}`)}`, tags: [...tags], sizeBytes, createdAt };
    images.set(image.id, image);
    return image;
  }

  function findImage(reference: string): FakeImage | undefined {
    const name = /[:@]/.test(reference.split('/').at(-1) ?? '') ? reference : `${reference}:latest`;
    const hex = reference.replace(/^sha256:/, '');
    return [...images.values()].find(
      (image) => image.tags.includes(name) || image.id === reference || (/^[0-9a-f]{6,}$/.test(hex) && image.id.slice(7).startsWith(hex)),
    );
  }

  function addContainer(part: Partial<FakeContainer> & { readonly name?: string }): FakeContainer {
    made += 1;
    const image = part.image ?? 'nginx:1.29';
    const container: FakeContainer = {
      id: fakeId(`container ${made}`),
      name: part.name ?? `quick_whale_${made}`,
      image,
      imageId: findImage(image)?.id ?? `sha256:${fakeId(image)}`,
      command: ['/docker-entrypoint.sh', 'serve'],
      createdAt: now(),
      startedAt: 0,
      finishedAt: 0,
      state: 'created',
      exitCode: 0,
      health: 'none',
      ports: [],
      labels: {},
      tty: false,
      env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      restartPolicy: 'no',
      binds: [],
      autoRemove: false,
      shells: ['ash', 'sh'],
      address: '172.17.0.2',
      stopCode: 143,
      ...part,
    };
    containers.set(container.id, container);
    return container;
  }

  /** By id, unambiguous prefix or name, as dockerd takes them. */
  function findContainer(key: string): FakeContainer | undefined {
    const all = [...containers.values()];
    const name = key.replace(/^\//, '');
    const prefixed = (): FakeContainer[] => all.filter((container) => container.id.startsWith(key));
    return (
      containers.get(key) ??
      all.find((container) => container.name === name) ??
      (key.length >= 4 && prefixed().length === 1 ? prefixed()[0] : undefined)
    );
  }

  function start(container: FakeContainer): void {
    container.state = 'running';
    container.startedAt = now();
    if (container.health !== 'none') {
      container.health = 'starting';
    }
    emitContainer(container, 'start');
  }

  function exit(container: FakeContainer, exitCode: number): void {
    container.state = 'exited';
    container.exitCode = exitCode;
    container.finishedAt = now();
    emitContainer(container, 'die', { exitCode: String(exitCode) });
    if (container.autoRemove) {
      remove(container);
    }
  }

  function remove(container: FakeContainer): void {
    containers.delete(container.id);
    emitContainer(container, 'destroy');
  }

  for (const reference of IMAGES.slice(0, options.images ?? IMAGES.length)) {
    addImage([reference], 40_000_000 + 1000 * reference.length, now() - 86_400_000);
  }
  for (let index = IMAGES.length; index < (options.images ?? 0); index++) {
    addImage(index % 5 === 0 ? [] : [`registry.example/team/app-${index}:v${index % 7}`], 5_000_000 + index * 1000, now() - index * 60_000);
  }
  for (let index = 0; index < (options.containers ?? 0); index++) {
    const service = SERVICES[index % SERVICES.length] ?? 'web';
    const project = `shop-${Math.floor(index / SERVICES.length)}`;
    const running = index % 10 < 7;
    addContainer({
      name: `${project}-${service}-1`,
      image: IMAGES[index % IMAGES.length] ?? 'nginx:1.29',
      state: running ? 'running' : index % 10 === 7 ? 'created' : 'exited',
      exitCode: index % 10 === 8 ? 137 : 0,
      health: running && index % 3 === 0 ? 'healthy' : 'none',
      createdAt: now() - 3_600_000 - index * 1000,
      startedAt: now() - 600_000 - index * 100,
      finishedAt: now() - 60_000,
      ports:
        index % 4 === 0
          ? [{ IP: '0.0.0.0', PrivatePort: 80, PublicPort: 20_000 + index, Type: 'tcp' }]
          : index % 4 === 1
            ? [{ PrivatePort: 5432, Type: 'tcp' }]
            : [],
      labels: index % 5 === 4 ? {} : { 'com.docker.compose.project': project, 'com.docker.compose.service': service },
    });
  }
  for (let index = 0; index < (options.volumes ?? 3); index++) {
    volumes.set(`data-${index}`, { createdAt: now() });
  }
  for (const name of [
    'bridge',
    'host',
    'none',
    ...Array.from({ length: Math.max(0, (options.networks ?? 3) - 3) }, (_, index) => `net-${index}`),
  ]) {
    networks.set(fakeId(`network ${name}`), { name, driver: name === 'none' ? 'null' : name === 'host' ? 'host' : 'bridge' });
  }

  return {
    now,
    events,
    containers,
    images,
    volumes,
    networks,
    /** Bytes of each entry. */
    buildCache,
    /** Of each container in its own layer. */
    writtenBytes: 0,
    emit,
    emitContainer,
    addImage,
    findImage,
    addContainer,
    findContainer,
    start,
    exit,
    remove,
  };
}
