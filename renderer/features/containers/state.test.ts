import { describe, expect, test } from 'vitest';
import { containerSummary } from '../../../test/fakes/container-summary';
import { countsOf, firstVerb, hostPorts, isFailing, isIn, markOf, searchFor, shortName, stateWords } from './state';
import type { ContainerSummary } from '../../../preload/contract';

const container = (part: Partial<ContainerSummary>): ContainerSummary => containerSummary({ id: 'abc123', name: 'shop-web-1', ...part });

describe('states', () => {
  test('failing is what fails by itself, not what was stopped', () => {
    expect(isFailing(container({ state: 'exited', exitCode: 1 }))).toBe(true);
    expect(isFailing(container({ state: 'exited', exitCode: 137 }))).toBe(false);
    expect(isFailing(container({ state: 'exited', exitCode: 0 }))).toBe(false);
    expect(isFailing(container({ health: 'unhealthy' }))).toBe(true);
    expect(isFailing(container({ state: 'restarting' }))).toBe(true);
  });
  test('what is paused is unpaused first, what is up stopped, what is down started', () => {
    const verbs = (['paused', 'running', 'restarting', 'exited', 'created'] as const).map((state) => firstVerb(container({ state })));
    expect(verbs).toEqual(['unpausing', 'stopping', 'stopping', 'starting', 'starting']);
  });
  test('a click shows at once, whatever the engine said last', () => {
    expect(markOf(container({ state: 'exited' }), 'starting')).toBe('busy');
    expect(stateWords(container({ state: 'exited' }), 'starting')).toEqual({ key: 'starting', tone: 'acc' });
    expect(markOf(container({ health: 'unhealthy' }), undefined)).toBe('sick');
  });
  test('tabs count what they show', () => {
    const all = [
      container({}),
      container({ state: 'exited', exitCode: 2 }),
      container({ state: 'paused' }),
      container({ state: 'created' }),
    ];
    const counts = countsOf(all);
    expect(counts).toEqual({ all: 4, running: 1, stopped: 2, failing: 1 });
    for (const filter of ['all', 'running', 'stopped', 'failing'] as const) {
      expect(all.filter((each) => isIn(filter, each))).toHaveLength(counts[filter]);
    }
  });
});

describe('rows', () => {
  test('ports: one for both families, a link for tcp only', () => {
    const ports = [
      { containerPort: 80, protocol: 'tcp', hostPort: 8080, hostAddress: '0.0.0.0' },
      { containerPort: 80, protocol: 'tcp', hostPort: 8080, hostAddress: '::' },
      { containerPort: 53, protocol: 'udp', hostPort: 53, hostAddress: '' },
      { containerPort: 9000, protocol: 'tcp' },
    ] as const;
    expect(hostPorts(container({ ports })).map((port) => port.url)).toEqual(['http://localhost:8080', undefined]);
  });
  test('search: name, image, label, port; every word', () => {
    const web = container({ labels: { team: 'Blue' }, ports: [{ containerPort: 80, protocol: 'tcp', hostPort: 8080 }] });
    for (const query of ['', 'WEB', 'nginx', 'team=blue', '8080', ':8080', 'abc1', 'web nginx']) {
      expect(searchFor(query)(web), query).toBe(true);
    }
    for (const query of ['db', '808', 'web db']) {
      expect(searchFor(query)(web), query).toBe(false);
    }
  });
  test('names inside a project', () => {
    expect(shortName(container({ project: 'shop' }), true)).toBe('web-1');
    expect(shortName(container({ project: 'shop' }), false)).toBe('shop-web-1');
    expect(shortName(container({}), true)).toBe('shop-web-1');
  });
});
