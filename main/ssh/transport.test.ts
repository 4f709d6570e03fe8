import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerChannel } from 'ssh2';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createFakeSshServer } from '../../test/fakes/ssh-server';
import type { FakeSshOptions, FakeSshServer } from '../../test/fakes/ssh-server';
import type { BerthError } from '../../preload/contract/errors';
import { silentLogger } from '../lib/logger';
import { connectSsh } from './connection';
import { createDialer } from './dialer';
import type { Relay } from './relay';
import { createTransport } from './transport';
import type { Transport } from './transport';

let server: FakeSshServer | undefined;
let transport: Transport | undefined;

afterEach(async () => {
  transport?.close();
  await server?.close();
});

async function connected(
  options: FakeSshOptions = {},
  relay?: Relay,
): Promise<{ server: FakeSshServer; transport: Transport; ups: () => number; refusals: BerthError[] }> {
  server = await createFakeSshServer(options);
  let ups = 0;
  const refusals: BerthError[] = [];
  transport = createTransport({
    target: server.target,
    log: silentLogger,
    relay,
    onConnected: () => (ups += 1),
    onRefused: (error) => refusals.push(error),
  });
  await transport.ready();
  transport.widen();
  return { server, transport, ups: () => ups, refusals };
}

describe('streams', () => {
  test('carry bytes both ways, and half-close: what is answered after our end still arrives', async () => {
    const { transport: t } = await connected({
      onStream(channel, path) {
        let got = '';
        channel.on('data', (chunk: Buffer) => (got += chunk.toString()));
        channel.on('end', () => channel.end(`${path} got ${got}`));
      },
    });
    const stream = await t.engine();
    stream.end('a whole request');
    expect(await text(stream)).toBe('/run/docker.sock got a whole request');
  });

  test('the other way round: the guest ends first, and what we write afterwards still arrives', async () => {
    let got: Promise<string> | undefined;
    const { transport: t } = await connected({
      onStream(channel) {
        got = text(channel);
        channel.end('bye'); // ssh2's server closes as it ends, so only what is under way can be checked here; the real sshd is checked in test/vm.
      },
    });
    const stream = await t.engine();
    expect(await text(stream)).toBe('bye');
    stream.end();
    await got;
  });

  test('published ports go by the relay, by SSH where that is not the way, and what it could not reach is not tried twice', async () => {
    const dialled: string[] = [];
    const relayed = new PassThrough();
    let closed = 0;
    const { transport: t } = await connected(
      { onTcp: (channel, host, port) => channel.end(`ssh to ${host} ${port}`) },
      {
        dial(kind, host, port) {
          dialled.push(`${kind} ${host} ${port}`);
          return port === 1 ? Promise.resolve(relayed) : port === 2 ? Promise.resolve(undefined) : Promise.reject(new Error('errno 111'));
        },
        close: () => (closed += 1),
      },
    );
    expect(await t.tcp('172.17.0.2', 1)).toBe(relayed);
    expect(await t.udp('172.17.0.2', 1)).toBe(relayed);
    expect(await text(await t.tcp('172.17.0.2', 2))).toBe('ssh to 172.17.0.2 2');
    await expect(t.tcp('172.17.0.2', 3)).rejects.toMatchObject({ code: 'engine.away', params: { reason: 'refused' } });
    expect(dialled).toEqual(['tcp 172.17.0.2 1', 'udp 172.17.0.2 1', 'tcp 172.17.0.2 2', 'tcp 172.17.0.2 3']);
    t.close();
    expect(closed).toBe(1);
  });

  test('200 at once', async () => {
    const { transport: t } = await connected();
    const answers = await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const stream = await t.engine(index % 2 === 0 ? 'api' : 'bulk');
        stream.end(`request ${index}`);
        return text(stream);
      }),
    );
    expect(answers).toEqual(Array.from({ length: 200 }, (_, index) => `request ${index}`));
  });

  test('hold the writer back while the reader does not read', async () => {
    let channel: ServerChannel | undefined;
    const { transport: t } = await connected({ onStream: (opened) => (channel = opened) });
    const stream = await t.engine();
    const chunk = Buffer.alloc(256 * 1024, 1);
    let sent = 0;
    while (stream.write(chunk) && sent < 200) {
      sent += 1;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    // ssh2's window of 2 MiB and its read-ahead of 2 MiB on the server's side, and ours.
    expect(sent * chunk.length).toBeLessThan(8 * 2 ** 20);
    let received = 0;
    channel?.on('data', (data: Buffer) => (received += data.length));
    await once(stream, 'drain');
    stream.end();
    await vi.waitFor(() => expect(received).toBe((sent + 1) * chunk.length));
    stream.destroy();
  });

  test('small pieces for a guest that is behind go together', async () => {
    let channel: ServerChannel | undefined;
    const { transport: t } = await connected({ onStream: (opened) => (channel = opened) });
    const stream = await t.engine();
    const pieces = 1500;
    for (let piece = 0; piece < pieces; piece += 1) {
      stream.write(Buffer.alloc(1000, piece));
      await new Promise(setImmediate);
    }
    stream.end();
    const packets: Buffer[] = [];
    channel?.on('data', (data: Buffer) => packets.push(data));
    await vi.waitFor(() => expect(Buffer.concat(packets)).toHaveLength(pieces * 1000), 5000);
    const whole = Buffer.concat(Array.from({ length: pieces }, (_, piece) => Buffer.alloc(1000, piece)));
    expect(Buffer.concat(packets).equals(whole)).toBe(true);
    // As many as fill what may be under way, and the rest in packets of 32 KiB.
    expect(packets.length).toBeLessThan(400);
    stream.destroy();
  });

  test('hold the guest back while we do not read', async () => {
    let sent = 0;
    const { transport: t } = await connected({
      onStream(channel) {
        const chunk = Buffer.alloc(256 * 1024, 1);
        const pump = (): void => {
          let more = true;
          while (more && sent < 64 * 2 ** 20) {
            sent += chunk.length;
            more = channel.write(chunk);
          }
          if (more) {
            channel.end();
          }
        };
        channel.on('drain', pump);
        pump();
      },
    });
    const stream = await t.engine('bulk');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(sent).toBeLessThan(16 * 2 ** 20);
    let received = 0;
    stream.on('data', (chunk: Buffer) => (received += chunk.length));
    await once(stream, 'end');
    expect(received).toBe(64 * 2 ** 20);
  });

  test('a lost connection is an error and never a clean end, for readers and for writers', async () => {
    const { server: s, transport: t } = await connected({ onStream: (channel) => channel.write('half an ans') });
    const [reader, writer] = await Promise.all([t.engine(), t.engine()]);
    await once(reader, 'data');
    let ended = false;
    reader.on('end', () => (ended = true));
    const broken = Promise.all([once(reader, 'error'), once(writer, 'error')]);
    s.drop();
    await broken;
    expect(ended).toBe(false);
    await expect(
      new Promise((resolve, reject) => writer.write('more', (error) => (error ? reject(error) : resolve(undefined)))),
    ).rejects.toThrow();
  });

  test('destroying one closes its channel and no other', async () => {
    let closed = 0;
    const { transport: t } = await connected({
      onStream(channel) {
        channel.on('close', () => (closed += 1));
        channel.pipe(channel);
      },
    });
    const [first, second] = await Promise.all([t.engine(), t.engine()]);
    first.destroy();
    await vi.waitFor(() => expect(closed).toBe(1));
    second.end('still');
    expect(await text(second)).toBe('still');
  });

  test('what nobody listens to in the guest is `engine.away`, and the connection stays', async () => {
    let refuse = true;
    const { transport: t } = await connected({ refuse: () => refuse });
    await expect(t.engine()).rejects.toMatchObject({ code: 'engine.away', params: { reason: 'engine' } });
    await expect(t.tcp('172.17.0.2', 80)).rejects.toMatchObject({ code: 'engine.away', params: { reason: 'refused' } });
    refuse = false;
    const stream = await t.tcp('172.17.0.2', 80);
    stream.end('x');
    expect(await text(stream)).toBe('x');
  });
});

describe('connections', () => {
  test('one of them; the others when it is time, and not after the end', async () => {
    server = await createFakeSshServer();
    const { target, logins } = server;
    transport = createTransport({ target, log: silentLogger, onConnected: () => undefined, onRefused: () => undefined });
    await transport.ready();
    const stream = await transport.engine('bulk');
    stream.end('over the api one');
    expect(await text(stream)).toBe('over the api one');
    expect(logins()).toBe(1);
    transport.widen();
    await vi.waitFor(() => expect(logins()).toBe(3));
    transport.close();
    transport.widen();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(logins()).toBe(3);
  });

  test('dropped ones are dialled again; meanwhile a dial says so', async () => {
    const { server: s, transport: t, ups } = await connected();
    await vi.waitFor(() => expect(s.logins()).toBe(3));
    await s.pause();
    await vi.waitFor(async () => expect(t.engine()).rejects.toMatchObject({ code: 'engine.away', params: { reason: 'transport' } }));
    await s.listen();
    await vi.waitFor(() => expect(ups()).toBe(2), 10_000);
    const stream = await t.engine();
    stream.end('again');
    expect(await text(stream)).toBe('again');
  });

  test('another host key is refused for good, and named', async () => {
    const { server: s, transport: t, refusals } = await connected();
    await vi.waitFor(() => expect(s.logins()).toBe(3));
    s.changeHostKey();
    s.drop();
    await vi.waitFor(() => expect(refusals.map(({ code }) => code)).toContain('ssh.hostKeyChanged'), 10_000);
    expect(refusals[0]?.params).toMatchObject({
      expected: expect.stringMatching(/^SHA256:/) as string,
      found: expect.stringMatching(/^SHA256:/) as string,
    });
    await expect(t.engine()).rejects.toMatchObject({ code: 'engine.away' });
    expect(s.logins()).toBe(3);
  });

  test('after close nothing is dialled any more', async () => {
    const { server: s, transport: t } = await connected();
    await vi.waitFor(() => expect(s.logins()).toBe(3));
    t.close();
    await vi.waitFor(() => expect(s.connections()).toBe(0));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(s.logins()).toBe(3);
  });

  test('commands: output, errors and status', async () => {
    const { transport: t } = await connected({ onExec: (command) => ({ stdout: `ran ${command}`, stderr: 'oh', code: 7 }) });
    expect(await t.exec('true')).toEqual({ stdout: 'ran true', stderr: 'oh', code: 7 });
  });
});

describe('sockets of the guest’s that lead here', () => {
  const path = '/run/berth/test.sock';

  test('carry bytes, and are there again after a redial until they are stopped', async () => {
    const { server: s, transport: t } = await connected();
    const socket = t.serve(path, (stream) => stream.pipe(stream));
    await socket.ready;
    const said = async (word: string): Promise<string> => {
      const channel = await s.connectTo(path);
      channel.end(word);
      return text(channel);
    };
    expect(await said('one')).toBe('one');
    s.drop();
    await vi.waitFor(async () => expect(await said('two')).toBe('two'), 10_000);
    socket.stop();
    await vi.waitFor(() => expect(s.sockets()).toEqual([]));
  });

  test('stay when everything else ends, while a guest shuts down', async () => {
    const { server: s, transport: t } = await connected();
    await t.serve(path, (stream) => stream.pipe(stream)).ready;
    t.close({ serving: true });
    await vi.waitFor(() => expect(s.connections()).toBe(1));
    const channel = await s.connectTo(path);
    channel.end('the last words');
    expect(await text(channel)).toBe('the last words');
    t.close();
    await vi.waitFor(() => expect(s.connections()).toBe(0));
  });

  test('are asked for again where sshd still holds them for the connection that was lost', async () => {
    let refuse = false;
    const { server: s, transport: t } = await connected({ refuse: () => refuse });
    await t.serve(path, (stream) => stream.pipe(stream)).ready;
    refuse = true;
    s.drop();
    await vi.waitFor(() => expect(s.connections()).toBeGreaterThan(0), 10_000);
    await sleep(500);
    expect(s.sockets()).toEqual([]);
    refuse = false;
    await vi.waitFor(() => expect(s.sockets()).toEqual([path]), 10_000);
  });

  test('are refused in words, stand as soon as the guest lets them, and end with the transport', async () => {
    let refuse = true;
    const { server: s, transport: t } = await connected({ refuse: () => refuse });
    const socket = t.serve(path, () => undefined);
    await expect(socket.ready).rejects.toThrow();
    expect(socket.stands.get()).toBe(false);
    refuse = false;
    await socket.ready;
    expect(socket.stands.get()).toBe(true);
    await s.pause();
    await vi.waitFor(() => expect(socket.stands.get()).toBe(false));
    const waiting = t.serve('/run/berth/other.sock', () => undefined);
    t.close();
    await expect(waiting.ready).rejects.toMatchObject({ code: 'engine.away' });
  });
});

test('a port where nobody listens is an error at once', async () => {
  const { server: s } = await connected();
  await s.close();
  await expect(connectSsh(s.target, AbortSignal.timeout(10_000))).rejects.toMatchObject({ code: 'ssh.unreachable' });
});

test('the dialer follows the VM: away with its state while there is none', async () => {
  const { transport: t } = await connected();
  const current: { transport?: Transport } = {};
  const dialer = createDialer(
    () => current.transport,
    () => 'stopped',
  );
  await expect(dialer.engine()).rejects.toMatchObject({ code: 'engine.away', params: { reason: 'stopped' } });
  current.transport = t;
  const stream = await dialer.engine();
  stream.end('x');
  expect(await text(stream)).toBe('x');
});
