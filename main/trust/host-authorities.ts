// The certificate authorities that this computer trusts, from wherever its system keeps them. Knows nothing of the guest.
import { execFile } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as tls from 'node:tls';
import { promisify } from 'node:util';
import { readText } from '../lib/atomic-file';
import { readBundle } from './certificates';
import type { Certificate } from './certificates';
import { watchFile } from '../lib/watch-names';

const run = promisify(execFile);

/** Made by each distribution from its store, p11-kit's or its own: Debian, Arch and Alpine; Fedora and RHEL; SUSE. */
const LINUX_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/ca-bundle.pem',
  '/var/lib/ca-certificates/ca-bundle.pem',
];
const WINDOWS_STORES =
  "Get-ChildItem Cert:\\LocalMachine\\Root, Cert:\\CurrentUser\\Root | ForEach-Object { '-----BEGIN CERTIFICATE-----'; [Convert]::ToBase64String($_.RawData, 'InsertLineBreaks'); '-----END CERTIFICATE-----' }";
/** A package's update writes the bundle several times. */
const SETTLE_MS = 2000;

export interface HostAuthorities {
  /** Authorities in force today; rejects where the store cannot be read. */
  read(): Promise<readonly Certificate[]>;
  /** Calls back when the store has changed, where the system tells; returns the way to stop. */
  watch(listener: () => void): () => void;
}

export interface HostAuthoritiesDeps {
  readonly platform?: NodeJS.Platform;
  readonly env?: NodeJS.ProcessEnv;
  readonly now?: () => number;
  readonly command?: (file: string, args: readonly string[]) => Promise<string>;
  /** Node's own reader of the system's store, from 22.15 on; null = there is none. */
  readonly system?: ((type: 'system') => readonly string[]) | null;
}

export function createHostAuthorities({
  platform = process.platform,
  env = process.env,
  now = Date.now,
  command = async (file, args) => (await run(file, [...args], { maxBuffer: 64 * 2 ** 20, timeout: 20_000 })).stdout,
  system = (tls as Partial<Pick<typeof tls, 'getCACertificates'>>).getCACertificates ?? null,
}: HostAuthoritiesDeps = {}): HostAuthorities {
  const keychains = ['/Library/Keychains/System.keychain', join(env['HOME'] ?? homedir(), 'Library/Keychains/login.keychain-db')];
  /** OpenSSL's and Go's programs on this computer go by the variable too. */
  const bundles = [...(env['SSL_CERT_FILE'] === undefined ? [] : [env['SSL_CERT_FILE']]), ...LINUX_BUNDLES];

  async function linux(): Promise<string> {
    for (const path of bundles) {
      const text = await readText(path);
      if (text !== undefined) {
        return text;
      }
    }
    return command('trust', ['extract', '--format=pem-bundle', '--filter=ca-anchors', '--purpose=server-auth', '/dev/stdout']);
  }

  function text(): Promise<string> {
    // Node's own on Linux is the bundle that it was built for, not the distribution's.
    if (platform !== 'win32' && platform !== 'darwin') {
      return linux();
    }
    if (system !== null) {
      return Promise.resolve(system('system').join('\n'));
    }
    return platform === 'darwin'
      ? command('security', ['find-certificate', '-a', '-p', ...keychains])
      : command('powershell.exe', ['-NoProfile', '-Command', WINDOWS_STORES]);
  }

  return {
    async read() {
      return readBundle(await text()).filter(({ isAuthority, notAfter }) => isAuthority && notAfter > now());
    },
    watch(listener) {
      const paths = platform === 'darwin' ? keychains : platform === 'win32' ? [] : bundles;
      let timer: NodeJS.Timeout | undefined;
      const stops = paths.map((path) =>
        watchFile(path, () => {
          clearTimeout(timer);
          timer = setTimeout(listener, SETTLE_MS);
        }),
      );
      return () => {
        clearTimeout(timer);
        stops.forEach((stop) => stop());
      };
    },
  };
}
