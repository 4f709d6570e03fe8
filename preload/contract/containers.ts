// Containers: what a row needs, the calls of a row and of a container's page, logs.
import { z } from 'zod';
import { call, output, stream } from './define';

/** Full id or an unambiguous prefix or a name, as dockerd takes them. */
export const containerId = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/);

export type ContainerState = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';
export type HealthState = 'none' | 'starting' | 'healthy' | 'unhealthy';

/** By Ctrl-C, kill and stop; dockerd does not tell who sent the signal. */
const askedFor = [0, 130, 137, 143];

/** It ended, and nobody asked it to. */
export function failedByItself(exitCode = 0): boolean {
  return !askedFor.includes(exitCode);
}

export interface PublishedPort {
  readonly containerPort: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  /** Missing: exposed, not published. */
  readonly hostPort?: number;
  readonly hostAddress?: string;
}

export interface ContainerSummary {
  readonly id: string;
  /** Without the leading slash. */
  readonly name: string;
  readonly image: string;
  readonly imageId: string;
  readonly command: string;
  readonly state: ContainerState;
  /** dockerd's own words ("Up 3 minutes (healthy)"). */
  readonly status: string;
  readonly health: HealthState;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly startedAt?: number;
  readonly finishedAt?: number;
  readonly exitCode?: number;
  readonly ports: readonly PublishedPort[];
  /** Sources of its bind mounts, paths of the guest; missing = it has none. */
  readonly binds?: readonly string[];
  /** Names of its volumes; missing = it has none. */
  readonly volumes?: readonly string[];
  /** From the label com.docker.compose.project. */
  readonly project?: string;
  readonly service?: string;
  readonly labels: Readonly<Record<string, string>>;
}

const portNumber = z.int().min(1).max(65535);
const envName = z
  .string()
  .min(1)
  .regex(/^[^=\0]+$/);

export const runSpec = z.strictObject({
  image: z.string().trim().min(1).max(512),
  name: z
    .string()
    .max(255)
    .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/)
    .optional(),
  /** argv; empty = the image's own. */
  command: z.array(z.string().max(65536)).max(1000).default([]),
  entrypoint: z.array(z.string().max(65536)).max(1000).optional(),
  ports: z
    .array(
      z.strictObject({
        hostAddress: z.string().max(64).optional(),
        hostPort: portNumber.optional(),
        containerPort: portNumber,
        protocol: z.enum(['tcp', 'udp']).default('tcp'),
      }),
    )
    .max(1000)
    .default([]),
  env: z
    .array(z.strictObject({ name: envName, value: z.string().max(131072) }))
    .max(2000)
    .default([]),
  /** Absolute paths of this computer; refused with `shares.*` where the guest does not have them. A path that is not there is refused too. */
  binds: z
    .array(
      z.strictObject({
        source: z.string().min(1).max(4096),
        path: z.string().regex(/^\//),
        readOnly: z.boolean().default(false),
      }),
    )
    .max(500)
    .default([]),
  /** Named volumes. */
  volumes: z
    .array(
      z.strictObject({
        volume: z
          .string()
          .max(255)
          .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/),
        path: z.string().regex(/^\//),
        readOnly: z.boolean().default(false),
      }),
    )
    .max(500)
    .default([]),
  restart: z.enum(['no', 'on-failure', 'always', 'unless-stopped']).default('no'),
  tty: z.boolean().default(false),
  interactive: z.boolean().default(false),
  autoRemove: z.boolean().default(false),
});
export type RunSpec = z.input<typeof runSpec>;

export interface LogBatch {
  /** o = stdout (or a TTY), e = stderr. `time`: RFC 3339 with nanoseconds as dockerd wrote it, "" without timestamps. */
  readonly lines: readonly (readonly [stream: 'o' | 'e', time: string, text: string])[];
  /** Lines the engine or the backend could not deliver, told instead of hidden. */
  readonly dropped: number;
}

export interface ContainerDetail {
  readonly summary: ContainerSummary;
  readonly restartPolicy: string;
  readonly restartCount: number;
  readonly env: readonly string[];
  readonly mounts: readonly { readonly type: string; readonly source: string; readonly destination: string; readonly readOnly: boolean }[];
  readonly networks: readonly { readonly name: string; readonly address: string; readonly gateway: string; readonly mac: string }[];
  readonly tty: boolean;
  readonly user: string;
  readonly workingDir: string;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly oomKilled: boolean;
  readonly error: string;
  /** dockerd's answer, unaltered. */
  readonly raw: unknown;
}

export const containersTable = {
  'containers.start': call(z.strictObject({ id: containerId }), output<void>()),
  'containers.stop': call(z.strictObject({ id: containerId, timeoutSeconds: z.int().min(0).max(3600).optional() }), output<void>()),
  'containers.restart': call(z.strictObject({ id: containerId }), output<void>()),
  'containers.pause': call(z.strictObject({ id: containerId }), output<void>()),
  'containers.unpause': call(z.strictObject({ id: containerId }), output<void>()),
  'containers.remove': call(
    z.strictObject({ id: containerId, force: z.boolean().default(false), volumes: z.boolean().default(false) }),
    output<void>(),
  ),
  /** Creates and, with `start`, starts; a container whose start failed stays and is named in the error. */
  'containers.create': call(
    z.strictObject({ spec: runSpec, start: z.boolean() }),
    output<{ readonly id: string; readonly warnings: readonly string[] }>(),
  ),
  'containers.inspect': call(z.strictObject({ id: containerId }), output<ContainerDetail>()),
  'containers.logs': stream(
    z.strictObject({
      id: containerId,
      follow: z.boolean().default(true),
      /** Lines from the end; -1 = all. */
      tail: z.int().min(-1).max(1_000_000).default(1000),
      /** Seconds since the epoch, guest clock. */
      since: z.number().min(0).optional(),
      until: z.number().min(0).optional(),
    }),
    output<LogBatch>(),
    'queue',
  ),
  /** The log as dockerd sends it, demultiplexed, for a download. */
  'containers.logBytes': stream(z.strictObject({ id: containerId, timestamps: z.boolean().default(false) }), output<Uint8Array>(), 'queue'),
};
