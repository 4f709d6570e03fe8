import { expect, test } from 'vitest';
import { guestWords, serviceWords } from './cause';

test('a panic of the kernel is the cause, not what it printed after it', () => {
  const lines = [
    '[ 1.2] eth0: up',
    '[ 9.0] Kernel panic - not syncing: sysrq triggered crash',
    '[ 9.1] CPU: 0 PID: 1',
    '[ 9.2] ---[ end ]---',
  ];
  expect(guestWords(lines)).toBe('[ 9.0] Kernel panic - not syncing: sysrq triggered crash');
  expect(guestWords([...lines, 'berth: ready 8.1'])).toBe('berth: ready 8.1');
  expect(guestWords(['one', 'two', ''])).toBe('two');
  expect(guestWords([])).toBe('');
});

test('a service’s own last words: the line that ends it, without what is around it', () => {
  const log = [
    'time="2026-01-01T00:00:00Z" level=info msg="Starting up"',
    'failed to start daemon: Unable to get the TempDir under /var/lib/docker: read-only file system',
    'goroutine 1 [running]:',
  ];
  expect(serviceWords(7, log, [])).toBe(log[1]);
  expect(serviceWords(7, ['time="x" level=fatal msg="no \\"root\\"" error="disk full"', 'later'], [])).toBe('no "root": disk full');
  expect(serviceWords(7, ['panic: boom', 'goroutine 1'], [])).toBe('panic: boom');
  expect(serviceWords(7, ['time="x" level=info msg="API listen on /run/docker.sock"'], [])).toBe('API listen on /run/docker.sock');
});

test('whom the kernel killed has the kernel’s words', () => {
  const kernel = ['Out of memory: Killed process 7 (dockerd) total-vm:1kB', 'Out of memory: Killed process 77 (node) total-vm:1kB'];
  expect(serviceWords(7, ['level=info'], kernel)).toBe(kernel[0]);
  expect(serviceWords(70, ['last'], kernel)).toBe('last');
});
