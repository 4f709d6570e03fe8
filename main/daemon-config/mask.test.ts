// Credentials: hidden wherever a document goes out, put back when it returns, never invented.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkDocument } from './check';
import { isMasked, maskDocument, maskDocumentText, maskText, unmaskDocument, unmaskText } from './mask';

const proxied = (http: string): { proxies: Record<string, string> } => ({ proxies: { 'http-proxy': http } });

describe('masks', () => {
  test.each([
    ['http://user:secret@proxy.example:3128', 'http://***@proxy.example:3128'],
    ['http://user@proxy.example:3128', 'http://***@proxy.example:3128'],
    ['http://u:se/c@ret@proxy.example:3128', 'http://***@proxy.example:3128'],
    ['u:secret@proxy.example:3128', '***@proxy.example:3128'],
    ['http://proxy.example:3128', 'http://proxy.example:3128'],
    ['', ''],
  ])('a proxy: %s', (text, masked) => {
    expect(maskText(text, ['proxies', 'http-proxy'])).toBe(masked);
  });

  test('any address with credentials, and nothing else', () => {
    expect(maskText('https://u:p@a.example/x, https://b.example/@c')).toBe('https://***@a.example/x, https://b.example/@c');
    expect(maskText('team@corp.example')).toBe('team@corp.example');
  });

  test('a token', () => {
    expect(maskDocument({ 'log-opts': { 'splunk-token': 'secret', tag: 'a' } })).toEqual({
      'log-opts': { 'splunk-token': '***', tag: 'a' },
    });
  });

  test('a text and leaves the rest of it as it was written', () => {
    const text = '{\n\t"debug" : true,\n\t"proxies": { "http-proxy": "http:\\/\\/u:se\\u0063ret@p.example" }\n}\n';
    expect(maskDocumentText(text)).toBe('{\n\t"debug" : true,\n\t"proxies": { "http-proxy": "http://***@p.example" }\n}\n');
  });

  test.each([
    '{"proxies": {"http-proxy": "http://u:secret@p.example",}}',
    '{"proxies": {"http-proxy": "http:\\/\\/u:secret@p.example"',
    '{proxies: {http-proxy: http://u:secret@p.example}}',
    'http_proxy=http://u:secret@p.example',
    '{"log-opts": {"splunk-token": "secret", }}',
  ])('a text that is no JSON: %s', (text) => {
    expect(maskDocumentText(text)).not.toContain('secret');
  });
});

describe('unmasks', () => {
  const kept = {
    ...proxied('http://u:secret@p.example:1'),
    'log-opts': { 'splunk-token': 'secret' },
    labels: ['a=http://x:1@h', 'b=http://y:2@h'],
  };

  test('what came back as it went out', () => {
    expect(unmaskDocument(maskDocument(kept), kept)).toEqual(kept);
    const text = JSON.stringify(kept, undefined, 2);
    expect(unmaskText(maskDocumentText(text), kept)).toBe(text);
  });

  test('whatever the credentials are', () => {
    fc.assert(
      fc.property(fc.webUrl(), fc.string({ unit: 'grapheme' }), (url, secret) => {
        const document = proxied(url.replace('://', () => `://u:${secret}@`));
        expect(unmaskDocument(maskDocument(document), document)).toEqual(document);
        expect(JSON.parse(unmaskText(maskDocumentText(JSON.stringify(document)), document))).toEqual(document);
      }),
    );
  });

  test('an address whose host was edited', () => {
    expect(unmaskDocument(proxied('http://***@other.example:2'), kept)).toEqual(proxied('http://u:secret@other.example:2'));
  });

  test('entries that have moved', () => {
    expect(unmaskDocument({ labels: ['new', 'b=http://***@h', 'a=http://***@h'] }, kept)).toEqual({
      labels: ['new', 'b=http://y:2@h', 'a=http://x:1@h'],
    });
  });

  test('nothing that was not kept, and that is refused', () => {
    const document = proxied('http://***@p.example');
    expect(unmaskDocument(document, {})).toEqual(document);
    expect(checkDocument(document).map(({ error }) => error.code)).toContain('config.maskedValue');
    expect(isMasked('http://p.example')).toBe(false);
  });
});
