// The proxies that this computer uses: of the environment, else of the desktop's settings. Each system's words are read by a pure function.
// A script (PAC) is named and not run: it decides for each address, and a setting of dockerd's cannot.
import { execFile } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { HostProxySource, ProxyAddresses } from '../../preload/contract';
import { watchFile } from '../lib/watch-names';
import { noAddresses } from './proxy-rules';

const run = promisify(execFile);
const WINDOWS_KEY = 'HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings';

export interface FoundProxies extends ProxyAddresses {
  readonly source: HostProxySource;
  /** Address of a script. */
  readonly pac?: string;
}

export interface HostProxies {
  read(): Promise<FoundProxies>;
  /** Calls back when the desktop's settings have changed, where the system tells. */
  watch(listener: () => void): () => void;
}

export interface HostProxiesDeps {
  readonly platform?: NodeJS.Platform;
  readonly env?: NodeJS.ProcessEnv;
  readonly command?: (file: string, args: readonly string[]) => Promise<string>;
}

export const none: FoundProxies = { ...noAddresses, source: 'none' };

export function createHostProxies({
  platform = process.platform,
  env = process.env,
  command = async (file, args) => (await run(file, [...args], { timeout: 5000 })).stdout,
}: HostProxiesDeps = {}): HostProxies {
  const home = env['HOME'] ?? homedir();

  async function desktop(): Promise<FoundProxies> {
    switch (platform) {
      case 'darwin':
        return fromScutil(await command('scutil', ['--proxy']));
      case 'win32':
        return fromWindows(await command('reg', ['query', WINDOWS_KEY]));
      default:
        // Without a session there is nobody to answer for its settings.
        return env['DBUS_SESSION_BUS_ADDRESS'] === undefined
          ? none
          : fromGnome(await command('gsettings', ['list-recursively', 'org.gnome.system.proxy']));
    }
  }

  return {
    read: async () => fromEnvironment(env) ?? (await desktop().catch(() => none)),
    watch(listener) {
      const path = platform === 'darwin' ? '/Library/Preferences/SystemConfiguration/preferences.plist' : join(home, '.config/dconf/user');
      return platform === 'win32' ? () => undefined : watchFile(path, listener);
    },
  };
}

export function fromEnvironment(env: NodeJS.ProcessEnv): FoundProxies | undefined {
  const get = (name: string): string => (env[name] ?? env[name.toUpperCase()] ?? '').trim();
  const all = get('all_proxy');
  const http = get('http_proxy') || all;
  const https = get('https_proxy') || all;
  return http === '' && https === '' ? undefined : { source: 'environment', http, https, noProxy: list(get('no_proxy').split(',')) };
}

/** `gsettings list-recursively org.gnome.system.proxy`: `<schema> <key> <value as GVariant>`. */
export function fromGnome(text: string): FoundProxies {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^org\.gnome\.system\.proxy(\.\S+)? (\S+) (.*)$/.exec(line.trim());
    if (match !== null) {
      values.set(`${match[1]?.slice(1) ?? ''}/${match[2] ?? ''}`, (match[3] ?? '').replace(/^'(.*)'$/, '$1'));
    }
  }
  const get = (key: string): string => values.get(key) ?? '';
  if (get('/mode') === 'auto') {
    return { ...none, source: 'gnome', pac: get('/autoconfig-url') };
  }
  if (get('/mode') !== 'manual') {
    return none;
  }
  const address = (scheme: string, kind: string): string =>
    get(`${kind}/host`) === '' || get(`${kind}/port`) === '0'
      ? ''
      : `${scheme}://${credentials(kind)}${get(`${kind}/host`)}:${get(`${kind}/port`)}`;
  const credentials = (kind: string): string =>
    get(`${kind}/use-authentication`) === 'true'
      ? `${encodeURIComponent(get(`${kind}/authentication-user`))}:${encodeURIComponent(get(`${kind}/authentication-password`))}@`
      : '';
  const socks = address('socks5', 'socks');
  const ignored = [...get('/ignore-hosts').matchAll(/'([^']*)'/g)].map(([, host = '']) => host);
  return { source: 'gnome', http: address('http', 'http') || socks, https: address('http', 'https') || socks, noProxy: list(ignored) };
}

/** `scutil --proxy`: `Key : value`, and the exceptions as a numbered array. */
export function fromScutil(text: string): FoundProxies {
  const get = (key: string): string => new RegExp(`^\\s*${key} : (.*)$`, 'm').exec(text)?.[1]?.trim() ?? '';
  const address = (scheme: string, kind: string): string =>
    get(`${kind}Enable`) === '1' ? `${scheme}://${get(`${kind}Proxy`)}:${get(`${kind}Port`)}` : '';
  const socks = address('socks5', 'SOCKS');
  const [, exceptions = ''] = /ExceptionsList : <array> \{([^}]*)\}/.exec(text) ?? [];
  const hosts = [...exceptions.matchAll(/^\s*\d+ : (.*)$/gm)].map(([, host = '']) => host.trim());
  const http = address('http', 'HTTP') || socks;
  const https = address('http', 'HTTPS') || socks;
  const pac = get('ProxyAutoConfigEnable') === '1' ? { pac: get('ProxyAutoConfigURLString') } : {};
  return http === '' && https === '' && pac.pac === undefined ? none : { source: 'macos', http, https, noProxy: list(hosts), ...pac };
}

/** `reg query` of the Internet settings: `    Name    TYPE    value`. */
export function fromWindows(text: string): FoundProxies {
  const get = (name: string): string => new RegExp(`^\\s*${name}\\s+REG_\\w+\\s+(.*)$`, 'mi').exec(text)?.[1]?.trim() ?? '';
  const pac = get('AutoConfigURL') === '' ? {} : { pac: get('AutoConfigURL') };
  if (get('ProxyEnable') !== '0x1') {
    return pac.pac === undefined ? none : { ...none, source: 'windows', ...pac };
  }
  const server = get('ProxyServer');
  const parts = new Map(
    server.includes('=')
      ? server.split(';').map((part) => [part.split('=')[0] ?? '', part.slice(part.indexOf('=') + 1)])
      : [
          ['http', server],
          ['https', server],
        ],
  );
  const address = (kind: string, scheme = 'http'): string => {
    const value = parts.get(kind) ?? '';
    return value === '' || value.includes('://') ? value : `${scheme}://${value}`;
  };
  const socks = address('socks', 'socks5');
  return {
    source: 'windows',
    http: address('http') || socks,
    https: address('https') || socks,
    noProxy: list(get('ProxyOverride').split(';')),
    ...pac,
  };
}

/** Into what Go's programs understand: whole networks for `10.*` and `169.254/16`; `<local>` has no equal. */
function list(hosts: readonly string[]): string {
  const entries = hosts.map((host) => host.trim()).filter((host) => host !== '' && host !== '<local>');
  return [...new Set(entries.map(network))].join(',');
}

function network(host: string): string {
  const match = /^((?:\d{1,3}\.){0,2}\d{1,3})(?:\.\*)+$/.exec(host) ?? /^((?:\d{1,3}\.){0,2}\d{1,3})\/(\d{1,2})$/.exec(host);
  if (match === null) {
    return host;
  }
  const parts = (match[1] ?? '').split('.');
  return `${[...parts, '0', '0', '0'].slice(0, 4).join('.')}/${match[2] ?? String(parts.length * 8)}`;
}
