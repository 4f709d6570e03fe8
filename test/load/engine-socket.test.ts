// The engine's socket under load, on a real VM: many clients at once, slow ones among them, memory bounded and every byte counted.
import { rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runDocker } from '../vm/cli';
import { ensureTestImage, TEST_IMAGE } from '../vm/images';
import { makeHome, openVm, type OpenVm } from '../vm/open-vm';
import { held, MIB } from './memory';

/** 8 MB in all: well above what SSH's window and the buffers on the way hold. */
const LINES = 20_000;
const LINE = 'x'.repeat(400);

let home: string;
let box: OpenVm;
const ok = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await runDocker(box, args);
  expect(code, `docker ${args.join(' ')}: ${stderr}`).toBe(0);
  return stdout;
};

beforeAll(async () => {
  home = await makeHome('berth-load-');
  box = await openVm(home);
  await box.vm.start();
  await ensureTestImage(box);
  await ok('run', '--name', 'load-logs', TEST_IMAGE, 'sh', '-c', `yes ${LINE} | head -n ${LINES}`);
});
afterAll(async () => {
  await box.close({ keepVm: false });
  await rm(home, { recursive: true, force: true });
});

function open(request: string): Socket {
  const socket = connect(box.files.run.docker);
  socket.on('error', () => undefined);
  socket.write(request);
  return socket;
}

function answer(request: string, end: string): Promise<boolean> {
  return new Promise((resolve) => {
    let text = '';
    const socket = open(request);
    socket.on('data', (bytes: Buffer) => {
      text = (text + bytes.toString('latin1')).slice(-200);
      if (text.endsWith(end)) {
        resolve(true);
        socket.destroy();
      }
    });
    socket.on('close', () => {
      resolve(false);
    });
  });
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: docker\r\n\r\n`;

test('200 streams held open and 200 requests over them', async () => {
  const held = await Promise.all(
    Array.from(
      { length: 200 },
      () =>
        new Promise<Socket>((resolve, reject) => {
          const socket = open(get('/events'));
          socket.once('data', () => {
            resolve(socket);
          });
          socket.once('close', () => {
            reject(new Error('an events stream ended'));
          });
        }),
    ),
  );
  const answers = await Promise.all(Array.from({ length: 200 }, () => answer(get('/_ping'), '\r\n\r\nOK')));
  expect(answers.filter(Boolean)).toHaveLength(200);
  expect(held.every((socket) => !socket.destroyed)).toBe(true);
  held.forEach((socket) => socket.destroy());
  expect(await answer(get('/_ping'), '\r\n\r\nOK')).toBe(true);
});

test('readers that stop hold nobody and no memory; a reader that goes on gets every line', async () => {
  const request = get('/containers/load-logs/logs?stdout=1');
  const before = held();
  const stopped = Array.from({ length: 20 }, () => open(request).pause());
  expect(await answer(get('/_ping'), '\r\n\r\nOK')).toBe(true);

  const printed = await ok('logs', 'load-logs');
  expect(printed === `${LINE}\n`.repeat(LINES)).toBe(true);
  // 20 streams of ssh2's 2 MiB window each, and what the streams buffer themselves; all that they would have read is 160 MiB. Seen: 90, two copies of the log with it.
  const kept = held() - before;
  console.info(`streams: ${Math.round(kept / MIB)} MiB held for readers that stopped`);
  expect(kept).toBeLessThan(130 * MIB);
  stopped.forEach((socket) => socket.destroy());
});
