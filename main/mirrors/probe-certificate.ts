// The certificates that a mirror shows: who issued them, whether a public authority stands behind, and whether the issuer is known to intercept.
import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';

export interface ShownChain {
  /** In words, e.g. `Let's Encrypt R11`. */
  readonly issuer: string;
  /** An authority that browsers trust signed it. */
  readonly isPublic: boolean;
  /** Its issuer names a product that opens connections on their way. */
  readonly isMiddlebox: boolean;
}

/** Products and services that sign certificates on the fly, as their names stand in the issuers. */
const MIDDLEBOX =
  /forti(gate|net)|zscaler|netskope|palo ?alto|blue ?coat|symantec web|sophos|check ?point|cisco (umbrella|secure access)|open ?dns|barracuda|watchguard|sonicwall|mcafee web|skyhigh|forcepoint|websense|untangle|smoothwall|sangfor|深信服|qi-?an ?xin|qax|奇安信|hillstone|山石|topsec|天融信|nsfocus|绿盟|kaspersky|avast|avg |eset ssl|bitdefender|dr\.?web|adguard|squid|mitmproxy|charles proxy|fiddler|portswigger|burp|privoxy|ssl inspection|tls inspection|content inspection/i;

/** undefined where there is nothing that can be read. */
export function readChain(pems: readonly string[]): ShownChain | undefined {
  const chain = pems.flatMap((pem) => parse(pem) ?? []);
  const [server] = chain;
  if (server === undefined) {
    return undefined;
  }
  const issuer = named(server.issuer);
  return {
    issuer,
    isPublic: isPublic(chain),
    isMiddlebox: chain.some((certificate) => MIDDLEBOX.test(certificate.issuer) || MIDDLEBOX.test(certificate.subject)),
  };
}

/** Each is signed by the next until one is signed by a root that every browser has. */
function isPublic(chain: readonly X509Certificate[]): boolean {
  for (const [index, certificate] of chain.entries()) {
    if (isAnchored(certificate)) {
      return true;
    }
    if (!signedBy(certificate, chain[index + 1])) {
      return false;
    }
  }
  return false;
}

let roots: readonly X509Certificate[] | undefined;

function isAnchored(certificate: X509Certificate): boolean {
  roots ??= rootCertificates.flatMap((pem) => parse(pem) ?? []);
  return roots.some((root) => root.fingerprint256 === certificate.fingerprint256 || signedBy(certificate, root));
}

function signedBy(certificate: X509Certificate, by: X509Certificate | undefined): boolean {
  return by !== undefined && certificate.checkIssued(by) && certificate.verify(by.publicKey);
}

function parse(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

/** `C=US\nO=Let's Encrypt\nCN=R11` to `Let's Encrypt R11`. */
function named(distinguished: string): string {
  const fields = new Map(distinguished.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
  const [organisation, common] = [fields.get('O'), fields.get('CN')];
  const words = organisation !== undefined && common?.includes(organisation) !== true ? [organisation, common] : [common];
  return (words.filter((word) => word !== undefined).join(' ') || distinguished.replaceAll('\n', ', ')).slice(0, 200);
}
