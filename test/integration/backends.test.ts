// One backend a home, whatever happens to it: processes killed, started at once, attached to each other, over a fake engine and a fake VM.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { connectControl } from '../../main/control/connect';
import { pingSocket } from '../../main/lib/engine-http';
import { identify } from '../../main/lib/process';
import type { EngineChange } from '../../preload/contract';
import { createClient } from '../../preload/rpc/client';
import type { RpcClient } from '../../preload/rpc/client';
import { decodeFrame, encodeFrame } from '../../preload/rpc/frames';
import { webSocketTransport } from '../../preload/rpc/web-socket';
import { firstLine, startProcesses } from '../fakes/backend-processes';
import type { Processes } from '../fakes/backend-processes';

let p: Processes;
beforeEach(async () => {
  p = await startProcesses();
}, 60_000);
afterEach(() => p.dispose(), 60_000);

const control = (): string => join(p.home, 'run', 'control.sock');
const dockerSocket = (): string => join(p.home, 'run', 'docker.sock');

async function client(): Promise<RpcClient> {
  const transport = await connectControl(control());
  return createClient(transport!, { build: 'test', client: 'cli' });
}

/** As the page: the code for a token, then the WebSocket. */
async function openPage(address: string): Promise<RpcClient> {
  const { origin, hash } = new URL(address);
  const response = await fetch(`${origin}/api/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin },
    body: JSON.stringify({ code: hash.slice(6) }),
  });
  const { token } = (await response.json()) as { token: string };
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/api/ws`, { origin });
  const page = createClient(webSocketTransport(socket), { build: 'test', client: 'browser', token });
  await page.ready;
  return page;
}

/** What it has said on stderr so far. */
function wordsOf(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return () => text;
}

async function firstSnapshot(page: RpcClient): Promise<EngineChange> {
  for await (const change of page.stream('engine.changes', {})) {
    if (change.kind === 'snapshot') {
      return change;
    }
  }
  throw new Error('no snapshot');
}

describe('a killed backend', () => {
  it('is followed by one that adopts its VM and cleans up behind it', async () => {
    await p.berth('start');
    const first = p.owner();
    process.kill(first, 'SIGKILL');
    expect(existsSync(control())).toBe(true);
    expect((await p.berth('status')).code).toBe(3);
    const { code, stderr } = await p.berth('start');
    expect(code).toBe(0);
    expect(stderr).toMatch(/still running|running already/);
    expect(p.owner()).not.toBe(first);
    const status = JSON.parse((await p.berth('status', '--json')).stdout) as { boot: { kind: string } };
    expect(status.boot.kind).toBe('adopt');
    expect(await pingSocket(dockerSocket())).toBeTruthy();
  });

  it('during its start leaves a home that starts', async () => {
    const starting = p.berthWith({ BERTH_FAKE_PHASE_MS: '500' }, 'start');
    while (!existsSync(control())) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    process.kill(p.owner(), 'SIGKILL');
    const { code, stderr } = await starting;
    expect(code).toBe(1);
    expect(stderr).toContain('Next:');
    expect((await p.berth('start')).code).toBe(0);
  });

  it('gives its clients a clear error', async () => {
    await p.berth('start');
    const one = await client();
    const call = one.call('vm.restart', {});
    call.catch(() => undefined);
    process.kill(p.owner(), 'SIGKILL');
    await expect(call).rejects.toMatchObject({ code: 'rpc.disconnected' });
    expect(await one.closed).toMatchObject({ code: 'rpc.disconnected' });
  });
});

describe('starts at once', () => {
  it('of 20 commands lead to one backend', async () => {
    const results = await Promise.all(Array.from({ length: 20 }, () => p.berth('start')));
    expect(results.map(({ code }) => code)).toEqual(Array.from({ length: 20 }, () => 0));
    const owner = p.owner();
    // Those that came too late have nothing to own and nothing to show.
    const others = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && Number(pid) !== owner && isHeadlessOf(pid));
    expect((await p.berth('stop')).code).toBe(0);
    for (const pid of [owner, ...others.map(Number)]) {
      await expect.poll(() => identify(pid), { timeout: 10_000 }).toBeUndefined();
    }
    expect(existsSync(join(p.home, 'lock'))).toBe(false);
  }, 120_000);

  it('stale lock, stale sockets and a pid that another program uses do not matter', async () => {
    await p.berth('start');
    const owner = p.owner();
    process.kill(owner, 'SIGKILL');
    const other = spawn('sleep', ['100']);
    writeFileSync(
      join(p.home, 'lock'),
      JSON.stringify({ pid: other.pid, startTime: '1', bootId: 'x', nonce: 'n', kind: 'headless', build: 'x' }),
    );
    expect((await p.berth('start')).code).toBe(0);
    expect(await identify(other.pid!)).toBeDefined();
    other.kill();
  });
});

function isHeadlessOf(pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(p.folder);
  } catch {
    return false;
  }
}

describe('a second shell', () => {
  it("attaches: its page sees the first one's engine, and leaving it stops nothing", async () => {
    await p.berth('start');
    const second = p.headless('--print');
    const words = wordsOf(second);
    const page = await openPage(await firstLine(second));
    expect(await firstSnapshot(page)).toMatchObject({ containers: { length: 3 } });
    const info = await page.call('app.info', {});
    expect(info).toMatchObject({ shell: 'browser', home: p.home, features: { hostTerminal: false } });
    expect(info.shells).toEqual(['headless', 'browser']);
    await expect(page.call('shell.openExternal', { url: 'https://docs.docker.com/' })).rejects.toMatchObject({
      code: 'rpc.unavailableHere',
    });
    await expect(page.call('terminal.open', { kind: 'host', cols: 80, rows: 24 })).rejects.toMatchObject({ code: 'rpc.unavailableHere' });
    const [victim] = ((await firstSnapshot(page)) as Extract<EngineChange, { kind: 'snapshot' }>).containers;
    await page.call('containers.restart', { id: victim!.id });
    second.kill('SIGTERM');
    await page.closed;
    await expect.poll(words).toContain('Ended. Berth runs on.');
    expect((await p.berth('status')).code).toBe(0);
  });

  it('ends with the owner when that one is stopped in order', async () => {
    await p.berth('start');
    const second = p.headless('--print');
    await firstLine(second);
    const ended = new Promise((resolve) => second.on('exit', resolve));
    await p.berth('stop');
    expect(await ended).toBe(0);
    expect(existsSync(join(p.home, 'lock'))).toBe(false);
  });

  it('takes over and adopts when the owner is killed', async () => {
    await p.berth('start');
    const owner = p.owner();
    const second = p.headless('--print');
    const words = wordsOf(second);
    const address = await firstLine(second);
    const page = await openPage(address);
    process.kill(owner, 'SIGKILL');
    await page.closed;
    await expect.poll(() => p.owner(), { timeout: 10_000 }).toBe(second.pid);
    await expect.poll(async () => (await p.berth('status')).code, { timeout: 20_000 }).toBe(0);
    expect(words()).toContain('this one has taken its place');
    second.kill('SIGINT');
    await expect.poll(words, { timeout: 10_000 }).toContain('Stopped.');
  }, 60_000);
});

describe('the control socket', () => {
  const send = (bytes: Uint8Array): Promise<Buffer> =>
    new Promise((resolve) => {
      const chunks: Buffer[] = [];
      const socket = connect(control(), () => socket.write(bytes));
      socket.on('data', (chunk) => chunks.push(chunk));
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(Buffer.concat(chunks)));
      setTimeout(() => socket.destroy(), 8000);
    });
  const withLength = (frame: Uint8Array): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(frame.length);
    return Buffer.concat([length, frame]);
  };
  const codeIn = (answer: Buffer): unknown => {
    const frame = decodeFrame(answer.subarray(4, 4 + answer.readUInt32BE(0)));
    return frame.t === 'error' ? frame.error.code : frame.t;
  };

  it('refuses garbage, 10 MB frames and silence with a code, and serves on', async () => {
    await p.berth('start');
    const before = p.engine.calls.length;
    expect(codeIn(await send(withLength(Buffer.from('garbage'))))).toBe('rpc.badFrame');
    expect(codeIn(await send(withLength(Buffer.alloc(10 * 1024 * 1024))))).toBe('rpc.tooLarge');
    expect(codeIn(await send(Buffer.from('GET / HTTP/1.1\r\n\r\n')))).toBe('rpc.tooLarge');
    expect(codeIn(await send(withLength(encodeFrame({ t: 'call', id: 1, method: 'vm.stop', input: {} }))))).toBe('rpc.unauthorized');
    expect(codeIn(await send(Buffer.from([0, 0])))).toBe('rpc.unauthorized');
    expect(p.engine.calls.slice(before).filter((call) => !/_ping|events|version|json/.test(call))).toEqual([]);
    expect((await p.berth('status')).code).toBe(0);
  });

  it('lets a client of another version see and stop, and nothing else', async () => {
    await p.berth('start');
    const answers = await send(
      Buffer.concat(
        [
          { t: 'hello', protocol: 99, build: 'future', client: 'cli' } as const,
          { t: 'call', id: 1, method: 'vm.boots', input: {} } as const,
          { t: 'call', id: 2, method: 'app.stop', input: {} } as const,
        ].map((frame) => withLength(encodeFrame(frame))),
      ),
    );
    const frames: unknown[] = [];
    for (let at = 0; at < answers.length;) {
      const size = answers.readUInt32BE(at);
      frames.push(decodeFrame(answers.subarray(at + 4, at + 4 + size)));
      at += 4 + size;
    }
    expect(frames).toMatchObject([{ t: 'hello' }, { id: 1, error: { code: 'rpc.versionMismatch' } }, { t: 'result', id: 2 }]);
  });

  it('of a home whose owner hangs is said, not waited for for ever', async () => {
    // A listener that never answers, and a lock whose owner lives.
    await p.berth('start');
    process.kill(p.owner(), 'SIGSTOP');
    const { code, stderr } = await p.berth('status');
    process.kill(p.owner(), 'SIGCONT');
    expect(code).toBe(1);
    expect(stderr).toContain('has not answered');
  }, 60_000);

  it('that somebody else listens on is not taken for ours', async () => {
    const path = join(p.folder, 'foreign.sock');
    const foreign = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(path);
    const transport = await connectControl(path);
    await expect(createClient(transport!, { build: 't', client: 'cli' }).ready).rejects.toMatchObject({ code: 'rpc.tooLarge' });
    foreign.close();
  });
});

it('the backend runs where electron cannot be resolved', async () => {
  // The bundles of the test lie in a temporary folder: no node_modules above it.
  const child = spawn(
    process.execPath,
    ['-e', `try { require.resolve('electron'); console.log('found'); } catch { console.log('absent'); }`],
    { cwd: p.folder },
  );
  expect((await firstLine(child)).trim()).toBe('absent');
  expect((await p.berth('start')).code).toBe(0);
  expect(await pingSocket(dockerSocket())).toBeTruthy();
});
