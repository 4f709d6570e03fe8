// The session's keys as KeyObjects. ssh2 hands Node their bytes with every packet, and Node 24 takes 25 µs to see that bytes are no KeyObject:
// half of what a packet of 32 KiB costs, and most of what a keystroke does. Reaches into ssh2; where it finds nothing, everything works as ever.
import { createSecretKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Client } from 'ssh2';

type Key = KeyObject | Uint8Array;

export interface Ssh2Ciphers {
  readonly _cipher?: { _encKey?: Key };
  readonly _decipher?: { _decipherKey?: Key };
}

/** Each exchange of keys makes new ciphers, so each is followed. */
export function useKeyObjects(client: Client): void {
  client.on('handshake', () => {
    const { _cipher, _decipher } = (client as unknown as { readonly _protocol?: Ssh2Ciphers })._protocol ?? {};
    if (_cipher?._encKey instanceof Uint8Array) {
      _cipher._encKey = createSecretKey(_cipher._encKey);
    }
    if (_decipher?._decipherKey instanceof Uint8Array) {
      _decipher._decipherKey = createSecretKey(_decipher._decipherKey);
    }
  });
}
