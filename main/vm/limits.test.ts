import { expect, test } from 'vitest';
import { checkHost, limitsOf, sizeOf, validateSize } from './limits';

const GIB = 2 ** 30;

test.each([
  [{ cpus: 16, memoryBytes: 64 * GIB }, 8, 4 * GIB],
  [{ cpus: 2, memoryBytes: 8 * GIB }, 2, 2 * GIB],
  [{ cpus: 1, memoryBytes: 2 * GIB }, 1, 0.75 * GIB],
])('on %j the default is %i CPUs and %i bytes', (host, cpus, memoryBytes) => {
  const limits = limitsOf(host);
  expect([limits.cpus.default, limits.memoryBytes.default]).toEqual([cpus, memoryBytes]);
  expect(limits.memoryBytes.min).toBeLessThanOrEqual(limits.memoryBytes.default);
  expect(limits.memoryBytes.default).toBeLessThanOrEqual(limits.memoryBytes.max);
});

const host = { cpus: 8, memoryBytes: 16 * GIB };

test.each([0, 9, 1.5, -1])('%s CPUs are refused with the figures', (cpus) => {
  expect(() => validateSize({ cpus }, host)).toThrow(
    expect.objectContaining({ code: 'settings.cpus', params: { asked: cpus, min: 1, max: 8 } }),
  );
});

test.each([1, 0.5 * GIB, 16 * GIB, Number.NaN])('%s bytes of memory are refused with the figures', (memoryBytes) => {
  expect(() => validateSize({ memoryBytes }, host)).toThrow(expect.objectContaining({ code: 'settings.memory' }));
});

test('null is the default, whatever the host', () => {
  expect(() => validateSize({ cpus: null, memoryBytes: null }, host)).not.toThrow();
  expect(sizeOf({ cpus: null, memoryBytes: null }, host)).toEqual({ cpus: 4, memoryBytes: 4 * GIB });
  expect(sizeOf({ cpus: 3, memoryBytes: 2 * GIB }, host)).toEqual({ cpus: 3, memoryBytes: 2 * GIB });
});

test('a start without the memory for it is refused with both figures', async () => {
  await expect(checkHost(4 * GIB, '/', 1 * GIB)).rejects.toMatchObject({
    code: 'vm.notEnoughMemory',
    params: { neededBytes: 4 * GIB, availableBytes: GIB },
  });
  await expect(checkHost(1 * GIB, '/', 2 * GIB)).resolves.toBeUndefined();
});

test('a start without disk space is refused with both figures', async () => {
  await expect(checkHost(1, '/proc', GIB)).rejects.toMatchObject({
    code: 'vm.notEnoughDisk',
    params: { path: '/proc', availableBytes: 0 },
  });
});
