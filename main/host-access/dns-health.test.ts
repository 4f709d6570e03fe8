import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDnsHealth, dnsProbe } from './dns-health';
import { isAnswerTo } from './dns-question';

let folder: string;
let server: Socket | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-dns-'));
});
afterEach(() => {
  server?.close();
  server = undefined;
  rmSync(folder, { recursive: true, force: true });
});

const answerTo = (question: Buffer): Buffer => {
  const answer = Buffer.from(question);
  answer.writeUInt16BE(0x8183, 2); // "no such name" is an answer
  return answer;
};

/** On a port of its own; says nothing where `answers` is false. */
async function listen(answers: boolean): Promise<number> {
  const socket = createSocket('udp4');
  server = socket;
  socket.on('message', (question, from) => {
    if (answers) {
      socket.send(answerTo(question), from.port, from.address);
    }
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return socket.address().port;
}

function write(text: string): string {
  const path = join(folder, 'resolv.conf');
  writeFileSync(path, text);
  return path;
}

test('a server that answers is seen, and the guest through its frames, cut anywhere', async () => {
  const port = await listen(true);
  const udp = (): Promise<PassThrough> => {
    const stream = new PassThrough();
    const write = stream.write.bind(stream);
    stream.write = ((frame: Buffer) => {
      const answer = Buffer.concat([frame.subarray(0, 8), answerTo(frame.subarray(8))]);
      write(answer.subarray(0, 5));
      setTimeout(() => write(answer.subarray(5)), 10);
      return true;
    }) as typeof stream.write;
    return Promise.resolve(stream);
  };
  const ask = createDnsHealth({ resolvConf: write('nameserver 127.0.0.1\n'), guest: () => ({ udp }), port });
  const health = await ask();
  expect(health).toMatchObject({ state: 'ok', servers: [{ address: '127.0.0.1' }] });
  expect(health.guestMilliseconds).toBeGreaterThanOrEqual(0);
});

test('a silent server is a finding within seconds, with its name', async () => {
  const port = await listen(false);
  const ask = createDnsHealth({ resolvConf: write('nameserver 127.0.0.1\n'), guest: () => undefined, port });
  expect(await ask()).toEqual({ state: 'silent', servers: [{ address: '127.0.0.1' }] });
  const result = await dnsProbe(ask).run(new AbortController().signal);
  expect(result).toMatchObject({ status: 'warn', error: { code: 'host.dnsSilent', params: { reason: 'silent', detail: '127.0.0.1' } } });
});

test.each(['255.255.255.255', 'fe80::1'])(
  'a server that nothing can be sent to (%s) is silent, and the others are asked',
  async (address) => {
    const port = await listen(true);
    const ask = createDnsHealth({ resolvConf: write(`nameserver ${address}\nnameserver 127.0.0.1\n`), guest: () => undefined, port });
    const { state, servers } = await ask();
    expect(state).toBe('ok');
    expect(servers).toEqual([{ address }, { address: '127.0.0.1', milliseconds: expect.any(Number) as number }]);
  },
);

test('no server at all, and a guest that gets nothing, are told apart', async () => {
  const none = createDnsHealth({ resolvConf: write('search example\n'), guest: () => undefined });
  expect(await none()).toEqual({ state: 'noServers', servers: [] });
  const port = await listen(true);
  const guest = { udp: () => Promise.reject(new Error('no way in')) };
  const asked = createDnsHealth({ resolvConf: write('nameserver 127.0.0.1\n'), guest: () => guest, port });
  expect((await asked()).state).toBe('guest');
});

test('what is no answer to this question is passed over', () => {
  expect(isAnswerTo(7, Buffer.alloc(4))).toBe(false);
  expect(isAnswerTo(7, Buffer.from([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]))).toBe(false);
  expect(isAnswerTo(7, Buffer.from([0, 8, 0x81, 0, 0, 1, 0, 0, 0, 0, 0, 0]))).toBe(false);
  expect(isAnswerTo(7, Buffer.from([0, 7, 0x81, 0, 0, 1, 0, 0, 0, 0, 0, 0]))).toBe(true);
});
