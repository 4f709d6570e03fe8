import { once } from 'node:events';
import { KeyObject } from 'node:crypto';
import { text } from 'node:stream/consumers';
import ssh2 from 'ssh2';
import type { ClientChannel } from 'ssh2';
import { expect, test } from 'vitest';
import { createFakeSshServer } from '../../test/fakes/ssh-server';
import { useKeyObjects, type Ssh2Ciphers } from './key-objects';

test('each exchange of keys ends with KeyObjects, and what is encrypted with them is understood', async () => {
  const server = await createFakeSshServer({ onExec: () => ({ stdout: 'understood' }) });
  const client = new ssh2.Client();
  useKeyObjects(client);
  const { host, port, username, privateKey } = server.target;
  client.connect({ host, port, username, privateKey, algorithms: { cipher: ['aes128-gcm@openssh.com'] } });
  await once(client, 'ready');
  const protocol = (client as unknown as { readonly _protocol: Ssh2Ciphers & { rekey(): void } })._protocol;
  const keys = (): unknown[] => [protocol._cipher?._encKey, protocol._decipher?._decipherKey];
  const speaks = async (): Promise<string> => {
    const channel = await new Promise<ClientChannel>((done, fail) =>
      client.exec('say', (error, opened) => (error === undefined ? done(opened) : fail(error))),
    );
    return text(channel);
  };
  expect(keys()).toEqual([expect.any(KeyObject), expect.any(KeyObject)]);
  expect(await speaks()).toBe('understood');
  const first = keys();
  protocol.rekey();
  await once(client, 'handshake');
  expect(keys()).toEqual([expect.any(KeyObject), expect.any(KeyObject)]);
  expect(keys()[0]).not.toBe(first[0]);
  expect(await speaks()).toBe('understood');
  client.destroy();
  await server.close();
});
