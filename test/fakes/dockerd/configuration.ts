// The fake engine's daemon.json: the file in its guest, what is in force of it, reload and restart as dockerd does them, and starts that fail.
// Any start fails on `"cgroup-parent": "fake-start-fails"`, and `--validate` refuses "fake-refused"; tests may add their own refusals.
import { daemonKeys } from '../../../preload/contract';
import { documentOf } from '../../../main/daemon-config/store';
import type { DaemonDocument } from '../../../main/daemon-config/daemon-config';
import { parseDocument } from '../../../main/daemon-config/parse';
import type { FakeContainer, FakeImage, Model } from './model';

export interface FakeConfiguration {
  /** /run/berth/daemon.json */
  file: string;
  /** A process of dockerd runs, and answers. */
  readonly up: boolean;
  /** What dockerd has read. */
  readonly inForce: DaemonDocument;
  /** How often dockerd was started. */
  readonly starts: number;
  /** Words of a start that fails on this document. */
  failStart: (document: DaemonDocument) => string | undefined;
  /** Keys that dockerd passes over in silence. */
  readonly ignores: Set<string>;
  validate(text: string): { readonly code: number; readonly words: string };
  /** SIGHUP; false where no dockerd runs. */
  reload(): boolean;
  /** False where it does not start. */
  restart(): boolean;
  /** As by kill -9; the guest starts it again at once. */
  kill(): void;
  log(): readonly string[];
  /** The part of /info that this decides. */
  info(): Readonly<Record<string, unknown>>;
  bridge(): Readonly<Record<string, unknown>>;
}

const reloads = new Set(daemonKeys.filter(({ apply }) => apply === 'reload').map(({ name }) => name));

export function createFakeConfiguration(model: Model, onEnd: () => void = () => undefined): FakeConfiguration {
  const log: string[] = [];
  /** The containerd image store and the classic one see each other's content in no way. */
  const hidden: { images: [string, FakeImage][]; containers: [string, FakeContainer][] } = { images: [], containers: [] };
  let inForce: DaemonDocument = { 'live-restore': true, 'shutdown-timeout': 50 };
  let up = true;
  let starts = 1;

  const strings = (key: string): readonly string[] => (inForce[key] as readonly string[] | undefined) ?? [];
  const containerdStore = (document: DaemonDocument): boolean =>
    (document['features'] as Record<string, unknown> | undefined)?.['containerd-snapshotter'] === true;

  function swapStores(): void {
    const { images, containers } = hidden;
    hidden.images = [...model.images];
    hidden.containers = [...model.containers];
    model.images.clear();
    model.containers.clear();
    images.forEach(([id, image]) => model.images.set(id, image));
    containers.forEach(([id, container]) => model.containers.set(id, container));
  }

  function start(): boolean {
    starts += 1;
    const document = documentOf(configuration.file);
    const words =
      configuration.failStart(document) ??
      (document['cgroup-parent'] === 'fake-start-fails' ? 'cgroup-parent "fake-start-fails" is not supported' : undefined);
    if (words !== undefined) {
      log.push(`failed to start daemon: ${words}`);
      up = false;
      return false;
    }
    if (containerdStore(document) !== containerdStore(inForce)) {
      swapStores();
    }
    const ignored = Object.entries(inForce).filter(([key]) => configuration.ignores.has(key));
    const taken = Object.entries(document).filter(([key]) => !configuration.ignores.has(key));
    inForce = Object.fromEntries([...taken, ...ignored]);
    up = true;
    log.push('time="2026-01-01T00:00:00Z" level=info msg="API listen on /run/docker.sock"');
    return true;
  }

  function end(): void {
    const keeps = inForce['live-restore'] === true && documentOf(configuration.file)['live-restore'] === true;
    if (up && !keeps) {
      [...model.containers.values()].filter(({ state }) => state === 'running').forEach((each) => model.exit(each, each.stopCode));
    }
    up = false;
    onEnd();
  }

  const configuration: FakeConfiguration = {
    file: JSON.stringify(inForce),
    get up() {
      return up;
    },
    get inForce() {
      return inForce;
    },
    get starts() {
      return starts;
    },
    failStart: () => undefined,
    ignores: new Set(),
    validate(text) {
      const { document } = parseDocument(text);
      const refused =
        document === undefined ? 'invalid JSON' : document['cgroup-parent'] === 'fake-refused' ? 'cgroup-parent: fake-refused' : '';
      return refused === ''
        ? { code: 0, words: 'configuration OK' }
        : { code: 1, words: `unable to configure the Docker daemon with file /dev/stdin: ${refused}` };
    },
    reload() {
      if (!up) {
        return false;
      }
      const document = documentOf(configuration.file);
      // A key that went away keeps its old value.
      const taken = Object.entries(document).filter(([key]) => reloads.has(key) && !configuration.ignores.has(key));
      inForce = { ...inForce, ...Object.fromEntries(taken) };
      const attributes = Object.entries(inForce)
        .filter(([key]) => reloads.has(key))
        .map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)] as const);
      model.emit('daemon', 'reload', 'fake', Object.fromEntries(attributes));
      return true;
    },
    restart() {
      end();
      return start();
    },
    kill() {
      up = false;
      onEnd();
      start();
    },
    log: () => log,
    info: () => ({
      Driver: containerdStore(inForce) ? 'overlayfs' : (inForce['storage-driver'] ?? 'overlay2'),
      DriverStatus: containerdStore(inForce) ? [['driver-type', 'io.containerd.snapshotter.v1']] : [['Backing Filesystem', 'extfs']],
      LiveRestoreEnabled: inForce['live-restore'] ?? false,
      Debug: inForce['debug'] ?? false,
      ExperimentalBuild: inForce['experimental'] ?? false,
      Labels: strings('labels'),
      LoggingDriver: inForce['log-driver'] ?? 'json-file',
      DefaultRuntime: inForce['default-runtime'] ?? 'runc',
      HttpProxy: proxy('http-proxy'),
      HttpsProxy: proxy('https-proxy'),
      NoProxy: proxy('no-proxy'),
      Swarm: { LocalNodeState: 'inactive' },
      RegistryConfig: {
        Mirrors: strings('registry-mirrors').map((url) => url.replace(/\/?$/, '/')),
        InsecureRegistryCIDRs: ['::1/128', '127.0.0.0/8', ...strings('insecure-registries').filter((each) => each.includes('/'))],
        IndexConfigs: Object.fromEntries(
          [['docker.io', true] as const, ...strings('insecure-registries').map((each) => [each, false] as const)]
            .filter(([name]) => !name.includes('/'))
            .map(([Name, Secure]) => [Name, { Name, Secure }]),
        ),
      },
      ...(inForce['default-address-pools'] === undefined
        ? {}
        : {
            DefaultAddressPools: (inForce['default-address-pools'] as readonly Record<string, unknown>[]).map(({ base, size }) => ({
              Base: base,
              Size: size,
            })),
          }),
    }),
    bridge() {
      const [gateway = '172.17.0.1', size = '16'] = ((inForce['bip'] as string | undefined) ?? '172.17.0.1/16').split('/');
      const subnet = `${gateway.split('.').slice(0, 2).join('.')}.0.0/${size}`;
      return {
        Name: 'bridge',
        IPAM: { Config: [{ Subnet: subnet, Gateway: gateway }] },
        Options: { 'com.docker.network.driver.mtu': String((inForce['mtu'] as number | undefined) ?? 1500) },
      };
    },
  };

  function proxy(key: string): string {
    const value = (inForce['proxies'] as Record<string, string> | undefined)?.[key] ?? '';
    return value.replace(/^([a-z]+:\/\/)[^@]*@/, '$1xxxxx:xxxxx@');
  }

  return configuration;
}
