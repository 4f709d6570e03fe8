// ed25519 key pairs in OpenSSH's format. ssh2 has a generator too, but three of a thousand of its keys cannot be read again, by itself or by sshd.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import ssh2 from 'ssh2';

export interface KeyPair {
  /** PEM, "OPENSSH PRIVATE KEY", not encrypted. */
  readonly privateKey: string;
  /** One line. */
  readonly publicKey: string;
  /** As the wire has it. */
  readonly publicBlob: Buffer;
}

/** A private key that was written down; undefined where it cannot be read. */
export function readKeyPair(privateKey: string, comment: string): KeyPair | undefined {
  const parsed = ssh2.utils.parseKey(privateKey);
  if (parsed instanceof Error || parsed.type !== TYPE) {
    return undefined;
  }
  const publicBlob = parsed.getPublicSSH();
  return { privateKey, publicKey: `${TYPE} ${publicBlob.toString('base64')} ${comment}`, publicBlob };
}

const TYPE = 'ssh-ed25519';
const BLOCK = 8;

export function generateKeyPair(comment: string): KeyPair {
  const { x, d } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  if (x === undefined || d === undefined) {
    throw new Error('this system makes no ed25519 keys');
  }
  return encode(Buffer.from(x, 'base64url'), Buffer.from(d, 'base64url'), comment);
}

/** PROTOCOL.key of OpenSSH: magic, no cipher, one key, its public half, then the private part padded to the cipher's block. */
function encode(publicKey: Buffer, seed: Buffer, comment: string): KeyPair {
  const publicBlob = Buffer.concat([string(TYPE), string(publicKey)]);
  const check = randomBytes(4);
  const secret = Buffer.concat([check, check, string(TYPE), string(publicKey), string(Buffer.concat([seed, publicKey])), string(comment)]);
  const padding = Buffer.from(Array.from({ length: (BLOCK - (secret.length % BLOCK)) % BLOCK }, (_, index) => index + 1));
  const body = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    string('none'),
    string('none'),
    string(''),
    uint32(1),
    string(publicBlob),
    string(Buffer.concat([secret, padding])),
  ]);
  const lines = body.toString('base64').match(/.{1,70}/g) ?? [];
  return {
    privateKey: `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines.join('\n')}\n-----END OPENSSH PRIVATE KEY-----\n`,
    publicKey: `${TYPE} ${publicBlob.toString('base64')} ${comment}`,
    publicBlob,
  };
}

function string(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
