import { expect, test } from 'vitest';
import en from '../../../assets/locales/en/vm.json' with { type: 'json' };
import type { AcceleratorVerdict } from '../../../preload/contract';
import { acceleratorsOf, choose, explain, verdictKey } from './verdicts';
import type { Evidence } from './verdicts';

const evidence = (change: Partial<Evidence>): Evidence => ({ outcome: 'exited', stderr: '', serial: '', seconds: 1.234, ...change });

test.each([
  ['proved', { outcome: 'ok' }, ''],
  ['internalError', { outcome: 'internal-error', stderr: 'KVM internal error. Suberror: 1' }, ''],
  ['internalError', { outcome: 'exited', stderr: 'KVM internal error. Suberror: 1' }, ''],
  ['noProgress', { outcome: 'timeout' }, ''],
  ['stuck', { outcome: 'timeout', serial: 'Probing EDD (edd=off to disable)... ' }, ''],
  ['busy', { stderr: 'ioctl(KVM_CREATE_VM) failed: 16 Device or resource busy' }, ''],
  ['busyBy', { stderr: 'ioctl(KVM_CREATE_VM) failed: 16 Device or resource busy' }, 'VirtualBox'],
  ['refused', { stderr: "kvm_buf_set_msrs: Assertion `ret == cpu->kvm_msr_buf->nmsrs' failed." }, ''],
  ['spawnFailed', { outcome: 'spawn-failed', stderr: 'spawn EACCES' }, ''],
] as const)('%s', (key, change, holder) => {
  const reason = explain('kvm', evidence(change), holder);
  expect(reason.key).toBe(key);
  expect(en.accelerator.reason).toHaveProperty(key);
});

test('software emulation says that it is slow, not that it was proved', () => {
  expect(explain('tcg', evidence({ outcome: 'ok' }), '')).toEqual({ key: 'software', params: { seconds: 1.2 } });
});

test('each system has its own accelerator, and software emulation after it', () => {
  expect(acceleratorsOf('linux')).toEqual(['kvm', 'tcg']);
  expect(acceleratorsOf('darwin')).toEqual(['hvf', 'tcg']);
  expect(acceleratorsOf('win32')).toEqual(['whpx', 'tcg']);
  expect(acceleratorsOf('freebsd')).toEqual(['tcg']);
});

test('the first that works is taken; one that the user set only if it works', () => {
  const verdict = (name: AcceleratorVerdict['name'], works: boolean): AcceleratorVerdict => ({
    name,
    works,
    reason: { key: '', params: {} },
    seconds: 0,
    remembered: false,
  });
  const verdicts = [verdict('kvm', false), verdict('tcg', true)];
  expect(choose('auto', verdicts)?.name).toBe('tcg');
  expect(choose('kvm', verdicts)).toBeUndefined();
  expect(choose('auto', [verdict('kvm', true), verdict('tcg', true)])?.name).toBe('kvm');
  expect(choose('tcg', [verdict('kvm', true), verdict('tcg', true)])?.name).toBe('tcg');
});

test('a verdict belongs to a QEMU, a guest, a kernel and a device', () => {
  const facts = { bundle: 'b1', guest: 'g1', kernel: '6.1', device: '660:0:108' };
  const keys = [
    facts,
    { ...facts, bundle: 'b2' },
    { ...facts, guest: 'g2' },
    { ...facts, kernel: '6.2' },
    { ...facts, device: '600:0:0' },
  ].map(verdictKey);
  expect(new Set(keys).size).toBe(5);
});
