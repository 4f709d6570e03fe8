// What a change costs, and what the guest is given so that dockerd does as the document says.
import { describe, expect, test } from 'vitest';
import { classOf, daemonKeys, defaultDaemonDocument } from '../../preload/contract';
import type { ApplyClass } from '../../preload/contract';
import type { DaemonDocument } from './daemon-config';
import { classOfChanges, diffDocuments } from './diff';
import { forGuest, formatDocument } from './document';

const kept = { 'live-restore': true };

function cost(before: DaemonDocument, after: DaemonDocument): ApplyClass {
  return classOfChanges(diffDocuments(before, after), before, after);
}

describe('a change', () => {
  test.each<[string, DaemonDocument, DaemonDocument, ApplyClass]>([
    ['nothing', {}, {}, 'none'],
    ['mirrors', {}, { 'registry-mirrors': ['https://a.example'] }, 'reload'],
    ["dockerd's default said outright", {}, { debug: false, 'max-concurrent-downloads': 3, 'registry-mirrors': [] }, 'none'],
    ['DNS', {}, { dns: ['1.1.1.1'] }, 'restart'],
    ['the bridge', {}, { bip: '172.26.0.1/16' }, 'disruptive'],
    ['the bridge back', { bip: '172.26.0.1/16' }, {}, 'disruptive'],
    ['pools', {}, { 'default-address-pools': [{ base: '172.30.0.0/16', size: 24 }] }, 'disruptive'],
    ['another image store', {}, { features: { 'containerd-snapshotter': true } }, 'disruptive'],
    ['the image store that it is', {}, { features: { 'containerd-snapshotter': false } }, 'none'],
    [
      'a feature that reloads',
      { features: { 'containerd-snapshotter': true } },
      { features: { 'containerd-snapshotter': true, buildkit: false } },
      'reload',
    ],
    ['a feature that is read at the start', {}, { features: { cdi: false } }, 'restart'],
    ['a key of a newer dockerd', {}, { nosuch: 1 }, 'restart'],
    ['a name of Object', {}, { constructor: 1, toString: { a: 1 } }, 'restart'],
    ['order of an object', { 'log-opts': { a: '1', b: '2' } }, { 'log-opts': { b: '2', a: '1' } }, 'none'],
    ['order of a list', { dns: ['1.1.1.1', '8.8.8.8'] }, { dns: ['8.8.8.8', '1.1.1.1'] }, 'restart'],
    ['live-restore off', {}, { 'live-restore': false }, 'reload'],
  ])('of %s', (_, before, after, expected) => {
    expect(cost({ ...kept, ...before }, { ...kept, ...after })).toBe(expected);
  });

  test('a restart stops containers where live-restore is off before or after', () => {
    const dns = { dns: ['1.1.1.1'] };
    expect(cost({ 'live-restore': false }, { 'live-restore': false, ...dns })).toBe('disruptive');
    expect(cost({}, dns)).toBe('disruptive');
    expect(cost({ 'live-restore': true }, { 'live-restore': false, ...dns })).toBe('disruptive');
    expect(cost({ 'live-restore': false }, { 'live-restore': true, ...dns })).toBe('disruptive');
    expect(cost({}, { 'registry-mirrors': ['https://a.example'] })).toBe('reload');
  });

  test('says before and after, in the order of the document, with credentials masked', () => {
    const before = { debug: true, proxies: { 'http-proxy': 'http://u:one@p.example' }, mtu: 1400 };
    const after = { mtu: 1400, proxies: { 'http-proxy': 'http://u:two@p.example' }, dns: ['1.1.1.1'] };
    const masked = { 'http-proxy': 'http://***@p.example' };
    expect(diffDocuments(before, after)).toEqual([
      { key: 'proxies', before: masked, after: masked, class: 'restart' },
      { key: 'dns', after: ['1.1.1.1'], class: 'restart' },
      { key: 'debug', before: true, class: 'reload' },
    ]);
  });
});

test('what reloads is what the event of a reload says, and what dockerd reloads beside it', () => {
  const reloads = daemonKeys.filter(({ apply, owned }) => apply === 'reload' && owned === undefined).map(({ name }) => name);
  expect(reloads.sort()).toEqual([
    'debug',
    'default-cgroupns-mode',
    'default-ipc-mode',
    'default-runtime',
    'default-shm-size',
    'features',
    'insecure-registries',
    'labels',
    'live-restore',
    'max-concurrent-downloads',
    'max-concurrent-uploads',
    'max-download-attempts',
    'network-diagnostic-port',
    'registry-mirrors',
    'runtimes',
    'shutdown-timeout',
  ]);
  // Each has a value that undoes it.
  expect(daemonKeys.filter(({ apply, default: standard }) => apply === 'reload' && standard === undefined)).toEqual([]);
  expect(classOf('registry-mirrors', ['https://a.example'], undefined)).toBe('reload');
});

describe('the text of the guest', () => {
  test('says outright what went away and would otherwise stay', () => {
    expect(
      forGuest({ debug: true }, { 'registry-mirrors': ['https://a.example'], debug: true, dns: ['1.1.1.1'], 'default-runtime': 'crun' }),
    ).toEqual({
      debug: true,
      'registry-mirrors': [],
      'default-runtime': 'runc',
    });
  });

  test('goes on saying so until the next boot', () => {
    expect(forGuest({}, { 'registry-mirrors': [] })).toEqual({ 'registry-mirrors': [] });
    expect(forGuest({}, undefined)).toEqual({});
  });

  test('leaves out a userland proxy that no reload would take', () => {
    expect(forGuest({ 'userland-proxy': true, debug: true })).toEqual({ debug: true });
    expect(forGuest({ 'userland-proxy': false })).toEqual({ 'userland-proxy': false });
    const own = { 'userland-proxy': true, 'userland-proxy-path': '/usr/sbin/docker-proxy' };
    expect(forGuest(own)).toEqual(own);
  });

  test('begins with containers that outlive dockerd', () => {
    expect(formatDocument(defaultDaemonDocument)).toBe('{\n  "live-restore": true,\n  "shutdown-timeout": 50\n}\n');
  });
});
