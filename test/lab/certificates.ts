// Certificates of the tests' own, made by openssl: a good authority, a foreign one and a middlebox's, and what each of them signs.
// Names: `localhost`, `*.berth.test`, Docker Hub's, 127.0.0.1 and 10.0.2.2 (the host, as the guest sees it).
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** `trusted` is signed by the authority that tests put into the guest's bundle; the others are what can be wrong with a certificate. */
export const certificateKinds = ['trusted', 'expired', 'foreign', 'wrongName', 'selfSigned', 'middlebox'] as const;
export type CertificateKind = (typeof certificateKinds)[number];

export interface Certificates {
  readonly folder: string;
  /** PEM of the authority to trust, and of the middlebox's. */
  readonly authority: string;
  readonly middlebox: string;
  /** Where the authority's PEM lies, for `curl --cacert`. */
  readonly authorityFile: string;
  pair(kind: CertificateKind): Promise<{ readonly cert: string; readonly key: string }>;
}

const NAMES = ['DNS:localhost', 'DNS:*.berth.test', 'DNS:registry-1.docker.io', 'DNS:auth.docker.io', 'IP:127.0.0.1', 'IP:10.0.2.2'].join(
  ',',
);
const EC_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

export async function makeCertificates(folder: string): Promise<Certificates> {
  const openssl = async (...args: readonly string[]): Promise<void> => {
    await promisify(execFile)('openssl', args, { cwd: folder });
  };
  const selfSigned = (name: string, subject: string, names: string, authority: boolean): Promise<void> => {
    const uses = authority ? ['-addext', 'keyUsage=critical,keyCertSign'] : [];
    const files = ['-keyout', `${name}.key`, '-out', `${name}.pem`];
    return openssl('req', '-x509', ...EC_KEY, '-subj', subject, '-days', '365', '-addext', `subjectAltName=${names}`, ...uses, ...files);
  };
  const signed = async (name: string, by: string, names: string, days: number): Promise<void> => {
    await openssl(
      'req',
      '-new',
      ...EC_KEY,
      '-subj',
      `/O=Berth tests/CN=${name}`,
      '-addext',
      `subjectAltName=${names}`,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
    );
    const from = ['-CA', `${by}.pem`, '-CAkey', `${by}.key`, '-CAcreateserial'];
    await openssl('x509', '-req', '-in', `${name}.csr`, ...from, '-days', String(days), '-copy_extensions', 'copy', '-out', `${name}.pem`);
    // Servers send the chain, so that a client can name the issuer.
    await writeFile(join(folder, `${name}.pem`), (await text(`${name}.pem`)) + (await text(`${by}.pem`)));
  };
  const text = (name: string): Promise<string> => readFile(join(folder, name), 'utf8');

  await selfSigned('authority', '/O=Berth tests/CN=Berth test authority', 'DNS:authority.berth.test', true);
  const makers: Record<CertificateKind, () => Promise<void>> = {
    trusted: () => signed('trusted', 'authority', NAMES, 365),
    expired: () => signed('expired', 'authority', NAMES, -1),
    wrongName: () => signed('wrongName', 'authority', 'DNS:somebody-else.example', 365),
    selfSigned: () => selfSigned('selfSigned', '/CN=self-signed.example', NAMES, false),
    async foreign() {
      await selfSigned('other', '/O=Somebody Else/CN=Somebody else authority', 'DNS:other.berth.test', true);
      await signed('foreign', 'other', NAMES, 365);
    },
    async middlebox() {
      await selfSigned('firewall', '/O=Fortinet/CN=FortiGate CA', 'DNS:firewall.berth.test', true);
      await signed('middlebox', 'firewall', NAMES, 365);
    },
  };
  const made = new Map<CertificateKind, Promise<void>>();
  const make = (kind: CertificateKind): Promise<void> => {
    const begun = made.get(kind) ?? makers[kind]();
    made.set(kind, begun);
    return begun;
  };
  await Promise.all([make('trusted'), make('middlebox')]);
  return {
    folder,
    authority: await text('authority.pem'),
    middlebox: await text('firewall.pem'),
    authorityFile: join(folder, 'authority.pem'),
    async pair(kind) {
      await make(kind);
      return { cert: await text(`${kind}.pem`), key: await text(`${kind}.key`) };
    },
  };
}
