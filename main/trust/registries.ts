// Certificates of single registries (certs.d): what a user gives, checked, and the text that carries them into the guest.
// Pure. A registry's name becomes a folder in the guest, so it is checked by a written shape first.
import { BerthError } from '../../preload/contract';
import type { RegistryCertificates } from '../../preload/contract';
import { checkDate, checkRegistryAuthority, infoOf, readBundle, readCertificates, readKeyOf } from './certificates';

/** As kept and as given to the guest: PEM, empty = none. */
export interface RegistryFiles {
  readonly authorities: string;
  readonly clientCertificate: string;
  readonly clientKey: string;
}

export type Registries = Readonly<Record<string, RegistryFiles>>;

const LABEL = '[a-z0-9](?:[a-z0-9-]*[a-z0-9])?';
const NAME = new RegExp(`^(?:${LABEL}(?:\\.${LABEL})*|\\[[0-9a-f:]{2,45}\\])(?::([0-9]{1,5}))?$`);

/** Takes an address as it is copied (`https://registry.example:5000/`). */
export function registryName(text: string): string {
  const name = text
    .trim()
    .toLowerCase()
    .replace(/^https?:\/\//, '')
    .replace(/\/+$/, '');
  const match = NAME.exec(name);
  const port = Number(match?.[1] ?? 443);
  if (match === null || port < 1 || port > 65_535) {
    throw new BerthError('trust.badRegistry', { registry: text.slice(0, 255) });
  }
  return name;
}

/** undefined = nothing is left of it. */
export function checkRegistry(given: RegistryFiles, now: number): RegistryFiles | undefined {
  const authorities = given.authorities.trim() === '' ? [] : readCertificates(given.authorities);
  authorities.forEach((each) => checkRegistryAuthority(each, now));
  const client = given.clientCertificate.trim() === '' ? [] : readCertificates(given.clientCertificate);
  const hasKey = given.clientKey.trim() !== '';
  const [own] = client;
  if ((own !== undefined) !== hasKey) {
    throw new BerthError('trust.keyMissing', { missing: hasKey ? 'certificate' : 'key' });
  }
  if (own !== undefined) {
    checkDate(own, now);
  }
  const text = (list: typeof client): string => list.map(({ pem }) => pem).join('');
  return own === undefined && authorities.length === 0
    ? undefined
    : {
        authorities: text(authorities),
        clientCertificate: text(client),
        clientKey: own === undefined ? '' : readKeyOf(own, given.clientKey),
      };
}

export function describeRegistry(registry: string, files: RegistryFiles): RegistryCertificates {
  const [client] = readBundle(files.clientCertificate);
  return {
    registry,
    authorities: readBundle(files.authorities).map(infoOf),
    ...(client === undefined ? {} : { client: infoOf(client) }),
  };
}

/** Lines `file <registry>/<name>`, each followed by that file's own; in the order in which the guest lists them. */
export function certsText(registries: Registries): string {
  const files = Object.entries(registries).flatMap(([name, { authorities, clientCertificate, clientKey }]) => [
    { path: `${name}/ca.crt`, pem: authorities },
    { path: `${name}/client.cert`, pem: clientCertificate },
    { path: `${name}/client.key`, pem: clientKey },
  ]);
  return files
    .filter(({ pem }) => pem !== '')
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ path, pem }) => `file ${path}\n${pem}`)
    .join('');
}
