import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { goodEntries, malformedEntries } from '../../test/fakes/mirror-entries';
import { checkMirrorUrl, normaliseMirrorUrl } from './entries';

/** registry.ValidateMirror of moby 28.5, over Go's url.Parse as far as it matters here. */
function dockerdTakes(url: string): boolean {
  const [, scheme, rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/.exec(url) ?? [];
  const [, authority = '', tail = ''] = /^([^/?#]*)(.*)$/.exec(rest) ?? [];
  const host = /^(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d+)?$/.test(authority);
  return (scheme === 'http' || scheme === 'https') && host && (tail === '' || tail === '/');
}

describe('an address', () => {
  test.each(goodEntries)('%j is %s', (written, url) => {
    const checked = checkMirrorUrl(written);
    expect(checked.error).toBeUndefined();
    expect(checked.url).toBe(url);
    expect(dockerdTakes(url)).toBe(true);
  });

  test('has a corpus of malformed ones that is worth its name', () => {
    expect(malformedEntries.length).toBeGreaterThanOrEqual(200);
    expect(new Set(malformedEntries.map(([written]) => written)).size).toBe(malformedEntries.length);
    expect(new Set(malformedEntries.map(([, code]) => code)).size).toBe(11);
  });

  test.each(malformedEntries)('%j is refused: %s', (written, code) => {
    const checked = checkMirrorUrl(written);
    expect(checked.error?.code).toBe(code);
    expect(checked.url).toBe(written);
  });

  test('never shows a password', () => {
    const { error } = checkMirrorUrl('https://me:hunter2@mirror.example');
    expect(JSON.stringify(error?.params)).not.toContain('hunter2');
  });

  test('is kept with a warning where it is odd, not wrong', () => {
    expect(checkMirrorUrl('http://mirror.example').warning?.code).toBe('mirrors.plainHttp');
    expect(checkMirrorUrl('http://localhost:5000').warning?.code).toBe('mirrors.guestLoopback');
    expect(checkMirrorUrl('https://127.0.0.1:5000').warning?.code).toBe('mirrors.guestLoopback');
    expect(checkMirrorUrl('https://mirror.example').warning).toBeUndefined();
  });
});

describe('whatever is written', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'https://',
      'http://',
      'HTTPS://',
      '.',
      ':',
      '/',
      '//',
      '@',
      '?',
      '#',
      '[',
      ']',
      '::1',
      '443',
      '80',
      ':5000',
      ' ',
      ',',
      '"',
      '。',
      '，',
      '：',
    ),
    fc.constantFrom(
      'mirror',
      'example',
      'docker.io',
      'ghcr.io',
      'a.example',
      '加速',
      'MIRROR.Example',
      '127.1',
      '1.2.3.4',
      '{id}',
      'xn--',
      '\u200b',
      'ﬃ',
      '％',
    ),
    fc.string({ maxLength: 6, unit: 'binary' }),
  );
  const written = fc.array(piece, { maxLength: 8 }).map((parts) => parts.join(''));

  test('ends in an address that dockerd takes and that stays as it is, or in a code', () => {
    fc.assert(
      fc.property(written, (text) => {
        const { url, error } = checkMirrorUrl(text);
        if (error === undefined) {
          expect(normaliseMirrorUrl(url)).toBe(url);
          expect(dockerdTakes(url)).toBe(true);
        } else {
          expect(error.code).toMatch(/^mirrors\./);
        }
      }),
      { numRuns: 20_000 },
    );
  });

  test('of hosts and ports is found again', () => {
    fc.assert(
      fc.property(fc.domain(), fc.integer({ min: 1, max: 65535 }), fc.constantFrom('http', 'https'), (host, port, scheme) => {
        fc.pre(checkMirrorUrl(`${scheme}://${host}`).error === undefined);
        const standard = port === (scheme === 'https' ? 443 : 80);
        expect(normaliseMirrorUrl(` ${scheme.toUpperCase()}://${host.toUpperCase()}.:${port}/ `)).toBe(
          `${scheme}://${host.toLowerCase()}${standard ? '' : `:${port}`}`,
        );
      }),
    );
  });
});
