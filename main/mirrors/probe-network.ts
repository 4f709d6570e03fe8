// How the engine would go to a registry: its proxies, its certs.d, the registries that it does not ask for a certificate. Read from its configuration.
import { BlockList, isIP } from 'node:net';
import type { DaemonDocument } from '../daemon-config/daemon-config';
import type { ExecOptions, ExecResult } from '../ssh/connection';
import type { CurlSettings } from './probe-curl';

const CERTIFICATES = '/etc/docker/certs.d';
const PRIVATE = new BlockList();
for (const [network, prefix] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['169.254.0.0', 16],
  ['127.0.0.0', 8],
] as const) {
  PRIVATE.addSubnet(network, prefix);
}
PRIVATE.addSubnet('fc00::', 7, 'ipv6');
PRIVATE.addSubnet('fe80::', 10, 'ipv6');
PRIVATE.addAddress('::1', 'ipv6');

export function isPrivateAddress(address: string): boolean {
  return isIP(address) !== 0 && PRIVATE.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

export type Route = Pick<CurlSettings, 'proxy' | 'noProxy' | 'authorities' | 'clientCertificate'> & {
  /** dockerd takes any certificate of this one. */
  readonly insecure: boolean;
};

/** Looks into the guest once; then one route for each mirror. */
export async function readRoutes(
  document: DaemonDocument,
  exec: (command: readonly string[], options: ExecOptions) => Promise<ExecResult>,
  signal: AbortSignal,
): Promise<(url: string) => Route> {
  const { stdout } = await exec(['find', CERTIFICATES, '-type', 'f'], { signal });
  const files = stdout.split('\n');
  const insecure = strings(document['insecure-registries']);
  const proxies = objectOf(document['proxies']);
  const text = (name: string): string => (typeof proxies[name] === 'string' ? proxies[name] : '');
  return (url) => {
    const { host, hostname, protocol } = new URL(url);
    const folder = `${CERTIFICATES}/${host}`;
    const here = files.filter((file) => file.startsWith(`${folder}/`));
    const certificate = here.find((file) => file.endsWith('.cert'));
    const proxy = text(protocol === 'https:' ? 'https-proxy' : 'http-proxy');
    return {
      proxy: proxy === '' ? undefined : proxy,
      noProxy: text('no-proxy'),
      insecure: insecure.some((entry) => entry === host || entry === hostname || holds(entry, hostname)),
      ...(here.some((file) => file.endsWith('.crt')) ? { authorities: folder } : {}),
      ...(certificate === undefined ? {} : { clientCertificate: { certificate, key: certificate.replace(/\.cert$/, '.key') } }),
    };
  };
}

/** Whether an address lies in `10.0.0.0/8`; names are not looked up, as dockerd does it, because a test shows their certificate anyway. */
function holds(entry: string, hostname: string): boolean {
  const [network = '', prefix = ''] = entry.split('/');
  const family = isIP(network);
  if (prefix === '' || family === 0 || isIP(hostname) !== family) {
    return false;
  }
  const list = new BlockList();
  list.addSubnet(network, Number(prefix), family === 6 ? 'ipv6' : 'ipv4');
  return list.check(hostname, family === 6 ? 'ipv6' : 'ipv4');
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
