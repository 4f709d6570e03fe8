// dockerd's configuration keys as data: type, default, what a change of each costs. Forms, completion and checks are all made from this table.
// What a change of a value costs is in daemon-classes.ts.
// Source: dockerd 28.5.2, `dockerd --help`, moby daemon/config/config.go and daemon/reload.go; what reloads was measured.
import { logFileOptions, logOptions } from './daemon-log-options';

/** What a change costs: `reload` is live, `restart` keeps containers (live-restore), `disruptive` stops containers or hides images. */
export type ApplyClass = 'none' | 'reload' | 'restart' | 'disruptive';

/** In the order in which a form shows them. */
export const daemonKeyGroups = [
  'registries',
  'network',
  'dns',
  'proxies',
  'logging',
  'limits',
  'storage',
  'builder',
  'runtime',
  'other',
] as const;
export type DaemonKeyGroup = (typeof daemonKeyGroups)[number];

export type DaemonKeyType = 'boolean' | 'integer' | 'string' | 'strings' | 'stringMap' | 'object' | 'objects' | 'objectMap';

/** Why a key is Berth's own: its words are in error `config.ownedKey`. */
export type OwnedReason = 'hostAccess' | 'socket' | 'dataDisk' | 'process' | 'tls' | 'containerd';

/** A key's or a field's shape. Texts are in locale `daemon`: `keys.<key>`, `fields.<key>.<name>`, each with `label` and `text`. */
export interface DaemonField {
  /** As in daemon.json; of a field, its name in its object. */
  readonly name: string;
  readonly type: DaemonKeyType;
  /** dockerd's, where it is a constant. */
  readonly default?: unknown;
  /** The only values taken. */
  readonly values?: readonly string[];
  /** Values worth proposing where others are taken too. */
  readonly proposals?: readonly string[];
  /** Of an integer. */
  readonly min?: number;
  readonly max?: number;
  readonly unit?: 'seconds' | 'bytes' | 'size' | 'microseconds';
  /** What a right value looks like. */
  readonly example?: unknown;
  /** Of an object, or of each object of a list or map; missing = any. */
  readonly fields?: readonly DaemonField[];
}

export interface DaemonKey extends DaemonField {
  readonly group: DaemonKeyGroup;
  readonly apply: Exclude<ApplyClass, 'none'>;
  readonly owned?: OwnedReason;
  /** Taken, but of no use in this VM, or about to go: listed apart. */
  readonly rare?: true;
}

const size = { type: 'string', unit: 'size' } as const;

export const daemonKeys: readonly DaemonKey[] = [
  // Registries
  { name: 'registry-mirrors', type: 'strings', group: 'registries', apply: 'reload', default: [], example: ['https://mirror.example'] },
  {
    name: 'insecure-registries',
    type: 'strings',
    group: 'registries',
    apply: 'reload',
    default: [],
    example: ['registry.example:5000', '10.0.0.0/8'],
  },
  { name: 'max-concurrent-downloads', type: 'integer', group: 'registries', apply: 'reload', default: 3, min: 0 },
  { name: 'max-concurrent-uploads', type: 'integer', group: 'registries', apply: 'reload', default: 5, min: 0 },
  { name: 'max-download-attempts', type: 'integer', group: 'registries', apply: 'reload', default: 5, min: 0 },
  { name: 'allow-nondistributable-artifacts', type: 'strings', group: 'registries', apply: 'restart', default: [], rare: true },

  // Network. What belongs to docker0 takes effect only when no container runs: dockerd passes over it otherwise ("updated network configuration
  // will not take affect").
  { name: 'bip', type: 'string', group: 'network', apply: 'disruptive', example: '172.26.0.1/16' },
  { name: 'bip6', type: 'string', group: 'network', apply: 'disruptive', example: 'fd00:0:0:1::1/64' },
  { name: 'mtu', type: 'integer', group: 'network', apply: 'disruptive', default: 1500, min: 0, max: 65535 },
  {
    name: 'default-address-pools',
    type: 'objects',
    group: 'network',
    apply: 'disruptive',
    default: [],
    example: [{ base: '172.30.0.0/16', size: 24 }],
    fields: [
      { name: 'base', type: 'string', example: '172.30.0.0/16' },
      { name: 'size', type: 'integer', min: 1, max: 128, example: 24 },
    ],
  },
  { name: 'ipv6', type: 'boolean', group: 'network', apply: 'disruptive', default: false },
  { name: 'fixed-cidr', type: 'string', group: 'network', apply: 'disruptive', example: '172.26.1.0/24' },
  { name: 'fixed-cidr-v6', type: 'string', group: 'network', apply: 'disruptive', example: 'fd00:0:0:1::/64' },
  { name: 'default-gateway', type: 'string', group: 'network', apply: 'disruptive', example: '172.26.1.1' },
  { name: 'default-gateway-v6', type: 'string', group: 'network', apply: 'disruptive', example: 'fd00:0:0:1::1' },
  { name: 'bridge', type: 'string', group: 'network', apply: 'disruptive', proposals: ['none'] },
  { name: 'ip', type: 'string', group: 'network', apply: 'disruptive', default: '0.0.0.0', proposals: ['0.0.0.0', '127.0.0.1'] },
  { name: 'icc', type: 'boolean', group: 'network', apply: 'disruptive', default: true },
  { name: 'ip-masq', type: 'boolean', group: 'network', apply: 'disruptive', default: true },
  { name: 'userland-proxy', type: 'boolean', group: 'network', apply: 'restart', default: true },
  { name: 'iptables', type: 'boolean', group: 'network', apply: 'disruptive', default: true },
  { name: 'ip6tables', type: 'boolean', group: 'network', apply: 'disruptive', default: true },
  { name: 'ip-forward', type: 'boolean', group: 'network', apply: 'restart', default: true },
  { name: 'ip-forward-no-drop', type: 'boolean', group: 'network', apply: 'restart', default: false },
  { name: 'allow-direct-routing', type: 'boolean', group: 'network', apply: 'restart', default: false },
  {
    name: 'default-network-opts',
    type: 'objectMap',
    group: 'network',
    apply: 'restart',
    example: { bridge: { 'com.docker.network.driver.mtu': '1450' } },
  },
  { name: 'network-control-plane-mtu', type: 'integer', group: 'network', apply: 'restart', default: 1500, rare: true },
  { name: 'network-diagnostic-port', type: 'integer', group: 'network', apply: 'reload', default: 0, min: 0, max: 65535, rare: true },
  { name: 'userland-proxy-path', type: 'string', group: 'network', apply: 'restart', rare: true },

  // DNS
  { name: 'dns', type: 'strings', group: 'dns', apply: 'restart', default: [], example: ['223.5.5.5'] },
  { name: 'dns-search', type: 'strings', group: 'dns', apply: 'restart', default: [], example: ['corp.example'] },
  {
    name: 'dns-opts',
    type: 'strings',
    group: 'dns',
    apply: 'restart',
    default: [],
    proposals: ['timeout:2', 'attempts:2', 'ndots:1', 'rotate'],
  },

  // Proxies
  {
    name: 'proxies',
    type: 'object',
    group: 'proxies',
    apply: 'restart',
    fields: [
      { name: 'http-proxy', type: 'string', example: 'http://proxy.example:3128' },
      { name: 'https-proxy', type: 'string', example: 'http://proxy.example:3128' },
      { name: 'no-proxy', type: 'string', example: 'localhost,127.0.0.1,.corp.example' },
    ],
  },

  // Logging
  { name: 'log-driver', type: 'string', group: 'logging', apply: 'restart', default: 'json-file', proposals: Object.keys(logOptions) },
  {
    name: 'log-opts',
    type: 'stringMap',
    group: 'logging',
    apply: 'restart',
    default: {},
    example: { 'max-size': '10m', 'max-file': '3' },
    fields: [
      { name: 'max-size', ...size, example: '10m' },
      { name: 'max-file', type: 'string', example: '3' },
      { name: 'compress', type: 'string', values: ['true', 'false'] },
      { name: 'mode', type: 'string', values: ['blocking', 'non-blocking'], default: 'blocking' },
      { name: 'max-buffer-size', ...size, default: '1m', example: '4m' },
      ...[...new Set(Object.values(logOptions).flat())]
        .filter((name) => !(logFileOptions as readonly string[]).includes(name))
        .map((name) => ({ name, type: 'string' as const })),
    ],
  },
  { name: 'debug', type: 'boolean', group: 'logging', apply: 'reload', default: false },
  {
    name: 'log-level',
    type: 'string',
    group: 'logging',
    apply: 'restart',
    default: 'info',
    values: ['debug', 'info', 'warn', 'error', 'fatal', 'panic', 'trace'],
  },
  { name: 'log-format', type: 'string', group: 'logging', apply: 'restart', default: 'text', values: ['text', 'json'] },
  { name: 'raw-logs', type: 'boolean', group: 'logging', apply: 'restart', default: false },

  // Limits and defaults of containers
  {
    name: 'default-ulimits',
    type: 'objectMap',
    group: 'limits',
    apply: 'restart',
    default: {},
    example: { nofile: { Name: 'nofile', Soft: 65536, Hard: 65536 } },
    fields: [
      { name: 'Name', type: 'string', example: 'nofile' },
      { name: 'Soft', type: 'integer', min: -1, example: 65536 },
      { name: 'Hard', type: 'integer', min: -1, example: 65536 },
    ],
  },
  { name: 'default-shm-size', ...size, group: 'limits', apply: 'reload', default: '64m', example: '128m' },
  { name: 'default-ipc-mode', type: 'string', group: 'limits', apply: 'reload', default: 'private', values: ['private', 'shareable'] },
  { name: 'default-cgroupns-mode', type: 'string', group: 'limits', apply: 'reload', default: 'private', values: ['private', 'host'] },
  { name: 'no-new-privileges', type: 'boolean', group: 'limits', apply: 'restart', default: false },
  { name: 'init', type: 'boolean', group: 'limits', apply: 'restart', default: false },
  { name: 'init-path', type: 'string', group: 'limits', apply: 'restart', rare: true },
  { name: 'seccomp-profile', type: 'string', group: 'limits', apply: 'restart', default: 'builtin', proposals: ['builtin', 'unconfined'] },
  { name: 'cgroup-parent', type: 'string', group: 'limits', apply: 'restart', example: '/containers' },
  { name: 'selinux-enabled', type: 'boolean', group: 'limits', apply: 'restart', default: false, rare: true },
  { name: 'userns-remap', type: 'string', group: 'limits', apply: 'disruptive', proposals: ['default'], rare: true },
  { name: 'cpu-rt-period', type: 'integer', group: 'limits', apply: 'restart', default: 0, unit: 'microseconds', rare: true },
  { name: 'cpu-rt-runtime', type: 'integer', group: 'limits', apply: 'restart', default: 0, unit: 'microseconds', rare: true },

  // Storage
  { name: 'storage-driver', type: 'string', group: 'storage', apply: 'disruptive', proposals: ['overlay2', 'vfs'] },
  { name: 'storage-opts', type: 'strings', group: 'storage', apply: 'disruptive', default: [] },
  {
    // Reloads, but for what is read at the start only: see classOf.
    name: 'features',
    type: 'object',
    group: 'storage',
    apply: 'reload',
    default: {},
    fields: [
      { name: 'containerd-snapshotter', type: 'boolean', default: false },
      { name: 'buildkit', type: 'boolean', default: true },
      { name: 'cdi', type: 'boolean', default: true },
    ],
  },

  // Builder
  {
    name: 'builder',
    type: 'object',
    group: 'builder',
    apply: 'restart',
    example: { gc: { enabled: true, defaultReservedSpace: '10GB' } },
    fields: [
      {
        name: 'gc',
        type: 'object',
        fields: [
          { name: 'enabled', type: 'boolean', default: true },
          { name: 'defaultReservedSpace', ...size, example: '10GB' },
          { name: 'defaultMaxUsedSpace', ...size, example: '20GB' },
          { name: 'defaultMinFreeSpace', ...size, example: '10GB' },
          { name: 'defaultKeepStorage', ...size, example: '10GB' },
          {
            name: 'policy',
            type: 'objects',
            example: [{ reservedSpace: '5GB', filter: ['unused-for=168h'] }],
            fields: [
              { name: 'all', type: 'boolean', default: false },
              { name: 'filter', type: 'strings', example: ['unused-for=168h'] },
              { name: 'reservedSpace', ...size, example: '5GB' },
              { name: 'maxUsedSpace', ...size, example: '20GB' },
              { name: 'minFreeSpace', ...size, example: '10GB' },
              { name: 'keepStorage', ...size, example: '5GB' },
            ],
          },
        ],
      },
      {
        name: 'entitlements',
        type: 'object',
        fields: [
          { name: 'network-host', type: 'boolean', default: true },
          { name: 'security-insecure', type: 'boolean', default: false },
        ],
      },
      {
        name: 'history',
        type: 'object',
        fields: [
          { name: 'maxAge', type: 'string', example: '168h' },
          { name: 'maxEntries', type: 'integer', example: 50 },
        ],
      },
    ],
  },

  // Runtime
  { name: 'live-restore', type: 'boolean', group: 'runtime', apply: 'reload', default: false },
  { name: 'shutdown-timeout', type: 'integer', group: 'runtime', apply: 'reload', default: 15, min: -1, unit: 'seconds' },
  { name: 'default-runtime', type: 'string', group: 'runtime', apply: 'reload', default: 'runc', proposals: ['runc'] },
  {
    name: 'runtimes',
    type: 'objectMap',
    group: 'runtime',
    apply: 'reload',
    default: {},
    example: { crun: { path: '/usr/bin/crun' } },
    fields: [
      { name: 'path', type: 'string', example: '/usr/bin/crun' },
      { name: 'runtimeArgs', type: 'strings' },
      { name: 'runtimeType', type: 'string', example: 'io.containerd.runc.v2' },
      { name: 'options', type: 'object' },
    ],
  },
  { name: 'exec-opts', type: 'strings', group: 'runtime', apply: 'restart', default: [], proposals: ['native.cgroupdriver=cgroupfs'] },
  { name: 'experimental', type: 'boolean', group: 'runtime', apply: 'restart', default: false },
  { name: 'cdi-spec-dirs', type: 'strings', group: 'runtime', apply: 'restart', default: ['/etc/cdi', '/var/run/cdi'], rare: true },

  // Other
  { name: 'metrics-addr', type: 'string', group: 'other', apply: 'restart', example: '127.0.0.1:9323' },
  { name: 'labels', type: 'strings', group: 'other', apply: 'reload', default: [], example: ['site=shanghai'] },
  { name: 'authorization-plugins', type: 'strings', group: 'other', apply: 'restart', default: [], rare: true },
  { name: 'node-generic-resources', type: 'strings', group: 'other', apply: 'restart', default: [], example: ['gpu=UUID1'], rare: true },
  { name: 'swarm-default-advertise-addr', type: 'string', group: 'other', apply: 'restart', rare: true },

  // Berth's own
  { name: 'host-gateway-ips', type: 'strings', group: 'dns', apply: 'restart', owned: 'hostAccess' },
  { name: 'host-gateway-ip', type: 'string', group: 'dns', apply: 'restart', owned: 'hostAccess' },
  { name: 'hosts', type: 'strings', group: 'other', apply: 'restart', owned: 'socket' },
  { name: 'group', type: 'string', group: 'other', apply: 'restart', owned: 'socket' },
  { name: 'api-cors-header', type: 'string', group: 'other', apply: 'restart', owned: 'socket' },
  { name: 'tls', type: 'boolean', group: 'other', apply: 'restart', owned: 'tls' },
  { name: 'tlsverify', type: 'boolean', group: 'other', apply: 'restart', owned: 'tls' },
  { name: 'tlscacert', type: 'string', group: 'other', apply: 'restart', owned: 'tls' },
  { name: 'tlscert', type: 'string', group: 'other', apply: 'restart', owned: 'tls' },
  { name: 'tlskey', type: 'string', group: 'other', apply: 'restart', owned: 'tls' },
  { name: 'data-root', type: 'string', group: 'other', apply: 'disruptive', owned: 'dataDisk' },
  { name: 'exec-root', type: 'string', group: 'other', apply: 'disruptive', owned: 'process' },
  { name: 'pidfile', type: 'string', group: 'other', apply: 'restart', owned: 'process' },
  { name: 'config-file', type: 'string', group: 'other', apply: 'restart', owned: 'process' },
  { name: 'rootless', type: 'boolean', group: 'other', apply: 'disruptive', owned: 'process' },
  { name: 'containerd', type: 'string', group: 'other', apply: 'disruptive', owned: 'containerd' },
  { name: 'containerd-namespace', type: 'string', group: 'other', apply: 'disruptive', owned: 'containerd' },
  { name: 'containerd-plugin-namespace', type: 'string', group: 'other', apply: 'disruptive', owned: 'containerd' },
  { name: 'containerd-plugins-namespace', type: 'string', group: 'other', apply: 'disruptive', owned: 'containerd' },
  { name: 'cri-containerd', type: 'boolean', group: 'other', apply: 'restart', owned: 'containerd' },
];

const byName: ReadonlyMap<string, DaemonKey> = new Map(daemonKeys.map((key) => [key.name, key]));

export function daemonKey(name: string): DaemonKey | undefined {
  return byName.get(name);
}
