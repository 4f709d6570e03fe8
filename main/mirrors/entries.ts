// One mirror's address as a user writes it: brought into one shape, or refused with a code that names what is wrong with it.
// Pure; knows no list and no presets. Stricter than dockerd, which takes paths and hosts that cannot be in silence.
import { isIPv4, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import { BerthError, isBerthError } from '../../preload/contract';

/** What a copy brings along: spaces of every kind, quotes, separators, marks of lists. */
const AROUND = /^[\s\p{Cf}"'`‘’“”「」『』《》,，、;；]+|[\s\p{Cf}"'`‘’“”「」『』《》,，、;；]+$/gu;
/** `{id}`, `<your id>`, `你的ID`, `****`, `xxxxxx`, `$ID`: what a guide leaves to be filled in. */
const PLACEHOLDER =
  /[{}<>]|\$\w|\*|%s|\[(?:your|你)|(?:^|[/.])(?:x{3,}|(?:your|my)[-_ ]?(?:aliyun|accelerator|mirror|personal|own)?[-_ ]?(?:id|code|prefix|key))(?=\.|$)|[你您]的/iu;
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** Registries of their own. dockerd's mirrors stand for Docker Hub only, and Docker Hub is asked after them anyway. */
const REGISTRIES = new Set(
  `docker.io index.docker.io registry-1.docker.io registry.docker.io auth.docker.io hub.docker.com registry.hub.docker.com www.docker.com docker.com
  cloud.docker.com production.cloudflare.docker.com ghcr.io quay.io gcr.io us.gcr.io eu.gcr.io asia.gcr.io k8s.gcr.io registry.k8s.io
  mcr.microsoft.com public.ecr.aws nvcr.io lscr.io registry.gitlab.com docker.elastic.co registry.access.redhat.com registry.redhat.io
  docker.pkg.github.com github.com container-registry.oracle.com icr.io ccr.ccs.tencentyun.com`.split(/\s+/),
);
const REGISTRY_SHAPES = [
  /\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com$/,
  /\.azurecr\.(?:io|cn)$/,
  /-docker\.pkg\.dev$/,
  /^registry(?:-vpc|-intl)?\.[a-z0-9-]+\.aliyuncs\.com$/,
  /^swr\.[a-z0-9-]+\.myhuaweicloud\.com$/,
  /\.tencentcloudcr\.com$/,
];
/** Families of personal mirrors: without the id in front they are nobody's. */
const NEEDS_ID = new Set(['mirror.aliyuncs.com', 'mirror.swr.myhuaweicloud.com']);

export interface CheckedUrl {
  /** Normalised; as it was written where it is refused. */
  readonly url: string;
  readonly error?: BerthError;
  /** Kept nevertheless. */
  readonly warning?: BerthError;
}

/** `docker.1ms.run`, ` "HTTPS://Docker.1MS.run:443/", ` -> `https://docker.1ms.run`. Never throws. */
export function checkMirrorUrl(written: string): CheckedUrl {
  try {
    const url = normaliseMirrorUrl(written);
    const warning = warningOf(url);
    return { url, ...(warning === undefined ? {} : { warning }) };
  } catch (error) {
    if (isBerthError(error)) {
      return { url: written, error };
    }
    throw error;
  }
}

/** Throws a `mirrors.*` error. What it returns it returns again unchanged. */
export function normaliseMirrorUrl(written: string): string {
  const text = written
    .replace(AROUND, '')
    .normalize('NFKC')
    .replace(/[\u200b-\u200d\u2060\ufeff]/g, '')
    .replaceAll('。', '.')
    // The end of a sentence behind a port.
    .replace(/(:\d+)\.$/, '$1')
    .replace(AROUND, '');
  if (text === '') {
    throw new BerthError('mirrors.empty', {});
  }
  if (PLACEHOLDER.test(text)) {
    throw new BerthError('mirrors.placeholder', { text: shown(text) });
  }
  if (/\s/.test(text)) {
    throw new BerthError('mirrors.spaces', { text: shown(text) });
  }
  const { scheme, rest, stated } = splitScheme(text);
  const end = rest.search(/[/?#]/);
  const authority = end === -1 ? rest : rest.slice(0, end);
  if (authority.includes('@')) {
    throw new BerthError('mirrors.credentials', {});
  }
  const { host, port } = splitPort(authority, scheme);
  // A word alone is more likely a slip than a host of an intranet, which may be written with its scheme.
  if (!stated && port === '' && !host.includes('.') && !host.startsWith('[')) {
    throw new BerthError('mirrors.badHost', { host: shown(authority) });
  }
  refuseTail(end === -1 ? '' : rest.slice(end));
  if (REGISTRIES.has(host) || REGISTRY_SHAPES.some((shape) => shape.test(host))) {
    throw new BerthError('mirrors.notAMirror', { host });
  }
  if (NEEDS_ID.has(host)) {
    throw new BerthError('mirrors.placeholder', { text: host });
  }
  return `${scheme}://${host}${port}`;
}

function splitScheme(text: string): { readonly scheme: 'http' | 'https'; readonly rest: string; readonly stated: boolean } {
  const [, scheme, rest] = /^([^/?#@]*?):\/\/(.*)$/s.exec(text) ?? [];
  if (scheme !== undefined && rest !== undefined) {
    const name = scheme.toLowerCase();
    if ((name !== 'http' && name !== 'https') || /^[^/?#]*:\/\//.test(rest)) {
      throw new BerthError('mirrors.badScheme', { scheme: shown(text.slice(0, text.lastIndexOf('://') + 3)) });
    }
    return { scheme: name, rest, stated: true };
  }
  // `https:/host`, `https//host`, `https:\\host`, `//host`, `mailto:x`; not `host:5000` and not `fe80::1`.
  const near = /^(?:h?t?tps?[:;.,]*[/\\]+|https?:+(?!\d)|[:/\\]+|[a-z][a-z0-9+-]*:(?![\d:]|$))/i.exec(text);
  if (near !== null && !text.includes('@') && !isIPv6(text)) {
    throw new BerthError('mirrors.badScheme', { scheme: near[0] });
  }
  return { scheme: 'https', rest: text, stated: false };
}

function splitPort(authority: string, scheme: 'http' | 'https'): { readonly host: string; readonly port: string } {
  if (isIPv6(authority)) {
    return { host: checkedHost(`[${authority}]`), port: '' };
  }
  const [, written = '', colon, digits = ''] = /^(\[[^\]]*\]|[^:]*)(:(.*))?$/s.exec(authority) ?? [];
  const host = checkedHost(written === '' ? authority : written);
  if (colon === undefined) {
    return { host, port: '' };
  }
  const port = Number(digits);
  if (!/^\d{1,5}$/.test(digits) || port < 1 || port > 65535) {
    throw new BerthError('mirrors.badPort', { port: shown(digits) });
  }
  return { host, port: port === (scheme === 'https' ? 443 : 80) ? '' : `:${port}` };
}

function checkedHost(written: string): string {
  const refused = (): BerthError => new BerthError('mirrors.badHost', { host: shown(written) });
  if (written.startsWith('[')) {
    const address = written.slice(1, -1);
    if (!isIPv6(address) || address.includes('%')) {
      throw refused();
    }
    return new URL(`http://[${address}]`).hostname;
  }
  const name = written.replace(/\.$/, '').toLowerCase();
  // What a URL parser would read kindly (`127.1`, `0x7f.1`) is somebody's slip.
  if (/^[\d.]+$/.test(name) || isIPv4(domainToASCII(name))) {
    if (!isIPv4(name) || /^(?:0|22[4-9]|2[3-5]\d)\./.test(name)) {
      throw refused();
    }
    return name;
  }
  const ascii = /[%:/\\?#@[\]|^]/.test(name) ? '' : domainToASCII(name);
  const labels = ascii.split('.');
  if (ascii.length > 253 || !labels.every((label) => LABEL.test(label)) || /^\d+$/.test(labels.at(-1) ?? '')) {
    throw refused();
  }
  return ascii;
}

function refuseTail(tail: string): void {
  const [, path = '', query = '', fragment = ''] = /^([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(tail) ?? [];
  if (/[^/]/.test(path)) {
    throw new BerthError('mirrors.path', { path: shown(path) });
  }
  if (query !== '') {
    throw new BerthError('mirrors.query', { query: shown(query) });
  }
  if (fragment !== '') {
    throw new BerthError('mirrors.fragment', { fragment: shown(fragment) });
  }
}

function warningOf(url: string): BerthError | undefined {
  const host = hostnameOf(url);
  if (host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || host.startsWith('127.')) {
    return new BerthError('mirrors.guestLoopback', { host });
  }
  return url.startsWith('http:') ? new BerthError('mirrors.plainHttp', { url }) : undefined;
}

/** Of a normalised address. */
export function hostnameOf(url: string): string {
  return new URL(url).hostname;
}

/** host[:port] of a normalised address, as dockerd's log names it. */
export function hostOf(url: string): string {
  return new URL(url).host;
}

/** dockerd puts a slash behind each. */
export function withoutSlash(url: string): string {
  return url.replace(/\/$/, '');
}

function shown(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
