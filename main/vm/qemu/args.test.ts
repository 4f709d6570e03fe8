import { expect, test } from 'vitest';
import { hostileNames } from '../../../test/fakes/hostile-names';
import { homeFiles } from '../../lib/home';
import { escapeOption, probeArgs, vmArgs } from './args';
import type { VmArgs } from './args';
import { forQemu } from './files';

function argsIn(home: string, change: Partial<VmArgs> = {}): string[] {
  const files = homeFiles(home, `${home}/run`);
  return vmArgs({
    arch: 'x86_64',
    accelerator: 'tcg',
    cpus: 2,
    memoryBytes: 4 * 2 ** 30,
    kernel: '/cache/vmlinux',
    initramfs: '/cache/initramfs.cpio',
    cmdline: 'console=ttyS0 quiet',
    sandbox: true,
    qmpSocket: forQemu(files, files.run.qmp),
    agentSocket: forQemu(files, files.run.agent),
    serialLog: forQemu(files, files.logs.serial),
    guestLog: forQemu(files, files.logs.guest),
    systemImage: '/cache/system.erofs',
    dataDisk: forQemu(files, files.disks.data),
    fwCfg: [{ name: 'opt/berth/config', file: 'state/guest/config' }],
    sshPort: 40001,
    relayPort: 40002,
    sharing: false,
    shares: [],
    ...change,
  });
}

const after = (args: readonly string[], name: string): string[] =>
  args.flatMap((arg, index) => (arg === name ? [args[index + 1] ?? ''] : []));

test.each(hostileNames)('a home named %j does not change the command line at all', (name) => {
  expect(argsIn(`/home/${name}/berth`)).toEqual(argsIn('/home/plain/berth'));
});

test('a run folder outside the home is named whole, its commas doubled', () => {
  const files = homeFiles('/deep/home', '/tmp/a,b');
  expect(forQemu(files, files.run.qmp)).toBe('/tmp/a,b/qmp.sock');
  expect(after(argsIn('/x', { qmpSocket: '/tmp/a,b/qmp.sock' }), '-chardev')).toContain(
    'socket,id=qmp,path=/tmp/a,,b/qmp.sock,server=on,wait=off',
  );
  expect(escapeOption('a,,b')).toBe('a,,,,b');
});

test('a disk that is only to be read: the driver itself refuses writes, or takes them elsewhere', () => {
  const data = (change: Partial<VmArgs>): Record<string, unknown> => {
    const nodes = after(argsIn('/h', change), '-blockdev').map((text) => JSON.parse(text) as Record<string, unknown>);
    return nodes.find((node) => node['node-name'] === 'data') ?? {};
  };
  expect(data({})).toMatchObject({ driver: 'raw', 'read-only': false });
  expect(data({ dataAccess: 'readOnly' })).toMatchObject({ driver: 'raw', 'read-only': true, file: { 'read-only': true } });
  expect(data({ dataAccess: 'throwaway', scratch: 'disks/scratch' })).toMatchObject({
    driver: 'qcow2',
    file: { filename: 'disks/scratch' },
    backing: { driver: 'raw', 'read-only': true, file: { filename: 'disks/data.raw', 'read-only': true } },
  });
});

test('no door but the ones we use: no default device, monitor, screen, configuration or reboot', () => {
  const args = argsIn('/h');
  expect(args).toEqual(expect.arrayContaining(['-nodefaults', '-no-user-config', '-no-reboot', '-S']));
  expect(after(args, '-monitor')).toEqual(['none']);
  expect(after(args, '-display')).toEqual(['none']);
  expect(after(args, '-vga')).toEqual(['none']);
  expect(after(args, '-sandbox')).toEqual(['on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny']);
  expect(args).not.toContain('-gdb');
  expect(args).not.toContain('-vnc');
  expect(after(argsIn('/h', { sandbox: false }), '-sandbox')).toEqual([]);
});

test('every forward listens on 127.0.0.1', () => {
  const forwards = argsIn('/h').filter((arg) => arg.includes('hostfwd'));
  expect(forwards).toEqual(['user,id=net0,hostfwd=tcp:127.0.0.1:40001-:1022,hostfwd=tcp:127.0.0.1:40002-:1023']);
});

test('the disks: the system read-only, the data disk locked, trimmed, and halting the guest on an error', () => {
  const nodes = after(argsIn('/h'), '-blockdev').map((text) => JSON.parse(text) as Record<string, unknown>);
  const [system, data] = nodes;
  expect(system).toMatchObject({ 'node-name': 'system', 'read-only': true, file: { filename: '/cache/system.erofs', 'read-only': true } });
  expect(data).toMatchObject({
    'node-name': 'data',
    'read-only': false,
    discard: 'unmap',
    'detect-zeroes': 'unmap',
    file: { filename: 'disks/data.raw', locking: 'on', discard: 'unmap' },
  });
  const devices = after(argsIn('/h'), '-device').map((text) => JSON.parse(text) as Record<string, unknown>);
  expect(devices).toContainEqual(expect.objectContaining({ drive: 'data', serial: 'berth-data', werror: 'stop', rerror: 'stop' }));
  expect(devices).toContainEqual(expect.objectContaining({ drive: 'system', serial: 'berth-system' }));
  expect(devices).toContainEqual(expect.objectContaining({ driver: 'virtio-balloon-pci', 'free-page-reporting': true }));
  expect(devices.filter(({ driver }) => driver === 'virtserialport').map(({ name }) => name)).toEqual(['berth.agent', 'berth.log']);
});

test.each([
  ['tcg', 'tcg,thread=multi', 'max'],
  ['kvm', 'kvm', 'host'],
  ['hvf', 'hvf', 'host'],
  ['whpx', 'whpx', 'host'],
] as const)('accelerator %s', (accelerator, accel, cpu) => {
  const args = argsIn('/h', { accelerator });
  expect(after(args, '-accel')).toEqual([accel]);
  expect(after(args, '-cpu')).toEqual([cpu]);
});

test('arm64 is another machine', () => {
  expect(after(argsIn('/h', { arch: 'aarch64', accelerator: 'hvf' }), '-machine')).toEqual(['virt,gic-version=max']);
});

test('a probe has no disk and no network, and its console is our pipe', () => {
  const args = probeArgs({
    arch: 'x86_64',
    accelerator: 'kvm',
    cpus: 1,
    memoryBytes: 2 ** 28,
    kernel: '/k',
    initramfs: '/i',
    cmdline: '',
    sandbox: true,
    qmpSocket: 'run/q.sock',
    fwCfg: [],
  });
  expect(args.some((arg) => ['-blockdev', '-netdev', '-S'].includes(arg))).toBe(false);
  expect(after(args, '-chardev')).toContain('stdio,id=serial,signal=off');
  expect(after(args, '-m')).toEqual(['size=256M']);
});

test('shares: memory that their servers can map, eight reserved ports, and each device in one of them', () => {
  const args = argsIn('/h', { sharing: true, shares: [{ tag: 'a1', slot: 3, socket: 'run/fs,a1.sock' }] });
  expect(after(args, '-machine')).toEqual(['q35,vmport=off,usb=off,memory-backend=memory']);
  expect(after(args, '-object').map((text) => JSON.parse(text) as unknown)).toContainEqual({
    'qom-type': 'memory-backend-file',
    'mem-path': '/proc/self/fd/61',
    id: 'memory',
    size: 4 * 2 ** 30,
    share: true,
  });
  const devices = after(args, '-device').map((text) => JSON.parse(text) as Record<string, unknown>);
  expect(devices.filter(({ driver }) => driver === 'pcie-root-port').map(({ id }) => id)).toEqual(
    Array.from({ length: 8 }, (_, slot) => `slot${slot}`),
  );
  expect(devices).toContainEqual(expect.objectContaining({ driver: 'vhost-user-fs-pci', tag: 'a1', bus: 'slot3', chardev: 'share-a1' }));
  expect(after(args, '-chardev')).toContain('socket,id=share-a1,path=run/fs,,a1.sock');
  expect(argsIn('/h').some((arg) => /memory-backend|root-port/.test(arg))).toBe(false);
});
