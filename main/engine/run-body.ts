// The window's run form -> the body of dockerd's create. Pure. Everything the user typed stays one element: no parsing, no shell.
import type { z } from 'zod';
import type { runSpec } from '../../preload/contract';

export type ParsedRunSpec = z.output<typeof runSpec>;

/** `env` = `NAME=value`, for names that the spec does not set. */
export function createBody(spec: ParsedRunSpec, env: readonly string[] = []): unknown {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const port of spec.ports) {
    const key = `${port.containerPort}/${port.protocol}`;
    bindings[key] = [
      ...(bindings[key] ?? []),
      { HostIp: port.hostAddress ?? '', HostPort: port.hostPort === undefined ? '' : String(port.hostPort) },
    ];
  }
  return {
    Image: spec.image,
    ...(spec.command.length === 0 ? {} : { Cmd: spec.command }),
    ...(spec.entrypoint === undefined ? {} : { Entrypoint: spec.entrypoint }),
    Env: [
      ...spec.env.map(({ name, value }) => `${name}=${value}`),
      ...env.filter((entry) => spec.env.every(({ name }) => name !== entry.split('=', 1)[0])),
    ],
    Tty: spec.tty,
    OpenStdin: spec.interactive,
    ExposedPorts: Object.fromEntries(Object.keys(bindings).map((key) => [key, {}])),
    HostConfig: {
      PortBindings: bindings,
      // Mounts rather than Binds: a colon in a path stays a colon.
      Mounts: [
        ...spec.binds.map(({ source, path, readOnly }) => ({ Type: 'bind', Source: source, Target: path, ReadOnly: readOnly })),
        ...spec.volumes.map(({ volume, path, readOnly }) => ({ Type: 'volume', Source: volume, Target: path, ReadOnly: readOnly })),
      ],
      RestartPolicy: { Name: spec.restart },
      AutoRemove: spec.autoRemove,
    },
  };
}
