// The two key pairs of a home, both made on the host: the client's, and the guest's host key, so that it is pinned before the first boot.
// Private keys are 0600 in a folder of 0700; what is there and can be read is never replaced.
import { chmod } from 'node:fs/promises';
import { ensureFolder, readText, writeAtomic } from '../lib/atomic-file';
import type { HomeFiles } from '../lib/home';
import type { SshTarget } from '../ssh/connection';
import { generateKeyPair, readKeyPair } from '../ssh/openssh-key';
import type { KeyPair } from '../ssh/openssh-key';

export interface Keys {
  readonly client: KeyPair;
  readonly host: KeyPair;
}

/** The guest's sshd behind the port that the driver gave it. */
export function guestTarget({ client, host }: Keys, port: number): SshTarget {
  return { host: '127.0.0.1', port, username: 'root', privateKey: client.privateKey, hostKey: host.publicBlob };
}

export async function loadKeys(files: HomeFiles): Promise<Keys> {
  await ensureFolder(files.keys.folder);
  await chmod(files.keys.folder, 0o700);
  return {
    client: await loadPair(files.keys.client, files.keys.clientPublic, 'berth'),
    host: await loadPair(files.keys.host, files.keys.hostPublic, 'berth-vm'),
  };
}

async function loadPair(privatePath: string, publicPath: string, comment: string): Promise<KeyPair> {
  const text = await readText(privatePath);
  const found = text === undefined ? undefined : readKeyPair(text, comment);
  if (found !== undefined) {
    return found;
  }
  // One that cannot be read is of no use to anyone: both sides get the new one at the next boot.
  const made = generateKeyPair(comment);
  await writeAtomic(privatePath, made.privateKey);
  await writeAtomic(publicPath, `${made.publicKey}\n`);
  return made;
}
