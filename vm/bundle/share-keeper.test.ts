// The keeper between QEMU and a share's server, compiled and run on the host: it passes messages on, opens its door only when the server serves,
// answers in its place when that died, and says so once, on the pipe that it holds.
import { execFile, spawn } from 'node:child_process';
import { constants, openSync } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createConnection, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

const run = promisify(execFile);
const GET_FEATURES = 1;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-keeper-'));
  await run('cc', ['-O1', '-Wall', '-Wextra', '-Werror', '-o', join(folder, 'keeper'), join(import.meta.dirname, 'share-keeper.c')]);
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
  const door = join(folder, 'door.sock');
  const pipe = join(folder, 'life');
  await run('mkfifo', [pipe]);
  const life = openSync(pipe, constants.O_RDWR);
  const keeper = spawn(join(folder, 'keeper'), [door, process.execPath, join(folder, 'server.mjs')], {
    stdio: ['ignore', 'pipe', 'pipe', life],
  });
  let words = '';
  keeper.stderr?.on('data', (chunk: Buffer) => (words += chunk.toString()));
  const pid = await new Promise<number>((resolve) => keeper.stdout?.once('data', (chunk: Buffer) => resolve(Number(chunk.toString()))));
  await vi.waitFor(() => stat(door), 10_000);
  const qemu = createConnection(door);
  expect(await ask(qemu, GET_FEATURES)).toBe(7);

  const reader = new Socket({ fd: openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK), readable: true, writable: false });
  const ended = new Promise((resolve) => reader.once('end', resolve)).then(() => words);
  reader.resume();
  new Socket({ fd: life }).destroy();
  process.kill(pid, 'SIGKILL');
  expect(await ended).toBe('the server ended: signal 9\n');
  expect(await ask(qemu, GET_FEATURES)).toBe(0);

  const exit = new Promise((resolve) => keeper.once('exit', resolve));
  qemu.destroy();
  expect(await exit).toBe(0);
});

test('a server that does not serve: no door, and its end at once', async () => {
  const door = join(folder, 'shut.sock');
  await expect(run(join(folder, 'keeper'), [door, '/bin/false'])).resolves.toMatchObject({ stderr: 'the server ended: exit 1\n' });
  await expect(stat(door)).rejects.toThrow('ENOENT');
});
