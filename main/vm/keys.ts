// The two key pairs of a home, both made on the host: the client's, and the guest's host key, so that it is pinned before the first boot.
// Private keys are 0600 in a folder of 0700; what is there and can be read is never replaced.
import { chmod } from 'node:fs/promises';
import ssh2 from 'ssh2';
import { ensureFolder, readText, writeAtomic } from '../lib/atomic-file';
import type { HomeFiles } from '../lib/home';
import { generateKeyPair } from '../ssh/openssh-key';

export interface Keys {
  /** OpenSSH private key. */
  readonly clientPrivate: string;
  /** One line. */
  readonly clientPublic: string;
  readonly hostPrivate: string;
  /** As the wire has it, for pinning. */
  readonly hostPublic: Buffer;
}

export async function loadKeys(files: HomeFiles): Promise<Keys> {
  await ensureFolder(files.keys.folder);
  await chmod(files.keys.folder, 0o700);
  const client = await loadPair(files.keys.client, files.keys.clientPublic, 'berth');
  const host = await loadPair(files.keys.host, files.keys.hostPublic, 'berth-vm');
  return { clientPrivate: client.privateKey, clientPublic: client.publicKey, hostPrivate: host.privateKey, hostPublic: publicBlob(host.publicKey) };
}

interface Pair {
  readonly privateKey: string;
  readonly publicKey: string;
}

async function loadPair(privatePath: string, publicPath: string, comment: string): Promise<Pair> {
  const found = await readText(privatePath);
  if (found !== undefined) {
    const parsed = ssh2.utils.parseKey(found);
    // One that cannot be read is of no use to anyone: both sides get the new one at the next boot.
    if (!(parsed instanceof Error)) {
      return { privateKey: found, publicKey: `ssh-ed25519 ${parsed.getPublicSSH().toString('base64')} ${comment}` };
    }
  }
  const made = generateKeyPair(comment);
  await writeAtomic(privatePath, made.privateKey);
  await writeAtomic(publicPath, `${made.publicKey}\n`);
  return made;
}

function publicBlob(line: string): Buffer {
  return Buffer.from(line.split(' ')[1] ?? '', 'base64');
}
