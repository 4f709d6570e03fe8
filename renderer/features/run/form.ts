// What the Run dialog holds while it is filled in (text as typed), and the way to and from the contract's RunSpec.
// Knows nothing of React; checking is in check.ts, the command line in run-line.ts and parse-line.ts.
import type { RunSpec } from '../../../preload/contract';
import { splitWords } from './words';

export type RestartPolicy = NonNullable<RunSpec['restart']>;
export const restartPolicies: readonly RestartPolicy[] = ['no', 'on-failure', 'always', 'unless-stopped'];

export interface PortRow {
  readonly key: number;
  /** "8080", "127.0.0.1:8080", "[::1]:8080"; empty = any free one. */
  readonly host: string;
  readonly container: string;
  readonly protocol: 'tcp' | 'udp';
}

export interface EnvRow {
  readonly key: number;
  readonly name: string;
  readonly value: string;
}

export interface VolumeRow {
  readonly key: number;
  /** A volume's name, or a folder of this computer: what begins with a slash. */
  readonly volume: string;
  readonly path: string;
  readonly readOnly: boolean;
}

export interface RunForm {
  readonly image: string;
  readonly name: string;
  readonly command: string;
  readonly entrypoint: string;
  readonly ports: readonly PortRow[];
  readonly env: readonly EnvRow[];
  readonly volumes: readonly VolumeRow[];
  readonly restart: RestartPolicy;
  readonly tty: boolean;
  readonly interactive: boolean;
  readonly autoRemove: boolean;
}

export const emptyForm: RunForm = {
  image: '',
  name: '',
  command: '',
  entrypoint: '',
  ports: [],
  env: [],
  volumes: [],
  restart: 'no',
  tty: false,
  interactive: false,
  autoRemove: false,
};

/** The key of the next row: rows keep theirs when others go, so that focus and errors stay with them. */
export function nextKey(rows: readonly { readonly key: number }[]): number {
  return rows.reduce((highest, row) => Math.max(highest, row.key), 0) + 1;
}

export interface HostPort {
  readonly address?: string;
  readonly port?: number;
}

/** Undefined where it is neither a port nor address:port. */
export function readHostPort(text: string): HostPort | undefined {
  const trimmed = text.trim();
  if (trimmed === '') {
    return {};
  }
  const match = /^(?:(\[[0-9a-fA-F:.]+\]|[0-9.]+):)?(\d*)$/.exec(trimmed);
  if (!match) {
    return undefined;
  }
  const address = match[1]?.replace(/^\[|\]$/g, '');
  const port = match[2] ? Number(match[2]) : undefined;
  return { ...(address ? { address } : {}), ...(port === undefined ? {} : { port }) };
}

export function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65535;
}

/** A row nobody filled in is not there. */
export function usedPorts(form: RunForm): readonly PortRow[] {
  return form.ports.filter((row) => row.host.trim() !== '' || row.container.trim() !== '');
}

export function usedEnv(form: RunForm): readonly EnvRow[] {
  return form.env.filter((row) => row.name.trim() !== '' || row.value !== '');
}

/** Of what stands in a volume's field. */
export function isFolder(volume: string): boolean {
  return volume.startsWith('/');
}

export function usedVolumes(form: RunForm): readonly VolumeRow[] {
  return form.volumes.filter((row) => row.volume.trim() !== '' || row.path.trim() !== '');
}

/** Call it on a form without errors. */
export function toSpec(form: RunForm): RunSpec {
  const name = form.name.trim();
  const entrypoint = splitWords(form.entrypoint).words;
  const mounted = usedVolumes(form).map((row) => ({ volume: row.volume.trim(), path: row.path.trim(), readOnly: row.readOnly }));
  return {
    image: form.image.trim(),
    ...(name === '' ? {} : { name }),
    command: [...splitWords(form.command).words],
    ...(entrypoint.length === 0 ? {} : { entrypoint: [...entrypoint] }),
    ports: usedPorts(form).map((row) => {
      const host = readHostPort(row.host) ?? {};
      return {
        ...(host.address ? { hostAddress: host.address } : {}),
        ...(host.port ? { hostPort: host.port } : {}),
        containerPort: Number(row.container.trim()),
        protocol: row.protocol,
      };
    }),
    env: usedEnv(form).map((row) => ({ name: row.name.trim(), value: row.value })),
    binds: mounted.filter(({ volume }) => isFolder(volume)).map(({ volume, ...row }) => ({ source: volume, ...row })),
    volumes: mounted.filter(({ volume }) => !isFolder(volume)),
    restart: form.restart,
    tty: form.tty,
    interactive: form.interactive,
    autoRemove: form.autoRemove,
  };
}
