// Rules of the keys of the network: the default bridge, address pools, gateways. What dockerd's --validate lets through and its start does not.
import { GUEST } from '../lib/guest-network';
import { addressRule } from './rules-values';
import type { Rule, RuleContext } from './rule';
import { contains, formatIpv4, freeSubnet, includes, lastOf, networkOf, overlaps, parseAddress, parseSubnet } from './ip';
import type { Subnet } from './ip';
import { show } from './problems';

type Strings = Readonly<Record<string, string>>;

function textOf(at: RuleContext, key: string): string | undefined {
  const value = at.document[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function subnetOf(at: RuleContext, key: string): Subnet | undefined {
  const text = textOf(at, key);
  return text === undefined ? undefined : parseSubnet(text);
}

/** Of the machine and of Docker's networks. */
function inUse(at: RuleContext): { name: string; subnet: Subnet; text: string }[] {
  const known = [{ name: 'berth', subnet: GUEST.subnet }, ...(at.context.networks ?? [])];
  return known.flatMap(({ name, subnet: text }) => {
    const subnet = parseSubnet(text);
    return subnet === undefined ? [] : [{ name, subnet, text }];
  });
}

/** The first address of a free subnet, as `bip` wants it. */
function freeBip(at: RuleContext, bits = 16): string | undefined {
  const free = freeSubnet(
    bits,
    inUse(at).map(({ subnet }) => subnet),
  );
  return free && `${formatIpv4(free.value + 1n)}/${bits}`;
}

const bip: Rule<string> = (value, at) => {
  const subnet = parseSubnet(value);
  if (value === '') {
    return;
  }
  if (subnet?.family !== 4) {
    at.problems.error('config.badSubnet', at.path, { value: show(value, at.path), family: 'IPv4', example: '172.26.0.1/16' }, freeBip(at));
    return;
  }
  if (subnet.bits > 30 || subnet.bits < 8) {
    at.problems.error('config.badSubnetSize', at.path, { value, min: 8, max: 30 }, freeBip(at));
    return;
  }
  const first = networkOf(subnet).value;
  if (subnet.value === first || subnet.value === lastOf(subnet)) {
    const fix = `${formatIpv4(first + 1n)}/${subnet.bits}`;
    at.problems.error('config.notAHostAddress', at.path, { value, example: fix }, fix);
    return;
  }
  const clash = inUse(at).find((network) => overlaps(network.subnet, subnet));
  if (clash !== undefined) {
    at.problems.error(
      'config.overlaps',
      at.path,
      { value, network: clash.name, subnet: clash.text },
      freeBip(at, Math.max(16, subnet.bits)),
    );
  }
};

const bip6: Rule<string> = (value, at) => {
  const subnet = parseSubnet(value);
  if (value !== '' && subnet?.family !== 6) {
    at.problems.error('config.badSubnet', at.path, { value: show(value, at.path), family: 'IPv6', example: 'fd00:0:0:1::1/64' });
  } else if (subnet?.family === 6 && subnet.value === networkOf(subnet).value) {
    at.problems.error('config.notAHostAddress', at.path, { value, example: 'fd00:0:0:1::1/64' });
  }
};

const LINK_LOCAL = parseSubnet('fe80::/64');
const MULTICAST = parseSubnet('ff00::/8');

function fixedCidr(family: 4 | 6, bridge: 'bip' | 'bip6'): Rule<string> {
  return (value, at) => {
    if (value === '') {
      return;
    }
    const subnet = parseSubnet(value);
    const forbidden = [LINK_LOCAL, MULTICAST].some((range) => range !== undefined && subnet?.family === 6 && overlaps(range, subnet));
    if (subnet?.family !== family || (forbidden && value !== 'fe80::/64')) {
      const example = family === 4 ? '172.26.1.0/24' : 'fd00:0:0:1::/64';
      at.problems.error('config.badSubnet', at.path, { value: show(value, at.path), family: `IPv${family}`, example });
      return;
    }
    const outer = subnetOf(at, bridge);
    // A larger one is taken, and means the bridge's own.
    if (outer !== undefined && !overlaps(outer, subnet)) {
      at.problems.error('config.notInside', at.path, { value, other: bridge, otherValue: textOf(at, bridge) ?? '' });
    }
  };
}

function gateway(family: 4 | 6, bridge: 'bip' | 'bip6', range: 'fixed-cidr' | 'fixed-cidr-v6'): Rule<string> {
  return (value, at) => {
    const address = parseAddress(value);
    if (value === '') {
      return;
    }
    if (address?.family !== family) {
      at.problems.error('config.badAddress', at.path, { value: show(value, at.path), family: `IPv${family}` });
      return;
    }
    const other = textOf(at, bridge) === undefined ? range : bridge;
    const outer = subnetOf(at, other);
    if (outer !== undefined && !contains(outer, address)) {
      at.problems.error('config.notInside', at.path, { value, other, otherValue: textOf(at, other) ?? '' });
    }
  };
}

const bridge: Rule<string> = (value, at) => {
  for (const other of ['bip', 'bip6']) {
    if (value !== '' && textOf(at, other) !== undefined) {
      at.problems.error('config.excludes', at.path, { other });
    }
  }
  // The guest begins with no bridge, so one by another name is never there when dockerd starts.
  if (!['', 'none', 'docker0'].includes(value)) {
    at.problems.error('config.notOneOf', at.path, { value: show(value, at.path), values: 'none, docker0' });
  }
};

const mtu: Rule<number> = (value, at) => {
  const min = at.document['ipv6'] === true ? 1280 : 68;
  if (value !== 0 && (value < min || value > 65535)) {
    at.problems.error('config.outOfRange', at.path, { value: String(value), min, max: 65535 });
  }
};

const icc: Rule<boolean> = (value, at) => {
  for (const other of value ? [] : ['iptables', ...(at.document['ipv6'] === true ? ['ip6tables'] : [])]) {
    if (at.document[other] === false) {
      at.problems.error('config.needs', at.path, { value: 'false', other, otherValue: 'true' });
    }
  }
};

interface Pool {
  readonly base?: string;
  readonly size?: number;
}

const pools: Rule<readonly Pool[]> = (value, at) => {
  const seen: { text: string; subnet: Subnet }[] = [];
  value.forEach((pool, index) => {
    const path = [...at.path, index];
    const base = pool.base === undefined ? undefined : parseSubnet(pool.base);
    if (pool.base === undefined || pool.size === undefined) {
      at.problems.error('config.missingField', path, { field: pool.base === undefined ? 'base' : 'size' });
      return;
    }
    if (base === undefined) {
      const example = '172.30.0.0/16';
      at.problems.error('config.badSubnet', [...path, 'base'], { value: show(pool.base, path), family: 'IPv4, IPv6', example });
      return;
    }
    const max = base.family === 4 ? 32 : 128;
    if (pool.size < base.bits || pool.size > max) {
      const fix = base.family === 4 ? Math.min(Math.max(base.bits, 24), 32) : Math.max(base.bits, 64);
      at.problems.error('config.poolSize', [...path, 'size'], { value: pool.size, base: pool.base, min: base.bits, max }, fix);
      return;
    }
    const machine = parseSubnet(GUEST.subnet);
    if (machine !== undefined && includes(machine, base)) {
      at.problems.error('config.overlaps', [...path, 'base'], { value: pool.base, network: 'berth', subnet: GUEST.subnet });
    }
    const other = seen.find(({ subnet }) => overlaps(subnet, base));
    if (other !== undefined) {
      at.problems.warning('config.poolsOverlap', [...path, 'base'], { value: pool.base, other: other.text });
    }
    seen.push({ text: pool.base, subnet: base });
  });
};

const oneAddress: Rule<string> = (value, at) => {
  if (value !== '') {
    addressRule(value, at);
  }
};

const networkOptions: Rule<Readonly<Record<string, Strings>>> = (value, at) => {
  for (const [driver, options] of Object.entries(value)) {
    const text = options['com.docker.network.driver.mtu'];
    if (text !== undefined && !/^\d{1,5}$/.test(text)) {
      at.problems.error('config.notAWholeNumber', [...at.path, driver, 'com.docker.network.driver.mtu'], { value: show(text, at.path) });
    }
  }
};

export const networkRules: Readonly<Record<string, Rule<never>>> = {
  bip,
  bip6,
  'fixed-cidr': fixedCidr(4, 'bip'),
  'fixed-cidr-v6': fixedCidr(6, 'bip6'),
  'default-gateway': gateway(4, 'bip', 'fixed-cidr'),
  'default-gateway-v6': gateway(6, 'bip6', 'fixed-cidr-v6'),
  bridge,
  mtu,
  icc,
  ip: oneAddress,
  'default-address-pools': pools,
  'default-network-opts': networkOptions,
};
