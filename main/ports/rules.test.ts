import { expect, test } from 'vitest';
import type { ContainerInspect } from '../lib/engine-http';
import { listeningInodes } from './port-owner';
import { addressOf, narrowed, notForwarded, wantedBeforeStart, wantedWhileRunning } from './rules';

function published(bindings: NonNullable<ContainerInspect['HostConfig']>['PortBindings'], mode = 'bridge'): ContainerInspect {
  return { Id: 'x', HostConfig: { NetworkMode: mode, PortBindings: bindings ?? null }, NetworkSettings: { Ports: bindings ?? null } };
}
const both = (port: number, containerPort: number) => ['127.0.0.1', '::1'].map((address) => ({ address, port, containerPort }));

test.each([
  ['an empty address', '', '8080', both(8080, 80)],
  ['every address', '0.0.0.0', '8080', both(8080, 80)],
  ['every IPv6 address', '::', '8080', both(8080, 80)],
  ['an address of the LAN', '192.168.1.5', '8080', both(8080, 80)],
  ['loopback', '127.0.0.1', '8080', [{ address: '127.0.0.1', port: 8080, containerPort: 80 }]],
  ['another loopback', '127.0.0.2', '8080', [{ address: '127.0.0.2', port: 8080, containerPort: 80 }]],
  ['IPv6 loopback', '::1', '8080', [{ address: '::1', port: 8080, containerPort: 80 }]],
  ['a port that the engine chooses', '', '', []],
  ['port 0', '', '0', []],
  ['a range', '', '8000-8010', []],
])('%s', (_name, HostIp, HostPort, wanted) => {
  expect(wantedBeforeStart(published({ '80/tcp': [{ HostIp, HostPort }] }))).toEqual(wanted);
});

test('the two addresses that the engine reports are one listener each', () => {
  expect(
    wantedWhileRunning(
      published({
        '80/tcp': [
          { HostIp: '0.0.0.0', HostPort: '32768' },
          { HostIp: '::', HostPort: '32768' },
        ],
        '81/tcp': null,
      }),
    ),
  ).toEqual(both(32768, 80));
});

test('host, none and a container’s network publish nothing', () => {
  for (const mode of ['host', 'none', 'container:abc']) {
    expect(wantedBeforeStart(published({ '80/tcp': [{ HostPort: '8080' }] }, mode))).toEqual([]);
  }
});

test('UDP and SCTP are named as not forwarded, addresses of the LAN as narrowed', () => {
  const found = published({
    '53/udp': [{ HostPort: '53' }],
    '9/sctp': [{ HostPort: '9' }],
    '80/tcp': [
      { HostIp: '0.0.0.0', HostPort: '80' },
      { HostIp: '127.0.0.1', HostPort: '81' },
    ],
  });
  expect(notForwarded(found)).toEqual(['53/udp', '9/sctp']);
  expect(narrowed(found)).toEqual(['0.0.0.0:80']);
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
  expect(listeningInodes(table, 8080)).toEqual(['4242']);
});
