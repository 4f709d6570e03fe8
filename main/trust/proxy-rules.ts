// Rules of proxy settings: what a user may type, masking, what an address means inside the guest, and the variables that programs read. Pure.
import { BerthError } from '../../preload/contract';
import type { Proxies, ProxyAddresses, ProxySetting, ProxyUser } from '../../preload/contract';
import { GUEST } from '../lib/guest-network';

export const noAddresses: ProxyAddresses = { http: '', https: '', noProxy: '' };

const SCHEMES = ['http:', 'https:', 'socks5:', 'socks5h:'];
const MASK = '***';
const ENTRY =
  /^(?:\*|(?:\*?\.)?[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*(?::[0-9]{1,5})?|[0-9]{1,3}(?:\.[0-9]{1,3}){3}\/[0-9]{1,2}|[0-9a-f:.]*:[0-9a-f:.]+(?:\/[0-9]{1,3})?|\[[0-9a-f:.]+\](?::[0-9]{1,5})?)$/i;

/** Normalises what was typed; a masked address means the credentials that are kept. Throws with the field. */
export function checkAddresses(given: ProxyAddresses, kept: ProxyAddresses, user: ProxyUser): ProxyAddresses {
  return {
    http: checkAddress(given.http, [kept.http, kept.https], user, 'http'),
    https: checkAddress(given.https, [kept.https, kept.http], user, 'https'),
    noProxy: checkNoProxy(given.noProxy, user),
  };
}

type Reason = 'space' | 'scheme' | 'address' | 'path' | 'mask';

function checkAddress(given: string, kept: readonly string[], user: ProxyUser, field: 'http' | 'https'): string {
  const text = given.trim();
  const refuse = (reason: Reason): BerthError => new BerthError('trust.badProxy', { user, field, reason });
  if (text === '') {
    return '';
  }
  if (/[\s\p{Cc}]/u.test(text)) {
    throw refuse('space');
  }
  const url = parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  if (url !== undefined && !SCHEMES.includes(url.protocol)) {
    throw refuse('scheme');
  }
  if (url === undefined || url.hostname === '' || url.port === '0') {
    throw refuse('address');
  }
  if (!['', '/'].includes(url.pathname) || url.search !== '' || url.hash !== '') {
    throw refuse('path');
  }
  if (url.username === MASK) {
    const known = kept.map(parse).find((each) => each !== undefined && userInfo(each) !== '');
    if (known === undefined) {
      throw refuse('mask');
    }
    return write(url, userInfo(known));
  }
  return write(url, userInfo(url));
}

function checkNoProxy(given: string, user: ProxyUser): string {
  const entries = given.split(/[\s,;]+/).filter((entry) => entry !== '');
  const bad = entries.find((entry) => !ENTRY.test(entry));
  if (bad !== undefined) {
    throw new BerthError('trust.badNoProxy', { user, entry: bad.slice(0, 100) });
  }
  return [...new Set(entries)].join(',');
}

/** On the way out: a page shows, a log keeps what it is given. */
export function maskAddresses({ http, https, noProxy }: ProxyAddresses): ProxyAddresses {
  return { http: mask(http), https: mask(https), noProxy };
}

/** Also of what is no proper address: of somebody's environment, say. */
export function mask(address: string): string {
  return address.replace(/^([a-z][a-z0-9+.-]*:\/\/)?[^/\s]*@/i, (_all, scheme: string | undefined) => `${scheme ?? ''}${MASK}@`);
}

/** A proxy on this computer is not on the guest's loopback. */
export function forGuest({ http, https, noProxy }: ProxyAddresses): ProxyAddresses {
  return { http: rewrite(http), https: rewrite(https), noProxy };
}

function rewrite(address: string): string {
  const url = parse(address);
  if (url === undefined || !/^(?:localhost|127(?:\.\d+){1,3}|\[::1\]|\[::\]|0\.0\.0\.0)$/i.test(url.hostname)) {
    return address;
  }
  return write(url, userInfo(url), GUEST.gateway);
}

/** `NAME=value`, in both cases, as the docker CLI gives them to its containers and builds. */
export function environmentOf({ http, https, noProxy }: ProxyAddresses): readonly string[] {
  const variables = { HTTP_PROXY: http, HTTPS_PROXY: https, NO_PROXY: http === '' && https === '' ? '' : noProxy };
  return Object.entries(variables)
    .filter(([, value]) => value !== '')
    .flatMap(([name, value]) => [`${name}=${value}`, `${name.toLowerCase()}=${value}`]);
}

export function forEachUser(make: (user: ProxyUser) => ProxySetting): Proxies {
  return { engine: make('engine'), containers: make('containers'), builds: make('builds') };
}

export function sameAddresses(a: ProxyAddresses, b: ProxyAddresses): boolean {
  return a.http === b.http && a.https === b.https && a.noProxy === b.noProxy;
}

function parse(address: string): URL | undefined {
  try {
    return new URL(address);
  } catch {
    return undefined;
  }
}

function userInfo({ username, password }: URL): string {
  return username === '' && password === '' ? '' : `${username}${password === '' ? '' : `:${password}`}@`;
}

function write(url: URL, info: string, hostname = url.hostname): string {
  return `${url.protocol}//${info}${hostname}${url.port === '' ? '' : `:${url.port}`}`;
}
