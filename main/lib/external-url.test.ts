import { describe, expect, it } from 'vitest';
import { allowedUrls, hostileUrls } from '../../test/fakes/hostile-urls';
import { allowedExternalUrl } from './external-url';

describe('addresses that may leave the window', () => {
  it.each(allowedUrls)('opens %s', (url) => {
    expect(allowedExternalUrl(url)).toBe(new URL(url).href);
  });

  it.each(hostileUrls)('refuses %j', (url) => {
    expect(allowedExternalUrl(url)).toBeUndefined();
  });
});
