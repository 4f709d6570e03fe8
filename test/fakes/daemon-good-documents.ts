// daemon.json files that must pass: of guides, vendors and companies, with what each of them makes Berth ask.
import type { ErrorCode } from '../../preload/contract';

export interface GoodDocument {
  readonly name: string;
  readonly text: string;
  /** What must be accepted; none where it is missing. */
  readonly warnings?: readonly ErrorCode[];
}

const good = (name: string, document: object, ...warnings: readonly ErrorCode[]): GoodDocument => ({
  name,
  text: JSON.stringify(document, undefined, 2),
  ...(warnings.length > 0 && { warnings }),
});

export const goodDocuments: readonly GoodDocument[] = [
  { name: 'nothing', text: '{}' },
  { name: 'white space all round, Windows line ends', text: '\r\n {\r\n\t"debug" : true\r\n}\r\n\r\n' },
  { name: 'escapes', text: '{"labels": ["a=\\u4f60\\ud83d\\ude00\\n\\"\\\\\\/"], "d\\u0065bug": false}' },
  good("Berth's own", { 'live-restore': true, 'shutdown-timeout': 50 }),
  good('mirrors of a Chinese guide', {
    'registry-mirrors': [
      'https://docker.m.daocloud.example',
      'https://docker.1ms.example',
      'https://hub-mirror.c.163.example',
      'https://mirror.baidubce.example',
    ],
  }),
  good('a personal accelerator', { 'registry-mirrors': ['https://abcd1234.mirror.aliyuncs.example'] }),
  good('mirror over http, with a port, in capitals, by address', {
    'registry-mirrors': ['http://192.168.1.20:5000', 'HTTPS://Mirror.Example/', 'http://[fd00::1]:5000', 'https://my_mirror.example'],
  }),
  good('mirror with a path', { 'registry-mirrors': ['https://artifactory.example/docker-hub'] }, 'config.mirrorPath'),
  good('mirror twice', { 'registry-mirrors': ['https://a.example', 'https://a.example/'] }, 'config.duplicateItem'),
  good('lists emptied on purpose', { 'registry-mirrors': [], 'insecure-registries': [], dns: [], labels: [], runtimes: {}, features: {} }),
  good('insecure registries', {
    'insecure-registries': [
      'harbor.corp.example',
      'harbor.corp.example:8443',
      '192.168.1.20:5000',
      '10.0.0.0/8',
      '[fd00::1]:5000',
      'fd00::/8',
      'localhost:5000',
    ],
  }),
  good('insecure registry with a scheme', { 'insecure-registries': ['http://harbor.corp.example'] }, 'config.registryScheme'),
  good('a Kubernetes guide without its cgroup driver', {
    'exec-opts': ['native.cgroupdriver=cgroupfs'],
    'log-driver': 'json-file',
    'log-opts': { 'max-size': '100m' },
    'storage-driver': 'overlay2',
  }),
  good(
    'NVIDIA',
    {
      'default-runtime': 'nvidia',
      runtimes: { nvidia: { path: 'nvidia-container-runtime', runtimeArgs: [] } },
    },
    'config.guestPath',
  ),
  good(
    'NVIDIA, whole path',
    { runtimes: { nvidia: { args: [], path: '/usr/bin/nvidia-container-runtime' } } },
    'config.unknownKey',
    'config.guestPath',
  ),
  good('gVisor and Kata', {
    runtimes: {
      kata: { runtimeType: 'io.containerd.kata.v2', options: { ConfigPath: '/etc/kata.toml' } },
      gvisor: { runtimeType: 'io.containerd.runsc.v1' },
    },
    'default-runtime': 'runc',
  }),
  good('runtime by its containerd name', { 'default-runtime': 'io.containerd.runc.v2' }),
  good('a NAS, without its folder', {
    'log-driver': 'json-file',
    'log-opts': { 'max-size': '10m', 'max-file': '3' },
    'live-restore': true,
    'storage-driver': 'overlay2',
    ipv6: false,
  }),
  good('json-file, all options', {
    'log-driver': 'json-file',
    'log-opts': {
      'max-size': '1.5g',
      'max-file': '5',
      compress: 'true',
      labels: 'a,b',
      env: 'OS',
      'env-regex': '(?i)^os',
      tag: '{{.Name}}',
      mode: 'non-blocking',
      'max-buffer-size': '4m',
      'cache-disabled': 'true',
    },
  }),
  good('local', { 'log-driver': 'local', 'log-opts': { 'max-size': '20m', 'max-file': '5' } }),
  good('journald', { 'log-driver': 'journald', 'log-opts': { tag: '{{.ImageName}}' } }),
  good('syslog', {
    'log-driver': 'syslog',
    'log-opts': { 'syslog-address': 'tcp+tls://logs.example:6514', 'syslog-facility': 'local3', 'syslog-format': 'rfc5424' },
  }),
  good('syslog without a port', { 'log-driver': 'syslog', 'log-opts': { 'syslog-address': 'udp://1.2.3.4', 'syslog-facility': '16' } }),
  good('fluentd', {
    'log-driver': 'fluentd',
    'log-opts': { 'fluentd-address': 'fluentd.example:24224', 'fluentd-async': 'true', 'fluentd-retry-wait': '1s', tag: 'docker' },
  }),
  good('gelf', { 'log-driver': 'gelf', 'log-opts': { 'gelf-address': 'udp://graylog.example:12201', 'gelf-compression-type': 'gzip' } }),
  good('awslogs', { 'log-driver': 'awslogs', 'log-opts': { 'awslogs-region': 'cn-north-1', 'awslogs-group': 'docker' } }),
  good('no logs', { 'log-driver': 'none' }),
  good('a logging plug-in', { 'log-driver': 'loki:latest', 'log-opts': { 'loki-url': 'http://loki.example:3100/loki/api/v1/push' } }),
  good('bridge moved out of the way', {
    bip: '172.26.0.1/16',
    'default-address-pools': [
      { base: '172.28.0.0/14', size: 24 },
      { base: '192.168.128.0/17', size: 26 },
    ],
    mtu: 1400,
  }),
  good('bridge with its range and gateway', {
    bip: '192.168.90.1/24',
    'fixed-cidr': '192.168.90.128/25',
    'default-gateway': '192.168.90.254',
  }),
  good(
    'pools that overlap',
    {
      'default-address-pools': [
        { base: '172.30.0.0/16', size: 24 },
        { base: '172.30.0.0/20', size: 24 },
      ],
    },
    'config.poolsOverlap',
  ),
  good('pool with host bits, small', { 'default-address-pools': [{ base: '172.30.5.1/16', size: 28 }] }),
  good('IPv6', {
    ipv6: true,
    'fixed-cidr-v6': 'fd00:dead:beef::/64',
    ip6tables: true,
    'default-address-pools': [
      { base: '172.30.0.0/16', size: 24 },
      { base: 'fd00:1::/48', size: 64 },
    ],
  }),
  good('no bridge', { bridge: 'none' }),
  good('networks left alone', { iptables: false, 'ip-forward': false, 'ip-masq': false, 'userland-proxy': false, icc: true }),
  good('userland proxy said outright', { 'userland-proxy': true }),
  good('names', {
    dns: ['223.5.5.5', '119.29.29.29', '2400:3200::1'],
    'dns-search': ['corp.example', 'a.b-c.example.', '.'],
    'dns-opts': ['timeout:2', 'attempts:3', 'rotate', 'use-vc'],
  }),
  good('proxies', {
    proxies: {
      'http-proxy': 'http://user:p%40ss@proxy.example:3128',
      'https-proxy': 'http://proxy.example:3128',
      'no-proxy': 'localhost,127.0.0.1,::1,.corp.example,*.svc,10.0.0.0/8,host:8080',
    },
  }),
  good('SOCKS, and a proxy without scheme', { proxies: { 'http-proxy': 'socks5://127.0.0.1:1080', 'https-proxy': 'proxy.example:3128' } }),
  good('limits', {
    'default-ulimits': {
      nofile: { Name: 'nofile', Hard: 65536, Soft: 1024 },
      core: { Name: 'core', Hard: -1, Soft: -1 },
      memlock: { name: 'memlock', soft: 0, hard: 0 },
    },
    'default-shm-size': '1 GiB',
    'default-ipc-mode': 'shareable',
    'default-cgroupns-mode': 'host',
    'no-new-privileges': true,
    init: true,
    'cgroup-parent': '/containers',
  }),
  good('seccomp off', { 'seccomp-profile': 'unconfined' }),
  good('builder, new names', {
    builder: { gc: { enabled: true, defaultReservedSpace: '20GB', defaultMaxUsedSpace: '50GB', defaultMinFreeSpace: '10GB' } },
  }),
  good('builder, old names and rules', {
    builder: {
      gc: {
        enabled: true,
        defaultKeepStorage: '20GB',
        policy: [
          { keepStorage: '10GB', filter: ['unused-for=2200h'] },
          { keepStorage: '50GB', filter: ['unused-for=3300h'] },
          { keepStorage: '100GB', all: true },
        ],
      },
      Entitlements: { 'network-host': true, 'security-insecure': false },
      history: { maxAge: '168h', maxEntries: 50 },
    },
  }),
  good('containerd image store', { features: { 'containerd-snapshotter': true }, 'storage-driver': 'overlayfs' }),
  good('a feature of a newer engine', { features: { buildkit: true, 'time-namespaces': true } }, 'config.unknownKey'),
  good('amounts', {
    'max-concurrent-downloads': 10,
    'max-concurrent-uploads': 1,
    'max-download-attempts': 0,
    'shutdown-timeout': 30,
    'network-diagnostic-port': 0,
  }),
  good('stops for ever', { 'shutdown-timeout': 600 }, 'config.shutdownTimeout'),
  good('its own log', { debug: true, 'log-level': 'WARN', 'log-format': 'json', 'raw-logs': false }),
  good('metrics, labels, resources', {
    'metrics-addr': '0.0.0.0:9323',
    experimental: true,
    labels: ['site=shanghai', 'rack=', 'a=b=c'],
    'node-generic-resources': ['gpu=UUID1', 'gpu=UUID2', 'apples=3'],
    'swarm-default-advertise-addr': 'eth0',
  }),
  good('of no use any more', { 'allow-nondistributable-artifacts': ['registry.example'], 'selinux-enabled': false, 'cpu-rt-period': 0 }),
  good('users remapped', { 'userns-remap': 'default' }),
  good('strings left empty', {
    bip: '',
    'storage-driver': '',
    'log-driver': '',
    'default-runtime': '',
    bridge: '',
    'metrics-addr': '',
    'log-level': '',
  }),
];

/** As dockerd would have them, but for a name that it does not know: asked about. Of dockerd itself most are refused. */
export const unknownDocuments: readonly { readonly text: string; readonly name: string; readonly nearest?: string }[] = [
  { text: '{"regsitry-mirrors": []}', name: 'regsitry-mirrors', nearest: 'registry-mirrors' },
  { text: '{"registry-mirror": []}', name: 'registry-mirror', nearest: 'registry-mirrors' },
  { text: '{"Debug": true}', name: 'Debug', nearest: 'debug' },
  { text: '{"registryMirrors": []}', name: 'registryMirrors', nearest: 'registry-mirrors' },
  { text: '{"log_opts": {}}', name: 'log_opts', nearest: 'log-opts' },
  { text: '{"insecure-registry": []}', name: 'insecure-registry', nearest: 'insecure-registries' },
  { text: '{"http-proxy": "http://a.example"}', name: 'http-proxy', nearest: 'proxies.http-proxy' },
  { text: '{"max-size": "10m"}', name: 'max-size', nearest: 'log-opts.max-size' },
  { text: '{"graph": "/data"}', name: 'graph', nearest: 'data-root' },
  { text: '{"zzzzzzzzz": 1}', name: 'zzzzzzzzz' },
  { text: '{"__proto__": {"debug": true}}', name: '__proto__' },
];
