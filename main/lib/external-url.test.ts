import { describe, expect, it } from 'vitest';
import { allowedUrls, hostileUrls } from '../../test/fakes/hostile-urls';
import { allowedExternalUrl } from './external-url';

const pages = ['https://cloud.tencent.com/document/product/1207/45596'];

describe('addresses that may leave the window', () => {
  it.each(allowedUrls)('opens %s', (url) => {
    expect(allowedExternalUrl(url, pages)).toBe(new URL(url).href);
  });

  it('opens a port that is published on an address of this computer, and on no other', () => {
    const own = ['192.168.1.5', '[fd00::5]'];
    expect(allowedExternalUrl('http://192.168.1.5:8080', pages, own)).toBe('http://192.168.1.5:8080/');
    expect(allowedExternalUrl('https://[fd00::5]:8443/a', pages, own)).toBe('https://[fd00::5]:8443/a');
    for (const url of [
      'http://192.168.1.50:8080',
      'http://192.168.1.6:8080',
      'http://192.168.1.5/',
      'http://[fd00::6]:8080',
      'ftp://192.168.1.5:21',
    ]) {
      expect(allowedExternalUrl(url, pages, own), url).toBeUndefined();
    }
  });

  it.each(hostileUrls)('refuses %j', (url) => {
    expect(allowedExternalUrl(url, pages)).toBeUndefined();
  });
});
