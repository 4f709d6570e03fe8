import { expect, test } from 'vitest';
import { deferred } from '../lib/async';
import type { TerminalProcess } from '../lib/terminal-process';
import { lastingProcess } from './lasting';

/** A shell in the test's hand. */
function shell() {
  const log: string[] = [];
  const code = deferred<number | undefined>();
  let listener: Parameters<TerminalProcess['listen']>[0] | undefined;
  const process: TerminalProcess = {
    listen: (next) => (listener = next),
    write: (data) => void log.push(`write ${data}`),
    resize: (cols, rows) => Promise.resolve(void log.push(`size ${cols}x${rows}`)),
    pause: () => void log.push('pause'),
    resume: () => void log.push('resume'),
    exitCode: code.promise,
    close: () => Promise.resolve(void log.push('close')),
  };
  return {
    process,
    log,
    say: (text: string) => listener?.data(Buffer.from(text)),
    end(exitCode?: number) {
      code.resolve(exitCode);
      listener?.end();
    },
  };
}

function bed(open: () => Promise<TerminalProcess> = () => Promise.reject(new Error('gone'))) {
  const first = shell();
  const over = deferred<string | undefined>();
  const sizes: unknown[] = [];
  let pausing = true;
  const process = lastingProcess(
    first.process,
    { cols: 80, rows: 24 },
    async (size) => {
      sizes.push(size);
      return { process: await open(), shell: 'sh' };
    },
    { over: () => (pausing ? over.promise : undefined) },
  );
  let text = '';
  let ends = 0;
  process.listen({ data: (chunk) => (text += Buffer.from(chunk).toString()), end: () => (ends += 1) });
  return { first, over, process, sizes, text: () => text, ends: () => ends, noPause: () => (pausing = false) };
}

test('after a pause a new shell goes on in the same session, behind the mark and in the size of now', async () => {
  const second = shell();
  const opened = deferred<TerminalProcess>();
  const one = bed(() => opened.promise);
  one.first.say('$ ');
  one.first.end();
  one.process.write('lost');
  await one.process.resize(120, 40);
  one.over.resolve('PAUSED');
  await expect.poll(() => one.sizes).toEqual([{ cols: 120, rows: 40 }]);
  one.process.write('early ');
  opened.resolve(second.process);
  await expect.poll(() => second.log).toEqual(['write early ']);
  second.say('# ');
  expect(one.text()).toMatch(/^\$ [^]*PAUSED[^]*# $/);
  one.process.write('ls');
  expect(second.log).toEqual(['write early ', 'write ls']);
  // The earlier one is seen off: dockerd leaves it waiting.
  expect(one.first.log).toEqual(['close']);
  expect(one.ends()).toBe(0);
  one.noPause();
  second.end(7);
  expect(await one.process.exitCode).toBe(7);
  expect(one.ends()).toBe(1);
});

test('an end of its own is the session’s end', async () => {
  const one = bed();
  one.noPause();
  one.first.end(3);
  expect(one.ends()).toBe(1);
  expect(await one.process.exitCode).toBe(3);
});

test.each([
  ['a boot instead of a resume', undefined],
  ['a container that has no shell any more', 'PAUSED'],
])('%s ends it', async (_, words) => {
  const one = bed();
  one.first.end();
  one.over.resolve(words);
  await expect.poll(() => one.ends()).toBe(1);
  expect(await one.process.exitCode).toBeUndefined();
});

test('closed while it is paused: no shell is opened', async () => {
  const one = bed();
  one.first.end();
  await one.process.close();
  one.over.resolve('PAUSED');
  await expect.poll(() => one.ends()).toBe(1);
  expect(one.sizes).toEqual([]);
});
