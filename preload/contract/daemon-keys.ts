// dockerd's configuration keys as data: type, default, what a change of each costs. Forms, completion and checks are all made from this table.
// Source: dockerd 28.5.2, `dockerd --help`, moby daemon/config/config.go and daemon/reload.go; what reloads was measured.
/** What a change costs: `reload` is live, `restart` keeps containers (live-restore), `disruptive` stops containers or hides images. */
export type ApplyClass = 'none' | 'reload' | 'restart' | 'disruptive';

export type DaemonKeyGroup =
  | 'registries'
  | 'network'
  | 'dns'
  | 'proxies'
  | 'logging'
  | 'limits'
  | 'storage'
  | 'builder'
  | 'runtime'
  | 'other';

export type DaemonKeyType = 'boolean' | 'integer' | 'string' | 'strings' | 'stringMap' | 'object' | 'objects' | 'objectMap';

/** Why a key is Berth's own: texts are in locale `daemon` (`owned.<reason>`). */
export type OwnedReason = 'socket' | 'dataDisk' | 'process' | 'tls' | 'containerd' | 'pluginFolder';

export interface DaemonKey {
  /** As in daemon.json; of a field, its name in its object. */
  readonly name: string;
  readonly type: DaemonKeyType;
  readonly group: DaemonKeyGroup;
  readonly apply: Exclude<ApplyClass, 'none'>;
  /** dockerd's, where it is a constant. */
  readonly default?: unknown;
  /** The only values taken. */
  readonly values?: readonly string[];
  readonly owned?: OwnedReason;
  /** Of an object, or of each object of a list or map; missing = any. */
  readonly fields?: readonly Pick<DaemonKey, 'name' | 'type' | 'default' | 'values' | 'fields'>[];
}

export const daemonKeys: readonly DaemonKey[] = [
  { name: 'registry-mirrors', type: 'strings', group: 'registries', apply: 'reload', default: [] },
  { name: 'insecure-registries', type: 'strings', group: 'registries', apply: 'reload', default: [] },
  { name: 'live-restore', type: 'boolean', group: 'runtime', apply: 'reload', default: false },
  { name: 'bip', type: 'string', group: 'network', apply: 'disruptive' },
];
