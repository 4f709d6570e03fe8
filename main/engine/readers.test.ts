// The pure readers of what dockerd and people write: rows, references, tar heads, progress.
import fc from 'fast-check';
import { pack } from 'tar-stream';
import { describe, expect, test } from 'vitest';
import { mark, nothingDirty } from './events';
import type { KnownTimes } from './events';
import { record } from '../lib/json';
import { containerDetail, containerSummary, durationOf, imageSummary } from './normalise';
import { noProgress, pullSummary, reducePull } from './progress';
import { imagePath, parseReference } from './reference';
import { createBody } from './run-body';
import { looksLikeTar } from './tar-head';
import { runSpec } from '../../preload/contract';

describe('rows', () => {
  test('whatever dockerd answers, a reader survives it', () => {
    const keys = fc.constantFrom(
      'Id',
      'Names',
      'Ports',
      'Labels',
      'State',
      'Status',
      'RepoTags',
      'Config',
      'NetworkSettings',
      'Mounts',
      'Type',
      'Action',
      'Actor',
    );
    const hostile = fc.oneof(fc.anything(), fc.dictionary(keys, fc.anything()));
    fc.assert(
      fc.property(hostile, (value) => {
        containerSummary(value, 0);
        imageSummary(value);
        containerDetail(value);
        mark(nothingDirty(), new Map(), record(value));
      }),
    );
  });

  test('a container: name, ports, health, project and times', () => {
    const row = {
      Id: 'abc',
      Names: ['/other/alias', '/web'],
      State: 'exited',
      Status: 'Exited (137) 2 hours ago',
      Created: 10,
      Ports: [{ PrivatePort: 80, PublicPort: 8080, IP: '0.0.0.0', Type: 'tcp' }, { PrivatePort: 53, Type: 'udp' }, { PrivatePort: 'x' }],
      Labels: { 'com.docker.compose.project': 'shop', n: 1 },
    };
    expect(containerSummary(row, 10_000_000)).toMatchObject({
      name: 'web',
      exitCode: 137,
      finishedAt: 10_000_000 - 7_200_000,
      createdAt: 10_000,
      project: 'shop',
      ports: [
        { containerPort: 53, protocol: 'udp' },
        { containerPort: 80, hostPort: 8080, hostAddress: '0.0.0.0', protocol: 'tcp' },
      ],
    });
    expect(containerSummary({ ...row, State: 'running', Status: 'Up 5 minutes (unhealthy)' }, 0)).toMatchObject({
      health: 'unhealthy',
      startedAt: -300_000,
    });
    expect(containerSummary({ ...row, State: 'running', Status: 'Up 5 minutes', Health: { Status: 'starting' } }, 0)?.health).toBe(
      'starting',
    );
  });

  test.each([
    ['Up About an hour', 3_600_000],
    ['Up Less than a second', 0],
    ['Exited (1) 3 weeks ago', 3 * 604_800_000],
    ['Created', undefined],
  ])('%s', (words, ms) => expect(durationOf(words)).toBe(ms));

  test('execs of health checks make nothing stale, a start tells its time', () => {
    const dirty = nothingDirty();
    const times: KnownTimes = new Map();
    mark(dirty, times, { Type: 'container', Action: 'exec_start: sh', Actor: { ID: 'a' } });
    expect(dirty.containers.size).toBe(0);
    mark(dirty, times, { Type: 'container', Action: 'start', Actor: { ID: 'a' }, timeNano: 5_000_000_000 });
    mark(dirty, times, { Type: 'container', Action: 'die', Actor: { ID: 'a', Attributes: { exitCode: '3' } }, timeNano: 6_000_000_000 });
    expect([...dirty.containers]).toEqual(['a']);
    expect(times.get('a')).toEqual({ startedAt: 5000, finishedAt: 6000, exitCode: 3 });
  });
});

describe('references', () => {
  test.each([
    ['busybox', 'busybox', 'latest'],
    ['busybox:1.37', 'busybox', '1.37'],
    ['localhost:5000/team/app', 'localhost:5000/team/app', 'latest'],
    ['registry.example/a/b:v1', 'registry.example/a/b', 'v1'],
    [`busybox@sha256:${'a'.repeat(64)}`, 'busybox', `sha256:${'a'.repeat(64)}`],
    [`busybox:1@sha256:${'a'.repeat(64)}`, 'busybox:1', `sha256:${'a'.repeat(64)}`],
  ])('%s', (reference, fromImage, tag) => expect(parseReference(reference)).toEqual({ fromImage, tag }));

  test.each(['', 'Busybox', 'a b', '-rf', 'a//b', 'a:b:c', 'x@sha256:12', '../etc', 'a?x=1', 'a\u0000'])('%j is refused', (reference) => {
    expect(() => parseReference(reference)).toThrow(expect.objectContaining({ code: 'engine.badReference' }));
  });

  test.each(['../containers/x', 'a/../../b', 'a?force=1', 'a#b', 'a%2fb', '', '/a'])('%j is no part of a path', (key) => {
    expect(() => imagePath(key)).toThrow(expect.objectContaining({ code: 'engine.badReference' }));
  });

  test('ids and references are', () => expect(['sha256:ab12', 'localhost:5000/a/b:v1', 'a@sha256:00'].map(imagePath)).toHaveLength(3));
});

describe('a tar', () => {
  test('is told by its first block, compressed ones by their magic', async () => {
    const tar = pack();
    tar.entry({ name: 'manifest.json' }, '[]');
    tar.finalize();
    const chunks: Buffer[] = [];
    for await (const chunk of tar) {
      chunks.push(chunk as Buffer);
    }
    const bytes = Buffer.concat(chunks);
    expect(looksLikeTar(bytes)).toBe(true);
    expect(looksLikeTar(Buffer.from([0x1f, 0x8b, 8]))).toBe(true);
    expect(looksLikeTar(Buffer.from([0x28, 0xb5, 0x2f, 0xfd]))).toBe(true);
    expect(looksLikeTar(bytes.subarray(0, 511))).toBe(false);
    expect(looksLikeTar(Buffer.concat([Buffer.from('x'), bytes]))).toBe(false);
    expect(looksLikeTar(Buffer.alloc(1024))).toBe(false);
  });
});

describe('pull progress', () => {
  const line = (id: string, status: string, current?: number, total?: number): Record<string, unknown> => ({
    id,
    status,
    progressDetail: current === undefined ? {} : { current, total },
  });

  test('is one entry a layer, with sums and a rate', () => {
    let progress = noProgress;
    let at = 0;
    for (const each of [
      { status: 'Pulling from library/x', id: 'latest' },
      line('a', 'Pulling fs layer'),
      line('b', 'Already exists'),
      line('a', 'Downloading', 0, 1000),
      line('a', 'Downloading', 500, 1000),
    ]) {
      progress = reducePull(progress, each, (at += 500));
    }
    expect(pullSummary(progress, at)).toMatchObject({
      currentBytes: 500,
      totalBytes: 1000,
      layers: [
        { id: 'a', phase: 'downloading', currentBytes: 500 },
        { id: 'b', phase: 'exists' },
      ],
    });
    expect(pullSummary(progress, at).bytesPerSecond).toBe(333);
    progress = reducePull(progress, line('a', 'Extracting', 10, 1000), at);
    expect(pullSummary(progress, at)).toMatchObject({ currentBytes: 1000, layers: [{ phase: 'extracting', currentBytes: 10 }, {}] });
    progress = reducePull(progress, { id: 'a', status: 'Extracting', progressDetail: { current: 3, units: 's' } }, at);
    expect(progress.layers.get('a')).toMatchObject({ phase: 'extracting', totalBytes: 1000 });
    progress = reducePull(progress, line('a', 'Pull complete'), at);
    progress = reducePull(progress, { status: 'Status: Downloaded newer image for x:latest' }, at);
    expect(pullSummary(progress, at)).toMatchObject({ detail: 'Downloaded newer image for x:latest', currentBytes: 1000 });
  });

  test('the sum is unknown while a layer is', () => {
    const progress = [line('a', 'Downloading', 5, 10), line('b', 'Waiting')].reduce(
      (before, each) => reducePull(before, each, 0),
      noProgress,
    );
    expect(pullSummary(progress, 0).totalBytes).toBe(0);
  });

  test('holds few samples however many lines come, and survives any', () => {
    let progress = noProgress;
    for (let at = 0; at < 20_000; at++) {
      progress = reducePull(progress, line('a', 'Downloading', at, 20_000), at);
    }
    expect(progress.samples.length).toBeLessThan(40);
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('id', 'status', 'progressDetail', 'errorDetail', 'error'), fc.anything()),
        (each) => void pullSummary(reducePull(noProgress, each, 0), 1),
      ),
    );
  });
});

describe('the run form', () => {
  test('becomes a body in which every word stays one element', () => {
    const spec = runSpec.parse({
      image: 'busybox',
      command: ['sh', '-c', 'echo "$HOME"; rm -rf /'],
      env: [{ name: 'A', value: 'b=c d' }],
      ports: [
        { hostPort: 8080, containerPort: 80 },
        { hostPort: 8081, containerPort: 80, hostAddress: '127.0.0.1' },
        { containerPort: 53, protocol: 'udp' },
      ],
      binds: [{ source: '/home/me/a:b', path: '/src' }],
      volumes: [{ volume: 'data', path: '/a:b', readOnly: true }],
      restart: 'unless-stopped',
    });
    expect(createBody(spec)).toMatchObject({
      Cmd: ['sh', '-c', 'echo "$HOME"; rm -rf /'],
      Env: ['A=b=c d'],
      HostConfig: {
        PortBindings: {
          '80/tcp': [
            { HostIp: '', HostPort: '8080' },
            { HostIp: '127.0.0.1', HostPort: '8081' },
          ],
          '53/udp': [{ HostPort: '' }],
        },
        Mounts: [
          { Type: 'bind', Source: '/home/me/a:b', Target: '/src', ReadOnly: false },
          { Type: 'volume', Source: 'data', Target: '/a:b', ReadOnly: true },
        ],
        RestartPolicy: { Name: 'unless-stopped' },
      },
    });
  });
});
