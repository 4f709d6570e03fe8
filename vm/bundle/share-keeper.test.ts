// The keeper between QEMU and a share's server, compiled and run on the host: it passes messages on, opens its door only when the server serves,
// answers in its place when that died, and says so once, on the pipe that it holds. The same when the keeper itself is killed.
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { constants, openSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createConnection, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { settledWithin } from '../../main/lib/async';

const run = promisify(execFile);
const GET_FEATURES = 1;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-keeper-'));
  const sources = ['share-keeper.c', 'guest-rings.c', 'vhost-user.c', 'orders.c'].map((name) => join(import.meta.dirname, name));
  await run('cc', ['-O1', '-Wall', '-Wextra', '-Werror', '-o', join(folder, 'keeper'), ...sources]);
  // Answers each message with 7, as a server of vhost-user would its features; says its pid to whoever starts it.
  await writeFile(
    join(folder, 'server.mjs'),
    `import net from 'node:net';
     const fd = Number(process.argv.at(-1).replace('--fd=', ''));
     net.createServer((peer) => peer.on('data', () => {
       const reply = Buffer.alloc(20);
       reply.writeUInt32LE(1, 0), reply.writeUInt32LE(5, 4), reply.writeUInt32LE(8, 8), reply.writeUInt32LE(7, 12);
       peer.write(reply);
     }).on('close', () => process.exit(0))).listen({ fd });
     process.stdout.write(process.pid + '\\n');`,
  );
});
afterAll(() => rm(folder, { recursive: true }));

interface Trial {
  readonly keeper: ChildProcess;
  readonly server: number;
  readonly qemu: Socket;
  /** The keeper's words, when nobody serves any more. */
  readonly ended: Promise<string>;
}

/** A keeper with its server, and a caller in QEMU's place. */
async function open(name: string): Promise<Trial> {
  const door = join(folder, `${name}.sock`);
  const pipe = join(folder, `${name}.life`);
  await run('mkfifo', [pipe]);
  const life = openSync(pipe, constants.O_RDWR);
  const keeper = spawn(join(folder, 'keeper'), [door, process.execPath, join(folder, 'server.mjs')], {
    stdio: ['ignore', 'pipe', 'pipe', life],
  });
  let words = '';
  keeper.stderr?.on('data', (chunk: Buffer) => (words += chunk.toString()));
  const server = await new Promise<number>((resolve) => keeper.stdout?.once('data', (chunk: Buffer) => resolve(Number(chunk.toString()))));
  await vi.waitFor(() => stat(door), 10_000);
  const qemu = createConnection(door);
  const reader = new Socket({ fd: openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK), readable: true, writable: false });
  const ended = new Promise((resolve) => reader.once('end', resolve)).then(() => words);
  reader.resume();
  new Socket({ fd: life }).destroy();
  return { keeper, server, qemu, ended };
}

async function childrenOf(pid: number): Promise<number[]> {
  return (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ').map(Number);
}

/** One request without fields; the number in the answer. */
function ask(socket: Socket, request: number): Promise<number> {
  const message = Buffer.alloc(12);
  message.writeUInt32LE(request, 0);
  message.writeUInt32LE(1, 4);
  return new Promise((resolve) => {
    socket.once('data', (answer: Buffer) => resolve(answer.readUInt32LE(12)));
    socket.write(message);
  });
}

test('messages pass; a server that is killed is answered for, and its end is seen', async () => {
  const { keeper, server, qemu, ended } = await open('server');
  expect(await ask(qemu, GET_FEATURES)).toBe(7);
  process.kill(server, 'SIGKILL');
  expect(await ended).toBe('the server ended: signal 9\n');
  expect(await ask(qemu, GET_FEATURES)).toBe(0);

  const exit = new Promise((resolve) => keeper.once('exit', resolve));
  qemu.destroy();
  expect(await exit).toBe(0);
});

test('a keeper that is killed is answered for by the second one, which lets nobody serve beside it', async () => {
  const { keeper, server, qemu, ended } = await open('keeper');
  expect(await ask(qemu, GET_FEATURES)).toBe(7);
  const [, second = 0] = await childrenOf(keeper.pid ?? 0);
  keeper.kill('SIGKILL');
  expect(await ended).toBe('share-keeper was killed, and the server with it\n');
  await expect(stat(`/proc/${server}/exe`)).rejects.toThrow();
  expect(await ask(qemu, GET_FEATURES)).toBe(0);
  qemu.destroy();
  await vi.waitFor(() => expect(stat(`/proc/${second}/exe`)).rejects.toThrow());
});

test('a second keeper that is killed has a successor; what QEMU waits for when the first goes is answered', async () => {
  const { keeper, server, qemu } = await open('second');
  expect(await ask(qemu, GET_FEATURES)).toBe(7);
  const pid = keeper.pid ?? 0;
  const [, second = 0] = await childrenOf(pid);
  process.kill(second, 'SIGKILL');
  const successor = await vi.waitFor(async () => {
    const [, next] = await childrenOf(pid);
    expect(next).toBeGreaterThan(second);
    return next;
  });
  expect(await ask(qemu, GET_FEATURES)).toBe(7);
  process.kill(server, 'SIGSTOP');
  const answer = ask(qemu, GET_FEATURES);
  await settledWithin(answer, 200);
  keeper.kill('SIGKILL');
  expect(await answer).toBe(0);
  qemu.destroy();
  await vi.waitFor(() => expect(stat(`/proc/${successor}/exe`)).rejects.toThrow());
});

test('a server that does not serve: no door, and its end at once', async () => {
  const door = join(folder, 'shut.sock');
  await expect(run(join(folder, 'keeper'), [door, '/bin/false'])).resolves.toMatchObject({ stderr: 'the server ended: exit 1\n' });
  await expect(stat(door)).rejects.toThrow('ENOENT');
});
