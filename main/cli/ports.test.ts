import { expect, test } from 'vitest';
import type { BackendHandlers, Forward, PortHop } from '../../preload/contract';
import { runCli, streamOf } from '../../test/fakes/cli';

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
  connections: 2,
  bytesIn: 1000,
  bytesOut: 2_500_000,
  dropped: 0,
  ...patch,
});
const taken = forward({
  port: 5432,
  error: { code: 'ports.inUse', params: { port: 5432, protocol: 'tcp', address: '127.0.0.1', process: 'postgres (7)', suggested: 5433 } },
});
const hops = (...states: readonly PortHop['state'][]): readonly PortHop[] =>
  (['listener', 'forward', 'container'] as const).map((name, index) => ({
    name,
    state: states[index] ?? 'unknown',
    milliseconds: 1,
    detail: states[index] === 'failed' ? 'connect failed' : '',
  }));

function run(argv: readonly string[], forwards: readonly Forward[], answer: readonly PortHop[] = hops('ok', 'ok', 'ok')) {
  const probed: unknown[] = [];
  const handlers: Partial<BackendHandlers> = {
    'ports.changes': streamOf(forwards),
    'ports.probe': (which) => {
      probed.push(which);
      return answer;
    },
  };
  return runCli(['ports', ...argv], { handlers }).then((result) => ({ ...result, probed }));
}

test('every port with what it leads to', async () => {
  const { code, stdout } = await run([], [forward({}), forward({ address: '::', port: 53, protocol: 'udp', reach: 'lan' })]);
  expect(code).toBe(0);
  expect(stdout.split('\n')).toEqual([
    '127.0.0.1:8080/tcp  web:80  2 connections, in 1,000 B, out 2.4 MB  this machine',
    '[::]:53/udp         web:80  2 connections, in 1,000 B, out 2.4 MB  LAN',
  ]);
});

test('no port at all is said apart from the output', async () => {
  expect(await run([], [])).toMatchObject({ code: 0, stdout: '', stderr: 'No port is published.' });
});

test('one that is not served ends with 1, and is not probed', async () => {
  const { code, stdout, probed } = await run(['--probe'], [taken, forward({})]);
  expect(code).toBe(1);
  expect(stdout).toContain('postgres (7)');
  expect(probed).toEqual([{ protocol: 'tcp', address: '127.0.0.1', port: 8080 }]);
});

test('a probe names the hop at which it stops', async () => {
  const { code, stdout } = await run(['--probe'], [forward({})], hops('ok', 'ok', 'failed'));
  expect(code).toBe(1);
  expect(stdout).toContain('nothing in the container listens there: connect failed');
});

test('--json has every figure, errors in words, and hops only where they were asked for', async () => {
  const { stdout } = await run(['--json'], [taken]);
  expect(JSON.parse(stdout)).toMatchObject([
    { port: 5432, error: { code: 'ports.inUse', text: expect.stringContaining('5432') as string }, hops: null },
  ]);
  const probe = await run(['--json', '--probe'], [forward({})]);
  expect(JSON.parse(probe.stdout)).toMatchObject([{ error: null, hops: hops('ok', 'ok', 'ok') }]);
});
