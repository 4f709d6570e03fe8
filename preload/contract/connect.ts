// How tools of this computer find the engine: the docker context, lines for shells, the system's own socket path. main/connect answers.
import { z } from 'zod';
import { call, output, stream } from './define';

export const shellNames = ['sh', 'fish', 'powershell', 'cmd', 'dotenv'] as const;
export type ShellName = (typeof shellNames)[number];

export interface ContextState {
  readonly name: string;
  /** The docker CLI's folder: DOCKER_CONFIG, or ~/.docker. */
  readonly folder: string;
  /** `elsewhere`: Berth's own, of another home or an older address. `foreign`: somebody else's of that name, which is never overwritten. */
  readonly state: 'missing' | 'ours' | 'elsewhere' | 'foreign';
  /** Where it leads; empty where it is missing or cannot be read. */
  readonly host: string;
  /** What a plain `docker` uses by config.json; `default` is the system's socket. */
  readonly current: string;
  /** What selecting Berth's replaced, and removing gives back. */
  readonly previous: string;
  /** A variable of the environment that wins over `current`. */
  readonly override?: { readonly variable: 'DOCKER_HOST' | 'DOCKER_CONTEXT'; readonly value: string };
  /** A plain `docker` speaks to Berth, as of now. */
  readonly selected: boolean;
  /** The `docker` of PATH; missing = there is none. */
  readonly cli?: string;
}

/** Who serves a socket. */
export interface SocketOwner {
  /** By `GET /version`; empty where nothing sensible was said. */
  readonly engine: string;
  readonly version: string;
  /** `name (pid)`; empty where the system does not tell. */
  readonly process: string;
}

export interface SystemSocketState {
  /** Where tools look by habit; empty = this system has no such path that could be taken. */
  readonly path: string;
  /**
   * `dead`: a leftover that nobody serves. `other`: another engine is there. `closed`: something is there that this user may not ask.
   * `notASocket`: a file or a folder.
   */
  readonly state: 'missing' | 'ours' | 'dead' | 'other' | 'closed' | 'notASocket';
  /** Where a link leads. */
  readonly target: string;
  readonly owner?: SocketOwner;
  /** It was asked for here, and not given back. With any state but `ours`: it went away, or somebody else took it. */
  readonly wanted: boolean;
  /** A leftover that was set aside, given back by a release. */
  readonly keptAs?: string;
  /** Whether this process may change it; else `command` does. */
  readonly writable: boolean;
  /** Lines for a terminal that take it, or give it back where it is ours; empty where nothing is to be done. */
  readonly command: string;
}

export interface ConnectState {
  readonly dockerHost: string;
  readonly context: ContextState;
  readonly socket: SystemSocketState;
  /** What each shell must be given, quoted for it. */
  readonly env: Readonly<Record<ShellName, readonly string[]>>;
}

const nothing = z.strictObject({});

export const connectTable = {
  /** Looked at again at each change of the files that it is about. */
  'connect.changes': stream(nothing, output<ConnectState>(), 'latest'),
  /** Who answers changes without a file's change. */
  'connect.look': call(nothing, output<ConnectState>()),
  /** Creates or repairs it. Rejects with `context.foreign`, `context.notWritable`. */
  'connect.createContext': call(nothing, output<ContextState>()),
  /** false gives back what was selected before. `context.missing`, `context.cliConfig` too. */
  'connect.selectContext': call(z.strictObject({ selected: z.boolean() }), output<ContextState>()),
  'connect.removeContext': call(nothing, output<ContextState>()),
  /** Rejects with `connect.socketAnswered`, `connect.socketClosed`, `connect.notASocket`, `connect.needsRoot`. */
  'connect.takeSocket': call(nothing, output<SystemSocketState>()),
  'connect.releaseSocket': call(nothing, output<SystemSocketState>()),
};
