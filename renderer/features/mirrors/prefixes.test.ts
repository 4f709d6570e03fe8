import { expect, test } from 'vitest';
import type { PrefixLine } from '../../state/slices/mirrors';
import { problemOf, samePrefixes, valuesOf } from './prefixes';

const line = (registry: string, prefix: string, key = 0): PrefixLine => ({ key, registry, prefix, always: true });

test('a host with or without a port and a path is a prefix', () => {
  for (const prefix of [
    'ghcr.mirror.example',
    'mirror.example/ghcr.io',
    'mirror.example:5000/a/b_c',
    ' https://Mirror.Example/ghcr.io/ ',
    'localhost:5000',
  ]) {
    const one = line('ghcr.io', prefix);
    expect(problemOf(one, [one]), prefix).toBeUndefined();
  }
});

test('what cannot be pulled from is named with its field', () => {
  const of = (registry: string, prefix: string) => {
    const one = line(registry, prefix);
    return problemOf(one, [one])?.problem;
  };
  expect(of('', 'a.example')).toBe('registryEmpty');
  expect(of('gh cr', 'a.example')).toBe('registryForm');
  expect(of('ghcr.io/owner', 'a.example')).toBe('registryForm');
  expect(of('docker.io', 'a.example')).toBe('hub');
  expect(of('ghcr.io', ' ')).toBe('prefixEmpty');
  expect(of('ghcr.io', 'mirror')).toBe('prefixForm');
  expect(of('ghcr.io', 'a.example/-x')).toBe('prefixForm');
  expect(of('ghcr.io', 'user@a.example')).toBe('prefixForm');
  expect(of('ghcr.io', 'https://ghcr.io/')).toBe('same');
});

test('the second line of a registry is the wrong one: a pull has one way', () => {
  const lines = [line('ghcr.io', 'a.example', 1), line('GHCR.io', 'a.example/', 2), line('ghcr.io', 'b.example', 3)];
  expect(lines.map((each) => problemOf(each, lines)?.problem)).toEqual([undefined, 'twice', 'twice']);
});

test('what is saved is tidy', () => {
  const saved = valuesOf([line('GHCR.io', 'https://a.example/')]);
  expect(saved).toEqual([{ registry: 'ghcr.io', prefix: 'a.example', always: true }]);
  expect(samePrefixes(saved, valuesOf([line('ghcr.io', 'a.example')]))).toBe(true);
  expect(samePrefixes(saved, [])).toBe(false);
});
