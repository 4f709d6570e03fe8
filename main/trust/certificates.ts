// X.509 as this module needs it: text to certificates and what to say of them, and the checks that refuse what would be no use or do harm.
// Pure; knows no store and no guest.
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { BerthError } from '../../preload/contract';
import type { CertificateInfo } from '../../preload/contract';

export interface Certificate extends CertificateInfo {
  /** One block, written anew from the DER, newline at the end. */
  readonly pem: string;
}

const BLOCK = /-----BEGIN (?:X509 )?CERTIFICATE-----[\s\S]*?-----END (?:X509 )?CERTIFICATE-----/g;

/** Of a store that is not ours: what cannot be read is passed over. */
export function readBundle(text: string): readonly Certificate[] {
  return unique([...text.matchAll(BLOCK)].flatMap(([block]) => tryRead(block) ?? []));
}

/** Fingerprints only, without the cost of parsing: of the guest's bundle. */
export function bundleFingerprints(text: string): ReadonlySet<string> {
  const blocks = [...text.matchAll(BLOCK)].map(([block]) => Buffer.from(block.replace(/-----[^-]+-----/g, ''), 'base64'));
  return new Set(blocks.map((der) => createHash('sha256').update(der).digest('hex')));
}

/** What a user gives: PEM, one or several, or base64 DER. Throws where any of it is no certificate. */
export function readCertificates(text: string): readonly Certificate[] {
  if (/-----BEGIN [A-Z ]*PRIVATE KEY/.test(text)) {
    throw new BerthError('trust.privateKey', {});
  }
  const [, begins] = /-----BEGIN ([^-]*)-----/.exec(text) ?? [];
  if (begins === undefined) {
    const compact = text.replace(/\s/g, '');
    const found = /^[A-Za-z0-9+/]{64,}={0,2}$/.test(compact) ? tryRead(Buffer.from(compact, 'base64')) : undefined;
    if (found === undefined) {
      throw new BerthError('trust.notACertificate', { what: 'text' });
    }
    return [found];
  }
  const blocks = [...text.matchAll(/-----BEGIN ([^-]*)-----[\s\S]*?(?:-----END [^-]*-----|$)/g)];
  return unique(
    blocks.map(([block, name = '']) => {
      const found = tryRead(block);
      if (found === undefined) {
        throw new BerthError('trust.notACertificate', { what: name.slice(0, 40) || begins.slice(0, 40) });
      }
      return found;
    }),
  );
}

export function checkAuthority(certificate: Certificate, now: number): void {
  if (!certificate.isAuthority) {
    throw new BerthError('trust.notAnAuthority', { subject: certificate.subject });
  }
  checkDate(certificate, now);
}

export function checkDate({ subject, notAfter }: Certificate, now: number): void {
  if (notAfter < now) {
    throw new BerthError('trust.expired', { subject, date: new Date(notAfter).toISOString().slice(0, 10) });
  }
}

/** A registry's own certificate may be its authority, where it signed itself: dockerd takes it. */
export function checkRegistryAuthority(certificate: Certificate, now: number): void {
  if (certificate.subject !== certificate.issuer) {
    checkAuthority(certificate, now);
  }
  checkDate(certificate, now);
}

/** The key as dockerd can read it; throws where it is none, is locked by a password, or belongs to another certificate. */
export function readKeyOf(certificate: Certificate, text: string): string {
  if (text.includes('ENCRYPTED')) {
    throw new BerthError('trust.keyEncrypted', {});
  }
  let key;
  try {
    key = createPrivateKey(text);
  } catch {
    throw new BerthError('trust.notAKey', {});
  }
  if (!new X509Certificate(certificate.pem).checkPrivateKey(key)) {
    throw new BerthError('trust.keyMismatch', { subject: certificate.subject });
  }
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

export function infoOf({ fingerprint, subject, issuer, notBefore, notAfter, isAuthority }: Certificate): CertificateInfo {
  return { fingerprint, subject, issuer, notBefore, notAfter, isAuthority };
}

function tryRead(data: string | Buffer): Certificate | undefined {
  try {
    const x509 = new X509Certificate(data);
    return {
      fingerprint: x509.fingerprint256.replaceAll(':', '').toLowerCase(),
      subject: oneLine(x509.subject),
      issuer: oneLine(x509.issuer),
      notBefore: Date.parse(x509.validFrom),
      notAfter: Date.parse(x509.validTo),
      isAuthority: x509.ca,
      pem: x509.toString(),
    };
  } catch {
    return undefined;
  }
}

/** As OpenSSL writes it, `C=…` first on lines of their own -> `CN=…, O=…, C=…`. An empty name is none: undefined in some versions of Node. */
function oneLine(name: string | undefined): string {
  return (name ?? '').split('\n').reverse().join(', ');
}

function unique(certificates: readonly Certificate[]): readonly Certificate[] {
  return [...new Map(certificates.map((each) => [each.fingerprint, each])).values()];
}
