import { expect, test } from 'vitest';
import type { ContainerSummary, Forward } from '../../../preload/contract';
import { addressText } from '../../../preload/contract';
import { countsOf, linesOf, searchFor, urlOf } from './model';

const forward = (patch: Partial<Forward>): Forward => ({
  kind: 'container',
  container: 'c1',
  name: 'web',
  protocol: 'tcp',
  address: '127.0.0.1',
  port: 8080,
  containerPort: 80,
  reach: 'local',
  way: 'relay',
  connections: 1,
  bytesIn: 10,
  bytesOut: 20,
  dropped: 0,
  ...patch,
});
const inUse = {
  code: 'ports.inUse',
  params: { port: 80, protocol: 'tcp', address: '127.0.0.1', process: 'nginx (7)', suggested: 8080 },
} as const;

test('both loopbacks of one port are one line, with their figures together', () => {
  const lines = linesOf([forward({}), forward({ address: '::1', connections: 2, bytesIn: 5 })], {});
  expect(lines).toMatchObject([{ alsoOn: ['::1'], forward: { address: '127.0.0.1', connections: 3, bytesIn: 15 } }]);
});

test('what is not served comes first, and apart from what is', () => {
  const lines = linesOf([forward({ port: 1 }), forward({ port: 80, error: inUse }), forward({ port: 80, address: '::1' })], {});
  expect(lines.map(({ forward: { port, error } }) => [port, error?.code])).toEqual([
    [80, 'ports.inUse'],
    [1, undefined],
    [80, undefined],
  ]);
  expect(countsOf(lines)).toEqual({ all: 3, lan: 0, failing: 1 });
});

test('search finds addresses, ports, names and projects', () => {
  const [line] = linesOf([forward({})], { c1: { project: 'shop' } as ContainerSummary });
  for (const text of ['8080', '127.0', 'WEB', 'shop web', 'tcp', '']) {
    expect(searchFor(text)(line!), text).toBe(true);
  }
  expect(searchFor('web other')(line!)).toBe(false);
});

test('addresses as a browser takes them', () => {
  expect(addressText(forward({ address: '::1' }))).toBe('[::1]:8080');
  expect(urlOf(forward({}))).toBe('http://localhost:8080');
  expect(urlOf(forward({ address: '0.0.0.0', port: 9000, containerPort: 8443 }))).toBe('https://localhost:9000');
  expect(urlOf(forward({ port: 8443 }))).toBe('http://localhost:8443');
  expect(urlOf(forward({ address: '192.168.1.5' }))).toBe('http://192.168.1.5:8080');
  expect(urlOf(forward({ protocol: 'udp' }))).toBeUndefined();
  expect(urlOf(forward({ error: inUse }))).toBeUndefined();
});
