import ssh2 from 'ssh2';
import { expect, test } from 'vitest';
import { generateKeyPair } from './openssh-key';

test('every key is read again, with the same public half', () => {
  // Enough to have met the keys that ssh2's own generator breaks (3 in 1,000) almost surely.
  for (let index = 0; index < 1500; index += 1) {
    const pair = generateKeyPair('berth');
    const parsed = ssh2.utils.parseKey(pair.privateKey);
    if (parsed instanceof Error) {
      throw parsed;
    }
    expect(parsed.getPublicSSH().equals(pair.publicBlob)).toBe(true);
    expect(parsed.comment).toBe('berth');
  }
});

test('the public line has type, key and comment', () => {
  const { publicKey, publicBlob } = generateKeyPair('berth-vm');
  expect(publicKey).toBe(`ssh-ed25519 ${publicBlob.toString('base64')} berth-vm`);
});

test('a key signs what its public half verifies', () => {
  const pair = generateKeyPair('');
  const [secret, open] = [ssh2.utils.parseKey(pair.privateKey), ssh2.utils.parseKey(pair.publicKey)];
  if (secret instanceof Error || open instanceof Error) {
    throw new Error('unreadable');
  }
  expect(open.verify(Buffer.from('text'), secret.sign(Buffer.from('text')))).toBe(true);
});
