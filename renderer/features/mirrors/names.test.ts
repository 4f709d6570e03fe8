import { expect, test } from 'vitest';
import { hostOf, isPreset } from './names';

test('a host is what stands between scheme and path', () => {
  expect(hostOf('https://mirror.example:5000/x')).toBe('mirror.example:5000');
});

test('a preset is its address, a personal one whatever id stands in it', () => {
  expect(isPreset({ url: 'https://a.example' }, 'https://a.example')).toBe(true);
  expect(isPreset({ url: 'https://a.example' }, 'https://a.example.org')).toBe(false);
  const personal = { url: 'https://{id}.mirror.example' };
  expect(isPreset(personal, 'https://x7f2.mirror.example')).toBe(true);
  expect(isPreset(personal, 'https://.mirror.example')).toBe(false);
  expect(isPreset(personal, 'https://mirror.example')).toBe(false);
  expect(isPreset(personal, 'https://x.mirror.example.org')).toBe(false);
});
