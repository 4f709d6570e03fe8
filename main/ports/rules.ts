// Which listeners a container wants on the host: the one matcher of published ports. Pure: dockerd's JSON in, listeners out.
// TCP only; every other address than loopback is served on loopback until the host's other addresses are a setting.
import { isIP } from 'node:net';
import type { ContainerInspect, PortBinding } from '../lib/engine-http';

export interface Wanted {
  /** Of the host. */
  readonly address: string;
  readonly port: number;
  readonly containerPort: number;
}

type Bindings = Readonly<Record<string, readonly PortBinding[] | null>> | null | undefined;

/** What can be bound before the start: ports that the user named. */
export function wantedBeforeStart(container: ContainerInspect): Wanted[] {
  return publishes(container) ? wantedOf(container.HostConfig?.PortBindings) : [];
}

/** What the engine published for a running container, those that it chose (-P, -p 80) among them. */
export function wantedWhileRunning(container: ContainerInspect): Wanted[] {
  return publishes(container) ? wantedOf(container.NetworkSettings?.Ports) : [];
}

export function publishesAny({ HostConfig }: ContainerInspect): boolean {
  return HostConfig?.PublishAllPorts === true || Object.keys(HostConfig?.PortBindings ?? {}).length > 0;
}

/** Published, and not forwarded yet: `53/udp`. */
export function notForwarded(container: ContainerInspect): string[] {
  return Object.entries(container.HostConfig?.PortBindings ?? {})
    .filter(([port, bindings]) => !port.endsWith('/tcp') && (bindings?.length ?? 0) > 0)
    .map(([port]) => port);
}

/** Asked for on addresses that other machines reach; served on this machine only. */
export function narrowed(container: ContainerInspect): string[] {
  return Object.values(container.HostConfig?.PortBindings ?? {})
    .flatMap((bindings) => bindings ?? [])
    .filter(({ HostIp = '' }) => HostIp !== '' && HostIp !== 'localhost' && !isLoopback(HostIp))
    .map(({ HostIp = '', HostPort = '' }) => `${HostIp}:${HostPort}`);
}

/** The container's own address in its first network that has one. */
export function addressOf(container: ContainerInspect): string | undefined {
  const networks = Object.values(container.NetworkSettings?.Networks ?? {});
  return networks.map((network) => network?.IPAddress).find(Boolean) ?? networks.map((network) => network?.GlobalIPv6Address).find(Boolean);
}

export function isRunning(container: ContainerInspect): boolean {
  return container.State?.Running === true;
}

function publishes({ HostConfig }: ContainerInspect): boolean {
  const mode = HostConfig?.NetworkMode ?? '';
  return mode !== 'host' && mode !== 'none' && !mode.startsWith('container:');
}

function wantedOf(bindings: Bindings): Wanted[] {
  const found = new Map<string, Wanted>();
  for (const [key, list] of Object.entries(bindings ?? {})) {
    const [containerPort, protocol = 'tcp'] = key.split('/');
    if (protocol !== 'tcp') {
      continue;
    }
    for (const { HostIp = '', HostPort = '' } of list ?? []) {
      // '' and 0: the engine chooses; a range too.
      const port = /^[0-9]{1,5}$/.test(HostPort) ? Number(HostPort) : 0;
      for (const address of port === 0 ? [] : hostAddresses(HostIp)) {
        found.set(`${address} ${port}`, { address, port, containerPort: Number(containerPort) });
      }
    }
  }
  return [...found.values()];
}

function hostAddresses(hostIp: string): string[] {
  return isLoopback(hostIp) ? [hostIp] : ['127.0.0.1', '::1'];
}

function isLoopback(address: string): boolean {
  return address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
}
