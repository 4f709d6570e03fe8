// The VM as it comes up: its timeline, its engine on the host's socket, its agent, its clock.
import { readFile, stat } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { bootPhases } from '../../preload/contract';
import { engineGet } from './open-vm';
import { useVm } from './harness';

const box = useVm();

describe('a VM that was booted and taken over', () => {
  test('is running because the engine answers on the host’s socket', async () => {
    const { vm, files } = box();
    const status = vm.status.get();
    expect(status.state).toBe('running');
    expect(status.engine?.version).toMatch(/^\d+\./);
    expect(await engineGet(files.run.docker, '/_ping')).toEqual({ status: 200, body: 'OK' });
  });

  test('keeps the timeline of the cold boot: every phase ended, in time, and the time to _ping', () => {
    const cold = box()
      .vm.boots()
      .find(({ kind }) => kind === 'cold');
    // The saved memory is a resume's.
    expect(cold?.phases.map(({ name }) => name).sort()).toEqual(bootPhases.filter((name) => name !== 'memory').sort());
    for (const { startedAt, endedAt, deadline } of cold?.phases ?? []) {
      expect(endedAt).toBeGreaterThanOrEqual(startedAt);
      expect((endedAt ?? Infinity) - startedAt).toBeLessThan(deadline);
    }
    const ping = cold?.phases.find(({ name }) => name === 'ping');
    expect(cold?.seconds).toBe(ping?.endedAt);
    expect(box().vm.boots()[0]?.kind).toBe('adopt');
  });

  test('says which accelerator it uses and why the better one does not work', async () => {
    const { accelerators, cpus, memoryBytes } = await box().vm.limits();
    expect(accelerators.map(({ name }) => name)).toEqual(['kvm', 'hvf', 'whpx', 'tcg']);
    const used = box().vm.status.get().accelerator;
    expect(accelerators.find(({ name }) => name === used?.name)?.works).toBe(true);
    expect(accelerators.find(({ name }) => name === 'tcg')).toMatchObject({ works: true, remembered: true });
    expect(cpus.default).toBeLessThanOrEqual(cpus.max);
    expect(memoryBytes.min).toBeLessThan(memoryBytes.max);
  });

  test('answers the agent’s questions', async () => {
    const memory = await box().agent('memory', {});
    expect(memory.availableBytes).toBeLessThan(memory.totalBytes);
    expect(memory.totalBytes).toBeLessThanOrEqual(box().vm.status.get().memoryBytes);
    const disk = await box().agent('disk', {});
    expect(disk.totalBytes).toBeGreaterThan(50 * 2 ** 30);
    const { services } = await box().agent('status', {});
    expect(services.map(({ name }) => name).sort()).toEqual(['containerd', 'dns', 'dockerd', 'sshd']);
  });

  test('has the host’s clock', async () => {
    const { driftMs } = await box().agent('clock', { epochMs: Date.now() });
    expect(Math.abs(driftMs)).toBeLessThan(1000);
  });

  test('runs commands by their argv, whatever is in it', async () => {
    const argv = ['printf', '%s|', "it's", '$HOME', 'a b', '-n', '"', '中文', ''];
    expect(await box().exec(argv)).toEqual({ stdout: 'it\'s|$HOME|a b|-n|"|中文||', stderr: '', code: 0 });
    expect(await box().exec('echo err >&2; exit 3')).toEqual({ stdout: '', stderr: 'err\n', code: 3 });
  });

  test('keeps everything private: files 0600, folders 0700, sockets 0600', async () => {
    const { files } = box();
    const modes = async (paths: readonly string[]): Promise<string[]> =>
      Promise.all(paths.map(async (path) => ((await stat(path)).mode & 0o777).toString(8)));
    expect(await modes([files.run.folder, files.keys.folder, files.disks.folder, files.logs.folder, files.state.folder])).toEqual(
      Array(5).fill('700'),
    );
    const each = [
      files.run.qmp,
      files.run.agent,
      files.run.docker,
      files.keys.client,
      files.keys.host,
      files.disks.data,
      files.logs.serial,
      files.logs.guest,
      files.state.vm,
    ];
    expect(await modes(each)).toEqual(each.map(() => '600'));
  });

  test('shows no secret on QEMU’s command line', async () => {
    const { vm, files } = box();
    const line = await readFile(`/proc/${vm.status.get().pid}/cmdline`, 'utf8');
    const secret = (await readFile(files.keys.host, 'utf8')).split('\n')[2] ?? '';
    expect(secret.length).toBeGreaterThan(20);
    expect(line).not.toContain(secret);
    expect(line).toContain('127.0.0.1:');
    expect(line).not.toContain('tcp::');
  });
});
