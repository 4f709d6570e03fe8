// Rules of addresses of others: mirrors, insecure registries, DNS, proxies, the metrics address, labels.
import { parseAddress, parseSubnet } from './ip';
import { show } from './problems';
import type { Rule, RuleContext } from './rule';
import { addressRule, each, hasSpace, isDomain, isPort, splitHostPort, unique } from './rules-values';

type UrlReason = 'scheme' | 'noScheme' | 'host' | 'port' | 'credentials' | 'query';

interface UrlParts {
  readonly scheme?: string;
  readonly credentials: boolean;
  readonly host: string;
  readonly port?: string;
  readonly path: string;
  readonly query: boolean;
}

/** As it is written, without a parser's kindness. undefined = no host and port can be told. */
function splitUrl(text: string): UrlParts | undefined {
  const [, scheme, authority = '', path = '', query] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?([^/?#]*)([^?#]*)([?#].*)?$/is.exec(text) ?? [];
  const at = authority.lastIndexOf('@');
  const server = splitHostPort(authority.slice(at + 1));
  return (
    server && {
      ...server,
      path,
      credentials: at >= 0,
      query: query !== undefined,
      ...(scheme !== undefined && { scheme: scheme.toLowerCase() }),
    }
  );
}

/** As `splitHostPort`, and an IPv6 address without brackets. */
function splitServer(text: string): { readonly host: string; readonly port?: string } | undefined {
  return parseAddress(text) === undefined ? splitHostPort(text) : { host: text };
}

function isHost(host: string): boolean {
  // Underscores are in names of the Docker and Compose world, though not in those of DNS.
  return parseAddress(host) !== undefined || isDomain(host.replaceAll('_', '-')) || /^[\p{L}\p{N}.-]+$/u.test(host);
}

function urlProblem(parts: UrlParts | undefined, schemes: readonly string[]): UrlReason | undefined {
  if (parts === undefined) {
    return 'host';
  }
  if (parts.scheme !== undefined && !schemes.includes(parts.scheme)) {
    return 'scheme';
  }
  if (parts.host === '' || !isHost(parts.host)) {
    return 'host';
  }
  return parts.port !== undefined && !isPort(parts.port) ? 'port' : undefined;
}

const mirror: Rule<string> = (value, at) => {
  if (value === '') {
    at.problems.error('config.emptyItem', at.path, {});
    return;
  }
  if (hasSpace(value, at)) {
    return;
  }
  const parts = splitUrl(value);
  const reason: UrlReason | undefined =
    urlProblem(parts, ['https', 'http']) ??
    (parts?.scheme === undefined ? 'noScheme' : parts.credentials ? 'credentials' : parts.query ? 'query' : undefined);
  if (reason !== undefined) {
    const fix = reason === 'noScheme' ? `https://${value}` : reason === 'query' ? value.replace(/[?#].*$/, '') : undefined;
    at.problems.error('config.badMirror', at.path, { value: show(value, at.path), reason }, fix);
  } else if (parts !== undefined && /[^/]/.test(parts.path)) {
    at.problems.warning('config.mirrorPath', at.path, { value: show(value, at.path) });
  }
};

const insecureRegistry: Rule<string> = (value, at) => {
  if (value === '') {
    at.problems.error('config.emptyItem', at.path, {});
    return;
  }
  if (hasSpace(value, at)) {
    return;
  }
  const bare = value.replace(/^https?:\/\//i, '');
  const trimmed = bare.replace(/\/+$/, '');
  const problem = registryProblem(bare);
  if (problem !== undefined) {
    const fix = registryProblem(trimmed) === undefined ? trimmed : undefined;
    at.problems.error('config.badRegistry', at.path, { value: show(value, at.path), reason: problem }, fix);
  } else if (bare !== value) {
    at.problems.warning('config.registryScheme', at.path, { value: show(value, at.path), bare }, bare);
  }
};

function registryProblem(text: string): 'scheme' | 'path' | 'subnet' | 'host' | 'port' | 'credentials' | undefined {
  if (text.includes('://')) {
    return 'scheme';
  }
  if (text.includes('@')) {
    return 'credentials';
  }
  if (text.includes('/')) {
    return parseSubnet(text) !== undefined ? undefined : /^[\d.:a-f]+\/[^/]*$/i.test(text) ? 'subnet' : 'path';
  }
  const server = splitServer(text);
  if (server === undefined || (!isDomain(server.host) && parseAddress(server.host) === undefined)) {
    return 'host';
  }
  return server.port !== undefined && !isPort(server.port) ? 'port' : undefined;
}

const dnsSearch: Rule<string> = (value, at) => {
  const name = value.trim();
  if (name !== '.' && (!/[a-z]/i.test(name) || !isDomain(name.replace(/\.$/, '')) || name.length > 254)) {
    at.problems.error('config.badDomain', at.path, { value: show(value, at.path) });
  }
};

const dnsOption: Rule<string> = (value, at) => {
  if (!/^[a-z][a-z0-9-]*(?::\d+)?$/.test(value)) {
    at.problems.error('config.badDnsOption', at.path, { value: show(value, at.path) });
  }
};

const label: Rule<string> = (value, at) => {
  if (!/^[^=]+=/.test(value)) {
    at.problems.error('config.notAPair', at.path, { value: show(value, at.path) });
  } else if (/^(?:com\.docker|io\.docker|org\.dockerproject)\./i.test(value)) {
    at.problems.error('config.reservedLabel', at.path, { value: show(value, at.path) });
  }
};

const labels: Rule<readonly string[]> = (value, at) => {
  each(label)(value, at);
  const seen = new Map<string, string>();
  value.forEach((item, index) => {
    const [name = '', text = ''] = /^([^=]+)=(.*)$/s.exec(item)?.slice(1) ?? [];
    const before = seen.get(name);
    if (before !== undefined && before !== text) {
      at.problems.error('config.labelTwice', [...at.path, index], {
        label: show(name, at.path),
        value: show(text, at.path),
        other: show(before, at.path),
      });
    }
    seen.set(name, text);
  });
};

/** Of one kind there is a number, once, or there are names. */
const resources: Rule<readonly string[]> = (value, at) => {
  const kinds = new Map<string, 'number' | 'names'>();
  value.forEach((item, index) => {
    const path = [...at.path, index];
    const [, kind, text] = /^([^=\s]+)=([^=\s]+)$/.exec(item) ?? [];
    if (kind === undefined || text === undefined) {
      at.problems.error('config.notAPair', path, { value: show(item, path) });
      return;
    }
    const found = /^\d+$/.test(text) ? 'number' : 'names';
    const before = kinds.get(kind);
    if (before !== undefined && (before !== found || found === 'number')) {
      at.problems.error('config.mixedResource', path, { value: show(item, path), kind });
    }
    kinds.set(kind, found);
  });
};

const metricsAddress: Rule<string> = (value, at) => {
  const server = splitHostPort(value);
  if (value !== '' && (server?.port === undefined || !isPort(server.port) || (server.host !== '' && !isHost(server.host)))) {
    at.problems.error(
      'config.badListenAddress',
      at.path,
      { value: show(value, at.path) },
      isPort(value) ? `127.0.0.1:${value}` : undefined,
    );
  }
};

function proxyUrl(value: string, at: RuleContext): void {
  if (value === '' || hasSpace(value, at)) {
    return;
  }
  const parts = splitUrl(value);
  const reason = urlProblem(parts, ['http', 'https', 'socks5', 'socks5h']) ?? (parts?.query === true ? 'query' : undefined);
  if (reason !== undefined) {
    at.problems.error('config.badProxy', at.path, { value: show(value, at.path), reason });
  }
}

function noProxy(value: string, at: RuleContext): void {
  for (const entry of value.split(',').map((text) => text.trim())) {
    const bare = entry.replace(/^\*?\./, '');
    const server = splitServer(bare);
    const right = entry === '' || entry === '*' || parseSubnet(bare) !== undefined || (server !== undefined && isHost(server.host));
    if (!right || (server?.port !== undefined && !isPort(server.port))) {
      at.problems.error('config.badNoProxy', at.path, { value: show(entry, at.path) });
    }
  }
}

const proxies: Rule<Readonly<Record<string, unknown>>> = (value, at) => {
  for (const [name, text] of Object.entries(value)) {
    const inner = { ...at, path: [...at.path, name] };
    if (typeof text === 'string' && (name === 'http-proxy' || name === 'https-proxy')) {
      proxyUrl(text, inner);
    } else if (typeof text === 'string' && name === 'no-proxy') {
      noProxy(text, inner);
    }
  }
};

function all<T>(...rules: readonly Rule<T>[]): Rule<T> {
  return (value, at) => rules.forEach((rule) => rule(value, at));
}

export const registryRules: Readonly<Record<string, Rule<never>>> = {
  'registry-mirrors': all(each(mirror), unique),
  'insecure-registries': all(each(insecureRegistry), unique),
  dns: all(each(addressRule), unique),
  'dns-search': each(dnsSearch),
  'dns-opts': each(dnsOption),
  labels,
  'node-generic-resources': resources,
  'metrics-addr': metricsAddress,
  proxies,
};
