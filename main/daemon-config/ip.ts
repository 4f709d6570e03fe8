// IP addresses and subnets, read as strictly as Go reads them. Pure.
import { isIP } from 'node:net';

export interface Address {
  readonly family: 4 | 6;
  readonly value: bigint;
}

export interface Subnet extends Address {
  readonly bits: number;
}

const WIDTH = { 4: 32, 6: 128 } as const;

export function parseAddress(text: string): Address | undefined {
  const family = isIP(text);
  if (family === 4) {
    return { family, value: text.split('.').reduce((value, part) => value * 256n + BigInt(part), 0n) };
  }
  // A zone means nothing in a configuration, and Go refuses it too.
  return family === 6 && !text.includes('%') ? { family, value: ipv6(text) } : undefined;
}

function ipv6(text: string): bigint {
  const dotted = /:(\d+\.\d+\.\d+\.\d+)$/.exec(text)?.[1];
  const tail = dotted === undefined ? undefined : parseAddress(dotted)?.value;
  const plain =
    tail === undefined ? text : text.replace(/\d+\.\d+\.\d+\.\d+$/, `${(tail >> 16n).toString(16)}:${(tail & 0xffffn).toString(16)}`);
  const [head = '', rest] = plain.split('::');
  const groups = (part: string): string[] => part.split(':').filter((group) => group !== '');
  const left = groups(head);
  const right = rest === undefined ? [] : groups(rest);
  const zeros = new Array<string>(8 - left.length - right.length).fill('0');
  return [...left, ...zeros, ...right].reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

/** `10.0.0.5/24`: the address as written, with its bits. */
export function parseSubnet(text: string): Subnet | undefined {
  const [, host = '', bits = ''] = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
  const address = parseAddress(host);
  return address !== undefined && Number(bits) <= WIDTH[address.family] ? { ...address, bits: Number(bits) } : undefined;
}

/** The first address of the subnet: its own name. */
export function networkOf({ family, value, bits }: Subnet): Subnet {
  const host = BigInt(WIDTH[family] - bits);
  return { family, value: (value >> host) << host, bits };
}

export function lastOf(subnet: Subnet): bigint {
  return networkOf(subnet).value + (1n << BigInt(WIDTH[subnet.family] - subnet.bits)) - 1n;
}

export function contains(subnet: Subnet, address: Address): boolean {
  return subnet.family === address.family && address.value >= networkOf(subnet).value && address.value <= lastOf(subnet);
}

/** The second lies wholly in the first. */
export function includes(outer: Subnet, inner: Subnet): boolean {
  return outer.bits <= inner.bits && contains(outer, inner);
}

export function overlaps(a: Subnet, b: Subnet): boolean {
  return contains(a, networkOf(b)) || contains(b, networkOf(a));
}

/** Of IPv4; the only family of which one is proposed. */
export function formatIpv4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => ((value >> shift) & 255n).toString()).join('.');
}

/** The first private subnet of this size that is none of those in use: 172.16/12 first, as dockerd does, then 192.168/16, then 10/8. */
export function freeSubnet(bits: number, used: readonly Subnet[]): Subnet | undefined {
  const ranges = ['172.17.0.0/12', '192.168.0.0/16', '10.128.0.0/9'].map(parseSubnet).filter((range) => range !== undefined);
  for (const range of ranges) {
    const step = 1n << BigInt(32 - bits);
    // From where docker0 usually is.
    for (let value = range.value; bits >= range.bits && value <= lastOf(range); value += step) {
      const candidate: Subnet = { family: 4, value, bits };
      const clash = used.find((subnet) => overlaps(subnet, candidate));
      if (clash === undefined) {
        return networkOf(candidate);
      }
      // To the end of what is in the way, in whole steps.
      while (value + step <= lastOf(clash)) {
        value += step;
      }
    }
  }
  return undefined;
}
