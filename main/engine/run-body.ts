// The window's run form -> the body of dockerd's create. Pure. Everything the user typed stays one element: no parsing, no shell.
import type { z } from 'zod';
import type { runSpec } from '../../preload/contract';

export type ParsedRunSpec = z.output<typeof runSpec>;

export function createBody(spec: ParsedRunSpec): unknown {
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
    Env: spec.env.map(({ name, value }) => `${name}=${value}`),
    Tty: spec.tty,
    OpenStdin: spec.interactive,
    ExposedPorts: Object.fromEntries(Object.keys(bindings).map((key) => [key, {}])),
    HostConfig: {
      PortBindings: bindings,
      // Mounts rather than Binds: a colon in a path stays a colon.
      Mounts: spec.volumes.map(({ volume, path, readOnly }) => ({ Type: 'volume', Source: volume, Target: path, ReadOnly: readOnly })),
      RestartPolicy: { Name: spec.restart },
      AutoRemove: spec.autoRemove,
    },
  };
}
