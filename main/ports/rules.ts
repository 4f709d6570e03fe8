// Which listeners a container wants on the host: the one matcher of published ports. Pure: dockerd's JSON in, listeners out.
// HostConfig says on which address the user asked for a port, NetworkSettings which port the engine chose; only both together are the whole wish.
import { isIP } from 'node:net';
import type { ContainerInspect, PortBinding } from '../lib/engine-http';

/** Where a port goes that was published without an address: this machine only, or every address that it has. */
export type PublishTo = 'loopback' | 'lan';

export interface Wanted {
  readonly protocol: 'tcp' | 'udp';
  /** Of the host. */
  readonly address: string;
  readonly port: number;
  readonly containerPort: number;
  /** Where every IPv4 address of the guest leads to the same program; missing where the engine published it on one address only. */
  readonly guestPort?: number;
}

type Bindings = Readonly<Record<string, readonly PortBinding[] | null>> | null | undefined;

/** What can be bound before the start: ports that the user named. */
export function wantedBeforeStart(container: ContainerInspect, publish: PublishTo): Wanted[] {
  return publishes(container) ? wantedOf(container.HostConfig?.PortBindings, publish, ({ HostIp = '' }) => HostIp) : [];
}

export interface PortRange {
  /** Of the host. */
  readonly addresses: readonly string[];
  readonly first: number;
  readonly last: number;
}

/** TCP ports of which the engine is to choose one: `-p 8000-8010:80`, `-p 80` and `-P`. */
export function rangesOf(container: ContainerInspect, publish: PublishTo): PortRange[] {
  if (!publishes(container)) {
    return [];
  }
  const asked = Object.entries(container.HostConfig?.PortBindings ?? {}).flatMap(([exposed, bindings]) =>
    (exposed.endsWith('/tcp') ? (bindings ?? []) : []).flatMap(({ HostIp = '', HostPort = '' }) => {
      const choice = choiceOf(HostPort);
      return choice === undefined ? [] : [{ addresses: hostAddresses(HostIp, publish), ...choice }];
    }),
  );
  return container.HostConfig?.PublishAllPorts === true ? [...asked, { addresses: hostAddresses('', publish), ...ANY }] : asked;
}

/** Where dockerd looks for a port that nobody named: the guest's net.ipv4.ip_local_port_range (vm/guest/mounts.c). */
const ANY = { first: 20_000, last: 32_767 } as const;

/** What the engine published for a running container, those that it chose (-P, -p 80) among them. */
export function wantedWhileRunning(container: ContainerInspect, publish: PublishTo): Wanted[] {
  const asked = container.HostConfig?.PortBindings;
  return publishes(container)
    ? wantedOf(container.NetworkSettings?.Ports, publish, (binding, key) => askedAddress(asked?.[key] ?? [], binding))
    : [];
}

export function publishesAny({ HostConfig }: ContainerInspect): boolean {
  return HostConfig?.PublishAllPorts === true || Object.keys(HostConfig?.PortBindings ?? {}).length > 0;
}

/** Published, and not forwarded: SCTP. */
export function notForwarded(container: ContainerInspect): string[] {
  return Object.entries(container.HostConfig?.PortBindings ?? {})
    .filter(([port, bindings]) => port.endsWith('/sctp') && (bindings?.length ?? 0) > 0)
    .map(([port]) => port);
}

/** The container's own address in its first network that has one. */
export function addressOf(container: ContainerInspect): string | undefined {
  const networks = Object.values(container.NetworkSettings?.Networks ?? {});
  return networks.map((network) => network?.IPAddress).find(Boolean) ?? networks.map((network) => network?.GlobalIPv6Address).find(Boolean);
}

export function isRunning(container: ContainerInspect): boolean {
  return container.State?.Running === true;
}

/** Two listeners that the system does not allow side by side. */
export function overlap(a: Wanted, b: Wanted): boolean {
  return (
    a.protocol === b.protocol &&
    a.port === b.port &&
    isIP(a.address) === isIP(b.address) &&
    (a.address === b.address || isWildcard(a.address) || isWildcard(b.address))
  );
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

function publishes({ HostConfig }: ContainerInspect): boolean {
  const mode = HostConfig?.NetworkMode ?? '';
  return mode !== 'host' && mode !== 'none' && !mode.startsWith('container:');
}

/** dockerd reports 0.0.0.0 and :: for a port without an address; the address that was asked for is '' then. */
function askedAddress(asked: readonly PortBinding[], { HostIp = '', HostPort = '' }: PortBinding): string {
  const fits = asked.filter(({ HostPort: port = '' }) => port === HostPort || fixedPort(port) === 0);
  return fits.length === 0 || fits.some(({ HostIp: address = '' }) => address === '') ? '' : HostIp;
}

function wantedOf(bindings: Bindings, publish: PublishTo, addressOfBinding: (binding: PortBinding, key: string) => string): Wanted[] {
  const found = new Map<string, Wanted>();
  for (const [exposed, list] of Object.entries(bindings ?? {})) {
    const [containerPort, protocol = 'tcp'] = exposed.split('/');
    if (protocol !== 'tcp' && protocol !== 'udp') {
      continue;
    }
    for (const binding of list ?? []) {
      const port = fixedPort(binding.HostPort ?? '');
      for (const address of port === 0 ? [] : hostAddresses(addressOfBinding(binding, exposed), publish)) {
        const key = `${protocol} ${address} ${port}`;
        // The same port stands there once for each family of addresses.
        const guestPort = binding.HostIp === '0.0.0.0' ? port : found.get(key)?.guestPort;
        found.set(key, {
          protocol,
          address,
          port,
          containerPort: Number(containerPort),
          ...(guestPort === undefined ? {} : { guestPort }),
        });
      }
    }
  }
  return [...found.values()];
}

/** Undefined for a port that the user named. */
function choiceOf(text: string): Pick<PortRange, 'first' | 'last'> | undefined {
  const [, first, last] = /^([0-9]{1,5})-([0-9]{1,5})$/.exec(text) ?? [];
  if (first !== undefined) {
    return { first: Number(first), last: Number(last) };
  }
  return fixedPort(text) === 0 ? ANY : undefined;
}

/** 0 for '' and '0', where the engine chooses; for a range too. */
function fixedPort(text: string): number {
  return /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
}

export function hostAddresses(asked: string, publish: PublishTo): string[] {
  if (asked === '') {
    return publish === 'lan' ? ['0.0.0.0', '::'] : ['127.0.0.1', '::1'];
  }
  return asked === 'localhost' ? ['127.0.0.1', '::1'] : [asked];
}
