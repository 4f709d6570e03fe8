import { createHash } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { startEngineBench, until } from '../../test/fakes/dockerd/bench';
import type { EngineBench } from '../../test/fakes/dockerd/bench';
import { floodPattern } from '../../test/fakes/dockerd/exec';
import { context } from '../../test/fakes/streams';
import { createHostShell } from './host-shell';
import { createTerminals } from './session';
import type { Terminals } from './session';

let bench: EngineBench;
let terminals: Terminals;
afterEach(async () => {
  await terminals.dispose();
  await bench.dispose();
});

async function begin(): Promise<void> {
  bench = await startEngineBench({ containers: 10 });
  terminals = createTerminals({ openExec: bench.engine.openExec });
}

const SIZE = { cols: 80, rows: 24 };
const open = async (container = 'shop-0-web-1', shell = 'auto') =>
  terminals.handlers['terminal.open']({ kind: 'exec', container, shell, user: '', ...SIZE }, context());
const type = (session: string, data: string) => terminals.handlers['terminal.input']({ session, data }, context());

/** A reader that goes on by itself; `text` is what it has. */
function attach(session: string): { text: () => string; bytes: () => number; ended: Promise<void>; leave: () => void } {
  const abort = new AbortController();
  let text = '';
  let bytes = 0;
  const ended = (async () => {
    for await (const chunk of terminals.handlers['terminal.output']({ session }, context(abort.signal))) {
      bytes += chunk.length;
      text = (text + Buffer.from(chunk).toString('latin1')).slice(-10_000);
    }
  })();
  return { text: () => text, bytes: () => bytes, ended, leave: () => abort.abort() };
}

describe('a terminal in a container', () => {
  test('finds a shell, speaks with it, knows size, Ctrl-C and the exit code', async () => {
    await begin();
    const session = await open();
    expect(session).toMatchObject({ kind: 'exec', container: 'shop-0-web-1', shell: 'ash' });
    const page = attach(session.id);
    await until('a prompt', () => page.text().endsWith('# '));
    await terminals.handlers['terminal.resize']({ session: session.id, cols: 120, rows: 40 }, context());
    await type(session.id, 'size\r');
    await until('the size', () => page.text().includes('120x40'));
    await type(session.id, 'half a li\u0003');
    await until('Ctrl-C', () => page.text().includes('^C'));
    await type(session.id, 'exit 7\r');
    await page.ended;
    expect(await terminals.handlers['terminal.list']({}, context())).toMatchObject([{ id: session.id, exitCode: 7 }]);
    await type(session.id, 'nobody listens');
    await terminals.handlers['terminal.close']({ session: session.id }, context());
    expect(await terminals.handlers['terminal.list']({}, context())).toEqual([]);
    expect(() => type(session.id, 'x')).toThrow(expect.objectContaining({ code: 'terminal.gone' }));
  });

  test('says which shells were not found, and refuses a stopped or unknown container', async () => {
    await begin();
    bench.fake.model.addContainer({ name: 'distroless', state: 'running', shells: [] });
    await expect(open('distroless')).rejects.toMatchObject({
      code: 'engine.noCommand',
      params: { command: 'bash, ash, sh', detail: expect.stringContaining('executable file not found') },
    });
    await expect(open('distroless', '/bin/zsh')).rejects.toMatchObject({ code: 'engine.noCommand', params: { command: '/bin/zsh' } });
    await expect(open('nobody')).rejects.toMatchObject({ code: 'engine.notFound' });
    await expect(open('shop-0-proxy-1')).rejects.toMatchObject({ code: 'engine.conflict' });
  });

  test('a shell that prints nothing opens all the same; what the user typed stays one element', async () => {
    await begin();
    bench.fake.programs.set('quiet; rm -rf /', async ({ read }) => ((await read()) === undefined ? 0 : 3));
    const session = await open('shop-0-web-1', 'quiet; rm -rf /');
    expect([...bench.fake.execs.values()].at(-1)?.argv).toEqual(['quiet; rm -rf /']);
    const page = attach(session.id);
    await type(session.id, 'x');
    await page.ended;
    expect(await terminals.handlers['terminal.list']({}, context())).toMatchObject([{ exitCode: 3 }]);
  });

  test('survives its page: a second one gets the last 256 KiB and what follows', async () => {
    await begin();
    const { id } = await open();
    const first = attach(id);
    await type(id, 'flood 300000\r');
    await until('the flood', () => first.bytes() > 300_000 && first.text().endsWith('# '));
    first.leave();
    await first.ended;
    const second = attach(id);
    await until('the replay', () => second.text().endsWith('# '));
    expect(second.bytes()).toBeLessThanOrEqual(256 * 1024);
    expect(second.bytes()).toBeGreaterThan(128 * 1024);
    await type(id, 'echo\r');
    await until('live again', () => second.text().includes('echo: not found'));
  });

  test('a flood of 100 MB arrives whole, and a reader that stops holds it back within bounds', async () => {
    await begin();
    const total = 100 * 2 ** 20;
    let written = 0;
    bench.fake.programs.set('flood', async ({ write }) => {
      for (const block = floodPattern(0, 65_536); written < total; written += block.length) {
        await write(block);
      }
      return 0;
    });
    const { id } = await open('shop-0-web-1', 'flood');
    const abort = new AbortController();
    const hash = createHash('sha256');
    let bytes = 0;
    const output = terminals.handlers['terminal.output']({ session: id }, context(abort.signal))[Symbol.asyncIterator]();
    const take = (chunk: Uint8Array): void => {
      bytes += chunk.length;
      hash.update(chunk);
    };
    take(((await output.next()) as { value: Uint8Array }).value);
    await new Promise((resolve) => setTimeout(resolve, 300));
    // The reader's queue, the socket's buffers on both sides, and the replay that came before it.
    expect(written - bytes).toBeLessThan(4 * 2 ** 20);
    for (let next = await output.next(); next.done !== true; next = await output.next()) {
      take(next.value);
    }
    expect(bytes).toBe(total);
    const whole = createHash('sha256');
    const block = floodPattern(0, 65_536);
    for (let at = 0; at < total; at += block.length) {
      whole.update(block);
    }
    expect(hash.digest('hex')).toBe(whole.digest('hex'));
  });

  test('without a reader the program goes on', async () => {
    await begin();
    bench.fake.programs.set('flood', async ({ write }) => {
      for (let count = 0; count < 200; count++) {
        await write(floodPattern(0, 65_536));
      }
      return 5;
    });
    const { id } = await open('shop-0-web-1', 'flood');
    await until('its end', async () => (await terminals.handlers['terminal.list']({}, context()))[0]?.exitCode === 5);
    const page = attach(id);
    await page.ended;
    expect(page.bytes()).toBe(256 * 1024);
  });

  test('a lost connection ends it; closing ends the shell; 64 are enough', async () => {
    await begin();
    const { id } = await open();
    const page = attach(id);
    await until('a prompt', () => page.text().endsWith('# '));
    bench.fake.drop();
    await page.ended;
    const second = await open();
    await terminals.handlers['terminal.close']({ session: second.id }, context());
    await until('the shell is gone', () => [...bench.fake.execs.values()].at(-1)?.running === false);
    const { length } = await terminals.handlers['terminal.list']({}, context());
    await Promise.all(Array.from({ length: 64 - length }, () => open()));
    await expect(open()).rejects.toMatchObject({ code: 'terminal.tooMany', params: { limit: 64 } });
  });

  test('a program that hides from Ctrl-D is hung up by its mark', async () => {
    await begin();
    bench.fake.programs.set('vim', async ({ gone, write }) => {
      await write('~');
      await new Promise((resolve) => gone.addEventListener('abort', resolve));
      return 129;
    });
    const { id } = await open('shop-0-web-1', 'vim');
    await terminals.handlers['terminal.close']({ session: id }, context());
    expect([...bench.fake.execs.values()].at(-1)?.argv.slice(0, 2)).toEqual(['sh', '-c']);
  });
});

describe("the host's own shell", () => {
  test('has DOCKER_HOST, a size and an exit code; without the feature it is refused', async () => {
    await begin();
    await expect(Promise.resolve(terminals.handlers['terminal.open']({ kind: 'host', ...SIZE }, context()))).rejects.toMatchObject({
      code: 'rpc.unavailableHere',
    });
    terminals = createTerminals({
      openExec: bench.engine.openExec,
      openHost: createHostShell({
        dockerHost: 'unix:///x/docker.sock',
        dockerCliFolder: '/bundled/bin',
        env: { ...process.env, SHELL: '/bin/sh' },
      }),
    });
    const { id, shell } = await terminals.handlers['terminal.open']({ kind: 'host', ...SIZE }, context());
    expect(shell).toBe('/bin/sh');
    const page = attach(id);
    await terminals.handlers['terminal.resize']({ session: id, cols: 101, rows: 31 }, context());
    await type(id, 'echo "<$DOCKER_HOST>" "${PATH##*:}"; stty size; exit 5\r');
    await page.ended;
    expect(page.text()).toContain('<unix:///x/docker.sock> /bundled/bin');
    expect(page.text()).toContain('31 101');
    expect(await terminals.handlers['terminal.list']({}, context())).toMatchObject([{ kind: 'host', exitCode: 5 }]);
  });
});
