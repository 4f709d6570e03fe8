// Suspended by idleness and woken by use, on the real VM with the real docker CLI; and what clients meet where somebody suspended it.
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { BackendHandlers, Forward } from '../../preload/contract';
import { runDocker, startDocker } from './cli';
import type { CliResult } from './cli';
import { ensureTestImage, TEST_IMAGE, TEST_PAGE } from './images';
import { openBackend, quiet } from './open-backend';
import type { OpenBackend } from './open-backend';

let box: OpenBackend;
let port: number;
const docker = (...args: readonly string[]): Promise<CliResult> => runDocker(box, args);
const state = (): string => box.backend.vm.status.get().state;
const suspend = (by: 'idle' | 'user'): Promise<void> => box.backend.vm.stop({ by });

beforeAll(async () => {
  box = await openBackend(inject('vmHome'));
  await box.backend.vm.start();
  await ensureTestImage(box);
  await docker('rm', '-f', 'idle-web');
  port = await freePort();
  const ran = await docker('run', '-d', '--name', 'idle-web', '-p', `${port}:80`, TEST_IMAGE, 'httpd', '-f', '-h', '/www');
  expect(ran.stderr).toBe('');
});
afterAll(async () => {
  await box.backend.vm.start();
  await docker('rm', '-f', 'idle-web');
  await box.close({ keepVm: true });
});

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      const { port: free } = server.address() as AddressInfo;
      server.close(() => resolve(free));
    }),
  );
}

/** The page, or the error's code. */
function page(): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect({ host: '127.0.0.1', port }, () => socket.write('GET / HTTP/1.0\r\n\r\n'));
    socket.on('data', (bytes: Buffer) => (text += bytes.toString()));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    socket.on('close', () => resolve(text));
  });
}

const forwards = (): Promise<readonly Forward[]> => box.first((context) => box.handlers['ports.changes']({}, context));
const inspected = async (): Promise<string> => (await docker('inspect', '-f', '{{.State.StartedAt}} {{.State.Pid}}', 'idle-web')).stdout;

test('docker ps wakes a VM that sleeps of idleness; its container runs on, and who was blocked got words or an end', async () => {
  const before = await inspected();
  const events = await startDocker(box, ['events']);
  const waiting = await startDocker(box, ['wait', 'idle-web']);
  // Blocked for real: dockerd has answered their heads.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  await suspend('idle');
  expect(state()).toBe('suspended');
  for (const blocked of [events, waiting]) {
    const { code, stderr } = await blocked.done;
    expect(code).not.toBe(0);
    expect(stderr).not.toBe('');
  }
  const asked = performance.now();
  const ps = await docker('ps', '--format', '{{.Names}}');
  const seconds = (performance.now() - asked) / 1000;
  expect(ps).toMatchObject({ code: 0, stdout: expect.stringContaining('idle-web') });
  expect(box.backend.vm.boots()[0]).toMatchObject({ kind: 'resume' });
  expect(await inspected()).toBe(before);
  console.log(`docker ps of a VM that sleeps: ${seconds.toFixed(2)} s, resume ${String(box.backend.vm.boots()[0]?.seconds)} s`);
});

test('a connection to a published port wakes it and is served', async () => {
  await suspend('idle');
  expect(await page()).toContain(TEST_PAGE);
  expect(state()).toBe('running');
  expect((await forwards()).filter((one) => one.port === port).every(({ error }) => error === undefined)).toBe(true);
});

test('pings and events do not wake it', async () => {
  await suspend('idle');
  const version = await docker('version', '--format', '{{.Server.Version}}');
  expect(version).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d/) });
  expect((await docker('events', '--since', '1m', '--until', '0s')).stderr).toContain('sleeps');
  expect(state()).toBe('suspended');
});

test('where the user suspended it: words with the next step, a reset at the port, and nothing wakes', async () => {
  await box.backend.vm.start();
  const waiting = await startDocker(box, ['wait', 'idle-web']);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  await suspend('user');
  expect((await waiting.done).code).not.toBe(0);
  const ps = await docker('ps');
  expect(ps.code).not.toBe(0);
  expect(ps.stderr).toMatch(/suspended.*berth start/s);
  expect(await page()).toBe('ECONNRESET');
  expect(state()).toBe('suspended');
});

test('a terminal of the window goes on with a new shell behind a mark', async () => {
  await box.backend.vm.start();
  const handlers: BackendHandlers = box.handlers;
  const session = await handlers['terminal.open'](
    { kind: 'exec', container: 'idle-web', shell: 'sh', user: '', cols: 80, rows: 24 },
    quiet,
  );
  let text = '';
  const reading = (async () => {
    for await (const chunk of handlers['terminal.output']({ session: session.id }, { ...quiet, upload: [] as never })) {
      text += Buffer.from(chunk).toString();
    }
  })();
  void handlers['terminal.input']({ session: session.id, data: 'echo one$((1+1))\r' }, quiet);
  await expect.poll(() => text, { timeout: 20_000 }).toContain('one2');
  await suspend('user');
  await box.backend.vm.start();
  await expect.poll(() => text, { timeout: 20_000 }).toMatch(/Paused from .* a new one|this is a new one/s);
  void handlers['terminal.input']({ session: session.id, data: 'echo two$((1+1))\r' }, quiet);
  await expect.poll(() => text, { timeout: 20_000 }).toContain('two2');
  await expect.poll(async () => (await docker('top', 'idle-web')).stdout.match(/ sh$/gm)?.length, { timeout: 20_000 }).toBe(1);
  await handlers['terminal.close']({ session: session.id }, quiet);
  await reading;
});
