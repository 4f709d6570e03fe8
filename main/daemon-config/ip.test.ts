// Addresses and subnets: as Go reads them, and a free one that is free.
import { BlockList } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contains, formatIpv4, freeSubnet, includes, overlaps, parseAddress, parseSubnet } from './ip';
import type { Subnet } from './ip';

function subnet(text: string): Subnet {
  const read = parseSubnet(text);
  if (read === undefined) {
    throw new Error(text);
  }
  return read;
}

test.each(['', '1.2.3', '01.2.3.4', '1.2.3.4:53', 'fe80::1%eth0', '::ffff:1.2.3.256', ':::', 'localhost', ' 1.2.3.4'])(
  '%j is no address',
  (text) => {
    expect(parseAddress(text)).toBeUndefined();
  },
);

test.each(['1.2.3.4', '1.2.3.4/33', '1.2.3.4/08', '1.2.3.4/', '/8', 'fd00::/129', '1.2.3.4/8/8', '1.2.3.4/-1'])(
  '%j is no subnet',
  (text) => {
    expect(parseSubnet(text)).toBeUndefined();
  },
);

test.each([
  ['1.2.3.4', 0x01020304n],
  ['::', 0n],
  ['::1', 1n],
  ['1::', 1n << 112n],
  ['::ffff:1.2.3.4', 0xffff01020304n],
  ['fd00:0:0:1::a', (0xfd00n << 112n) | (1n << 64n) | 10n],
  ['1:2:3:4:5:6:7:8', 0x00010002000300040005000600070008n],
])('%s', (text, value) => {
  expect(parseAddress(text)?.value).toBe(value);
});

const ipv4 = fc.ipV4();
const bits = fc.integer({ min: 1, max: 32 });

describe('contains', () => {
  test('is what node says', () => {
    fc.assert(
      fc.property(ipv4, bits, ipv4, (base, length, address) => {
        const list = new BlockList();
        list.addSubnet(base, length);
        const read = parseAddress(address);
        expect(read !== undefined && contains(subnet(`${base}/${length}`), read)).toBe(list.check(address));
      }),
    );
  });

  test('and overlapping is containing one way or the other', () => {
    fc.assert(
      fc.property(ipv4, bits, ipv4, bits, (a, lengthA, b, lengthB) => {
        const [one, two] = [subnet(`${a}/${lengthA}`), subnet(`${b}/${lengthB}`)];
        expect(overlaps(one, two)).toBe(includes(one, two) || includes(two, one));
      }),
    );
  });
});

test('a free subnet is private, of the size asked for, and overlaps with none', () => {
  const used = fc.array(
    fc.oneof(
      fc.tuple(fc.constantFrom('172.16.0.0', '172.24.0.0', '192.168.0.0', '10.0.0.0', '10.128.0.0'), fc.integer({ min: 8, max: 24 })),
      fc.tuple(
        fc.integer({ min: 16, max: 31 }).map((part) => `172.${part}.0.0`),
        fc.integer({ min: 12, max: 24 }),
      ),
    ),
  );
  fc.assert(
    fc.property(used, fc.integer({ min: 16, max: 28 }), (taken, size) => {
      const subnets = taken.map(([base, length]) => subnet(`${base}/${length}`));
      const free = freeSubnet(size, subnets);
      if (free !== undefined) {
        expect(free.bits).toBe(size);
        expect(subnets.some((one) => overlaps(one, free))).toBe(false);
        expect(['172.16.0.0/12', '192.168.0.0/16', '10.0.0.0/8'].some((range) => includes(subnet(range), free))).toBe(true);
        expect(parseSubnet(`${formatIpv4(free.value)}/${size}`)).toEqual(free);
      }
    }),
  );
});

test('none is proposed where all is taken', () => {
  expect(freeSubnet(24, ['172.16.0.0/12', '192.168.0.0/16', '10.0.0.0/8'].map(subnet))).toBeUndefined();
  expect(freeSubnet(24, ['172.16.0.0/12'].map(subnet))).toEqual(subnet('192.168.0.0/24'));
});
