// The host's side of the relay against guests that are none: who waits, who is told what, and when SSH is the way. What goes through is in
// vm/guest/relay.test.ts, with the guest's own program.
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test, vi } from 'vitest';
import { silentLogger } from '../lib/logger';
import { createRelay, type Relay } from './relay';

let relay: Relay | undefined;
let ends: (() => unknown)[] = [];
afterEach(() => {
  vi.restoreAllMocks();
  relay?.close();
  ends.forEach((end) => end());
  ends = [];
});

const kindOf = (head: Buffer): string => head.toString('latin1', 32, 33);
const portOf = (head: Buffer): number => head.readUInt16BE(37);

/** A listener in the guest's place; what it has heard, and the keys that were ordered. */
async function guest(
  onHead: (socket: Socket, head: Buffer, proof: Buffer) => void,
  order: (key: Buffer) => Promise<unknown> = () => Promise.resolve(),
): Promise<{ readonly relay: Relay; readonly heads: Buffer[]; readonly keys: Buffer[] }> {
  const [heads, keys]: [Buffer[], Buffer[]] = [[], []];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket
      .on('error', () => undefined)
      .once('data', (head: Buffer) => {
        heads.push(head);
        onHead(socket, head, keys.at(-1)?.subarray(32) ?? Buffer.alloc(0));
      });
    ends.push(() => socket.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  relay = createRelay({
    port,
    order(key) {
      keys.push(key);
      return order(key);
    },
    log: silentLogger,
  });
  return { relay, heads, keys };
}

const ok = (proof: Buffer, more = ''): Buffer => Buffer.concat([proof, Buffer.from([0]), Buffer.from(more)]);
const dials = (way: Relay, count: number): Promise<unknown[]> =>
  Promise.all(Array.from({ length: count }, () => way.dial('tcp', '172.17.0.2', 80)));

test('somebody else answers: it gets one half of a key that is never used again, and those that waited go by SSH at once', async () => {
  const { relay: way, heads, keys } = await guest((socket) => socket.end(Buffer.alloc(33)));
  expect(await dials(way, 8)).toEqual(Array.from({ length: 8 }, () => undefined));
  expect(heads).toHaveLength(1);
  expect(heads[0]?.subarray(0, 32)).toEqual(keys[0]?.subarray(0, 32));
  // Not asked with every connection.
  expect(await dials(way, 1)).toEqual([undefined]);
  expect(keys).toHaveLength(1);
  const later = Date.now() + 11_000;
  vi.spyOn(Date, 'now').mockReturnValue(later);
  expect(await dials(way, 1)).toEqual([undefined]);
  expect(keys).toHaveLength(2);
  expect(keys[1]?.subarray(0, 32)).not.toEqual(keys[0]?.subarray(0, 32));
});

test('the head is 85 bytes: key, kind, number, port, address; the bytes behind the answer belong to the connection', async () => {
  const { relay: way, heads } = await guest((socket, head, proof) => socket.write(ok(proof, kindOf(head) === 'u' ? 'hello' : '')));
  const stream = await way.dial('udp', 'fd00::2', 53);
  expect(heads.map(kindOf)).toEqual(['e', 'u']);
  const head = heads[1] ?? Buffer.alloc(0);
  expect(head).toHaveLength(85);
  expect([head.readUInt32BE(33), portOf(head), head.toString('latin1', 39).replaceAll('\0', '')]).toEqual([1, 53, 'fd00::2']);
  expect(stream && String((await once(stream, 'data'))[0])).toBe('hello');
});

test('a guest without a relay is asked once', async () => {
  const none = await guest(
    () => undefined,
    () => Promise.reject(new Error('unknown op')),
  );
  expect(await dials(none.relay, 3)).toEqual([undefined, undefined, undefined]);
  expect(await dials(none.relay, 1)).toEqual([undefined]);
  expect([none.heads.length, none.keys.length]).toEqual([0, 1]);
});

test('closing ends what goes through it, also what is only being proved', async () => {
  const { relay: way, heads } = await guest((socket, head, proof) => (portOf(head) === 81 ? undefined : socket.write(ok(proof))));
  const stream = await way.dial('tcp', '172.17.0.2', 80);
  const waiting = way.dial('tcp', '172.17.0.2', 81);
  const gone = stream && once(stream, 'close');
  await expect.poll(() => heads.length).toBe(3);
  way.close();
  expect(await waiting).toBeUndefined();
  await gone;
  expect(await dials(way, 1)).toEqual([undefined]);
});

test('an end that was announced is an end, however late its word; one that was not is a break', async () => {
  let words: Socket | undefined;
  const { relay: way } = await guest((socket, head, proof) => {
    if (kindOf(head) === 'e') {
      words = socket;
      socket.write(ok(proof));
      return;
    }
    // All at once, as from a program that answers before it is asked.
    socket.end(ok(proof, 'all of it'));
    setTimeout(() => (portOf(head) === 80 ? words?.write(head.subarray(33, 37)) : words?.destroy()), 200);
  });
  const whole = await way.dial('tcp', '172.17.0.2', 80);
  expect(whole && (await text(whole))).toBe('all of it');
  const cut = await way.dial('tcp', '172.17.0.2', 81);
  await expect(cut && text(cut)).rejects.toThrow('cut off in the guest');
});
