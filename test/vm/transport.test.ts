// The transport against the real sshd: half-close, many channels, bytes counted both ways.
import { text } from 'node:stream/consumers';
import { expect, test, vi } from 'vitest';
import { useVm } from './harness';

const box = useVm();

test('half-close: the answer to a request whose sender has ended arrives whole', async () => {
  const stream = await box().vm.dialer.engine();
  stream.end('GET /_ping HTTP/1.0\r\n\r\n');
  expect(await text(stream)).toMatch(/^HTTP\/1\.0 200 OK[\s\S]*OK$/);
});

test('200 channels at once, each with its answer', async () => {
  const answers = await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      const stream = await box().vm.dialer.engine((['api', 'bulk', 'terminal'] as const)[index % 3]);
      stream.end('GET /_ping HTTP/1.0\r\n\r\n');
      return text(stream);
    }),
  );
  expect(answers.filter((answer) => answer.endsWith('OK'))).toHaveLength(200);
});

test('TCP from inside the guest: sshd’s own banner; nothing listens elsewhere', async () => {
  const stream = await box().vm.dialer.tcp('127.0.0.1', 1022);
  const banner = await new Promise<string>((resolve) => stream.once('data', (chunk: Buffer) => resolve(chunk.toString())));
  stream.destroy();
  expect(banner).toMatch(/^SSH-2\.0-OpenSSH/);
  await expect(box().vm.dialer.tcp('127.0.0.1', 9)).rejects.toMatchObject({ code: 'engine.away' });
});

test('every byte of a long output arrives', async () => {
  const { stdout, code } = await box().exec('head -c 8000000 /dev/zero | tr "\\0" x');
  expect(code).toBe(0);
  expect(stdout).toHaveLength(8_000_000);
});

test('a killed connection comes back, and the guest’s clock is set again', async () => {
  await box().exec('date -s @0 >/dev/null');
  await box()
    .exec('kill -9 $(pidof sshd-session)')
    .catch(() => undefined);
  await vi.waitFor(async () => expect(Math.abs(Number((await box().exec('date +%s')).stdout) - Date.now() / 1000)).toBeLessThan(5), {
    timeout: 30_000,
    interval: 250,
  });
});
