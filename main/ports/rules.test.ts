import { expect, test } from 'vitest';
import type { ContainerInspect } from '../lib/engine-http';
import { listeningInodes } from './port-owner';
import { addressOf, notForwarded, overlap, rangesOf, wantedBeforeStart, wantedWhileRunning } from './rules';

function published(bindings: NonNullable<ContainerInspect['HostConfig']>['PortBindings'], mode = 'bridge'): ContainerInspect {
  return { Id: 'x', HostConfig: { NetworkMode: mode, PortBindings: bindings ?? null }, NetworkSettings: { Ports: bindings ?? null } };
}
type Wish = Parameters<typeof overlap>[0];
const at = (address: string, port = 8080, containerPort = 80): Wish => ({ protocol: 'tcp', address, port, containerPort });
const local = [at('127.0.0.1'), at('::1')];
const lan = [at('0.0.0.0'), at('::')];
/** On every IPv4 address of the guest. */
const direct = (wishes: readonly Wish[]): Wish[] => wishes.map((wish) => ({ ...wish, guestPort: 8080 }));

test.each([
  ['an empty address', '', '8080', local, lan],
  ['localhost', 'localhost', '8080', local, local],
  ['every IPv4 address', '0.0.0.0', '8080', direct([at('0.0.0.0')]), direct([at('0.0.0.0')])],
  ['every IPv6 address', '::', '8080', [at('::')], [at('::')]],
  ['an address of the LAN', '192.168.1.5', '8080', [at('192.168.1.5')], [at('192.168.1.5')]],
  ['loopback', '127.0.0.1', '8080', [at('127.0.0.1')], [at('127.0.0.1')]],
  ['another loopback', '127.0.0.2', '8080', [at('127.0.0.2')], [at('127.0.0.2')]],
  ['IPv6 loopback', '::1', '8080', [at('::1')], [at('::1')]],
  ['a port that the engine chooses', '', '', [], []],
  ['port 0', '', '0', [], []],
  ['a range', '', '8000-8010', [], []],
])('%s', (_name, HostIp, HostPort, onLoopback, onLan) => {
  const found = published({ '80/tcp': [{ HostIp, HostPort }] });
  expect(wantedBeforeStart(found, 'loopback')).toEqual(onLoopback);
  expect(wantedBeforeStart(found, 'lan')).toEqual(onLan);
});

const chosen = [
  { HostIp: '0.0.0.0', HostPort: '8080' },
  { HostIp: '::', HostPort: '8080' },
];
test.each([
  ['-p 80', [{ HostIp: '', HostPort: '' }], chosen, direct(local)],
  ['-p 8000-8100:80', [{ HostIp: '', HostPort: '8000-8100' }], chosen, direct(local)],
  ['-p 8080:80', [{ HostIp: '', HostPort: '8080' }], chosen, direct(local)],
  ['-P', null, chosen, direct(local)],
  ['-p 0.0.0.0::80', [{ HostIp: '0.0.0.0', HostPort: '' }], chosen.slice(0, 1), direct([at('0.0.0.0')])],
  ['-p 127.0.0.1::80', [{ HostIp: '127.0.0.1', HostPort: '' }], [{ HostIp: '127.0.0.1', HostPort: '8080' }], [at('127.0.0.1')]],
])('while it runs, %s is where the user asked for it, at the port that the engine chose', (_name, asked, reported, wanted) => {
  const found: ContainerInspect = {
    Id: 'x',
    HostConfig: { NetworkMode: 'bridge', PortBindings: asked === null ? {} : { '80/tcp': asked } },
    NetworkSettings: { Ports: { '80/tcp': reported, '81/tcp': null } },
  };
  expect(wantedWhileRunning(found, 'loopback')).toEqual(wanted);
});

test('UDP beside TCP on the same port', () => {
  const found = published({ '53/udp': [{ HostPort: '53' }], '53/tcp': [{ HostPort: '53' }] });
  expect(wantedBeforeStart(found, 'loopback').map(({ protocol, address }) => `${protocol} ${address}`)).toEqual([
    'udp 127.0.0.1',
    'udp ::1',
    'tcp 127.0.0.1',
    'tcp ::1',
  ]);
});

test('what the system does not allow side by side', () => {
  expect(overlap(at('0.0.0.0'), at('127.0.0.1'))).toBe(true);
  expect(overlap(at('::1'), at('::'))).toBe(true);
  expect(overlap(at('127.0.0.1'), at('127.0.0.2'))).toBe(false);
  expect(overlap(at('0.0.0.0'), at('::'))).toBe(false);
  expect(overlap(at('0.0.0.0'), at('0.0.0.0', 8081))).toBe(false);
  expect(overlap(at('0.0.0.0'), { ...at('0.0.0.0'), protocol: 'udp' })).toBe(false);
});

test('host, none and a container’s network publish nothing', () => {
  for (const mode of ['host', 'none', 'container:abc']) {
    expect(wantedBeforeStart(published({ '80/tcp': [{ HostPort: '8080' }] }, mode), 'lan')).toEqual([]);
  }
});

test('SCTP is named as not forwarded', () => {
  expect(notForwarded(published({ '53/udp': [{ HostPort: '53' }], '9/sctp': [{ HostPort: '9' }] }))).toEqual(['9/sctp']);
});

test('the address of the first network that has one', () => {
  expect(addressOf({ Id: 'x', NetworkSettings: { Networks: { none: { IPAddress: '' }, app: { IPAddress: '172.18.0.3' } } } })).toBe(
    '172.18.0.3',
  );
  expect(addressOf({ Id: 'x', NetworkSettings: { Networks: { six: { IPAddress: '', GlobalIPv6Address: 'fd00::3' } } } })).toBe('fd00::3');
  expect(addressOf({ Id: 'x' })).toBeUndefined();
});

test('listening sockets of a port, and only those', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4242 1 0 100 0 0 10 0',
    '   1: 0100007F:1F90 0100007F:C001 01 00000000:00000000 00:00000000 00000000  1000        0 4243 1 0 100 0 0 10 0',
    '   2: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4244 1 0 100 0 0 10 0',
  ].join('\n');
  expect(listeningInodes(table, 8080, 'tcp')).toEqual(['4242']);
  expect(listeningInodes(table.replace(' 0A ', ' 07 '), 8080, 'udp')).toEqual(['4242']);
});

test('what the engine chooses: a range, no port, and -P; of a fixed port, datagrams and the host’s network nothing', () => {
  const of = (HostConfig: NonNullable<ContainerInspect['HostConfig']>): unknown => rangesOf({ Id: 'a', HostConfig }, 'loopback');
  const addresses = ['127.0.0.1', '::1'];
  const any = { addresses, first: 20_000, last: 32_767 };
  expect(of({ PortBindings: { '80/tcp': [{ HostPort: '8000-8010' }] } })).toEqual([{ addresses, first: 8000, last: 8010 }]);
  expect(of({ PortBindings: { '80/tcp': [{ HostPort: '' }], '81/tcp': [{ HostIp: '0.0.0.0', HostPort: '0' }] } })).toEqual([
    any,
    { ...any, addresses: ['0.0.0.0'] },
  ]);
  expect(of({ PublishAllPorts: true, PortBindings: {} })).toEqual([any]);
  expect(of({ PortBindings: { '80/tcp': [{ HostPort: '80' }], '53/udp': [{ HostPort: '' }] } })).toEqual([]);
  expect(of({ NetworkMode: 'host', PublishAllPorts: true })).toEqual([]);
});
