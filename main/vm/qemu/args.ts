// QEMU's command line as a pure function: what is asked for in, argv out. Knows files by name only and starts nothing.
// Paths of the home are relative to it (QEMU runs there), so no name of a home can split an option; what stays outside is JSON or escaped.
import type { AcceleratorName } from '../../../preload/contract';
import { GUEST } from '../../lib/guest-network';
import type { DataAccess } from '../driver';
import { MEMORY_PATH } from './memory';

/** Ports of 127.0.0.1 that lead into the guest. */
export interface Doors {
  readonly sshPort: number;
  /** Missing in a VM that an earlier Berth started. */
  readonly relayPort?: number | undefined;
}

/** Each as [on the host, in the guest]. */
export function doorsOf({ sshPort, relayPort }: Doors): readonly (readonly [number, number])[] {
  return [[sshPort, GUEST.sshPort], ...(relayPort === undefined ? [] : [[relayPort, GUEST.relayPort] as const])];
}

export type Arch = 'x86_64' | 'aarch64';

export interface MachineSpec {
  readonly arch: Arch;
  readonly accelerator: AcceleratorName;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly initramfs: string;
  readonly cmdline: string;
  /** False where the host forbids seccomp filters. */
  readonly sandbox: boolean;
  readonly qmpSocket: string;
  /** fw_cfg entries: name -> file or literal text. */
  readonly fwCfg: readonly { readonly name: string; readonly file: string }[];
}

/** A share's device: which reserved port it sits in, and the socket of its server. */
export interface ShareArgs {
  readonly tag: string;
  readonly slot: number;
  readonly socket: string;
}

/** Ports that a share's device can be plugged into while the guest runs: a PCI Express slot must be there at boot. */
export const SHARE_SLOTS = 8;

export interface VmArgs extends MachineSpec, Doors {
  readonly serialLog: string;
  readonly guestLog: string;
  readonly agentSocket: string;
  readonly systemImage: string;
  readonly dataDisk: string;
  /** Missing = writable. */
  readonly dataAccess?: DataAccess;
  /** Where the guest's writes go under `throwaway`: an empty qcow2 image of the disk's size. */
  readonly scratch?: string;
  /** passt's socket; without it the network is QEMU's own. */
  readonly networkSocket?: string | undefined;
  /** Memory that a share's server can map, and slots for the devices; where the host has such files. */
  readonly sharing: boolean;
  readonly shares: readonly ShareArgs[];
  /** Waits for QMP's `migrate-incoming`: the guest's memory was saved. */
  readonly incoming?: boolean;
}

/** The whole machine, halted until QMP's `cont`. */
export function vmArgs(spec: VmArgs): string[] {
  return [
    ...machine(spec, spec.sharing),
    '-S',
    ...(spec.incoming === true ? ['-incoming', 'defer'] : []),
    ...['-chardev', `file,id=serial,path=${escapeOption(spec.serialLog)},append=on`, '-serial', 'chardev:serial'],
    ...['-chardev', `file,id=guestlog,path=${escapeOption(spec.guestLog)},append=on`],
    ...['-chardev', `socket,id=agent,path=${escapeOption(spec.agentSocket)},server=on,wait=off`],
    ...disk({ id: 'system', filename: spec.systemImage, readOnly: true }),
    ...dataDisk(spec),
    ...network(spec),
    ...device({ driver: 'virtio-net-pci', netdev: 'net0', romfile: '' }),
    ...device({ driver: 'virtio-serial-pci', id: 'ports' }),
    ...device({ driver: 'virtserialport', bus: 'ports.0', nr: 1, chardev: 'agent', name: 'berth.agent' }),
    ...device({ driver: 'virtserialport', bus: 'ports.0', nr: 2, chardev: 'guestlog', name: 'berth.log' }),
    ...device({ driver: 'virtio-balloon-pci', 'free-page-reporting': true, 'deflate-on-oom': true }),
    ...['-object', JSON.stringify({ 'qom-type': 'rng-builtin', id: 'rng0' })],
    ...device({ driver: 'virtio-rng-pci', rng: 'rng0' }),
    ...(spec.sharing ? slots() : []),
    ...spec.shares.flatMap((share) => [
      ...['-chardev', `socket,id=${shareId(share.tag)},path=${escapeOption(share.socket)}`],
      ...device(shareDevice(share)),
    ]),
  ];
}

function network({ networkSocket, ...doors }: VmArgs): string[] {
  if (networkSocket === undefined) {
    return ['-netdev', ['user,id=net0', ...doorsOf(doors).map(([host, guest]) => `hostfwd=tcp:127.0.0.1:${host}-:${guest}`)].join(',')];
  }
  // Dialled again, because passt can be started anew under a guest that runs.
  return ['-netdev', `stream,id=net0,server=off,addr.type=unix,addr.path=${escapeOption(networkSocket)},reconnect-ms=200`];
}

/** The smallest machine that can prove an accelerator: no disk, no network, console on stdout. */
export function probeArgs(spec: MachineSpec): string[] {
  return [...machine(spec), '-chardev', 'stdio,id=serial,signal=off', '-serial', 'chardev:serial'];
}

/** Of a share's chardev and device alike; the same on the command line and over QMP. */
export function shareId(tag: string): string {
  return `share-${tag}`;
}

export function shareDevice({ tag, slot }: Pick<ShareArgs, 'tag' | 'slot'>): Readonly<Record<string, unknown>> {
  return { driver: 'vhost-user-fs-pci', id: shareId(tag), chardev: shareId(tag), tag, bus: `slot${slot}`, 'queue-size': 1024 };
}

function slots(): string[] {
  return Array.from({ length: SHARE_SLOTS }, (_, slot) =>
    // No I/O ports: virtio needs none, and a bridge would claim 4 KiB of them each.
    device({ driver: 'pcie-root-port', id: `slot${slot}`, chassis: slot + 1, slot, 'io-reserve': 0 }),
  ).flat();
}

function machine(spec: MachineSpec, sharing = false): string[] {
  const megabytes = Math.floor(spec.memoryBytes / 2 ** 20);
  const memory = { 'qom-type': 'memory-backend-file', id: 'memory', size: megabytes * 2 ** 20, 'mem-path': MEMORY_PATH, share: true };
  return [
    ...['-name', 'berth,process=berth-vm', '-nodefaults', '-no-user-config', '-no-reboot'],
    ...(spec.sandbox ? ['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'] : []),
    ...(sharing ? ['-object', JSON.stringify(memory)] : []),
    ...[
      '-machine',
      `${spec.arch === 'x86_64' ? 'q35,vmport=off,usb=off' : 'virt,gic-version=max'}${sharing ? ',memory-backend=memory' : ''}`,
    ],
    ...['-accel', spec.accelerator === 'tcg' ? 'tcg,thread=multi' : spec.accelerator],
    // TCG has no host CPU to pass on; the others have no reason to hide it.
    ...['-cpu', spec.accelerator === 'tcg' ? 'max' : 'host'],
    ...['-smp', `cpus=${spec.cpus}`, '-m', `size=${megabytes}M`],
    ...['-display', 'none', '-vga', 'none', '-monitor', 'none', '-parallel', 'none'],
    ...['-chardev', `socket,id=qmp,path=${escapeOption(spec.qmpSocket)},server=on,wait=off`, '-mon', 'chardev=qmp,mode=control'],
    ...['-kernel', spec.kernel, '-initrd', spec.initramfs, '-append', spec.cmdline],
    ...spec.fwCfg.flatMap(({ name, file }) => ['-fw_cfg', `name=${name},file=${escapeOption(file)}`]),
  ];
}

function dataDisk({ dataDisk: filename, dataAccess, scratch }: VmArgs): string[] {
  if (dataAccess !== 'throwaway') {
    return disk({ id: 'data', filename, readOnly: dataAccess === 'readOnly' });
  }
  const below = { driver: 'raw', 'read-only': true, file: { driver: 'file', filename, 'read-only': true, locking: 'on' } };
  const node = { driver: 'qcow2', 'node-name': 'data', discard: 'unmap', file: { driver: 'file', filename: scratch }, backing: below };
  return ['-blockdev', JSON.stringify(node), ...diskDevice('data', { werror: 'report', rerror: 'report' })];
}

function disk(spec: { readonly id: string; readonly filename: string; readonly readOnly: boolean }): string[] {
  const space = spec.readOnly ? {} : { discard: 'unmap', 'detect-zeroes': 'unmap' };
  const node = {
    driver: 'raw',
    'node-name': spec.id,
    'read-only': spec.readOnly,
    ...space,
    // The image lock is the truth about who uses the disk; flushes of the guest reach the host's disk.
    file: {
      driver: 'file',
      filename: spec.filename,
      'read-only': spec.readOnly,
      locking: 'on',
      ...(spec.readOnly ? {} : { discard: 'unmap' }),
    },
    cache: { direct: false, 'no-flush': false },
  };
  // An error of the host's disk halts the guest instead of reaching its file system, which would go read-only.
  const policy = spec.readOnly ? { rerror: 'stop' } : { werror: 'stop', rerror: 'stop' };
  return ['-blockdev', JSON.stringify(node), ...diskDevice(spec.id, policy)];
}

function diskDevice(id: string, policy: Readonly<Record<string, string>>): string[] {
  return device({ driver: 'virtio-blk-pci', id: `disk-${id}`, drive: id, serial: `berth-${id}`, ...policy });
}

function device(properties: Readonly<Record<string, unknown>>): string[] {
  return ['-device', JSON.stringify(properties)];
}

/** In QEMU's own option syntax a comma ends a value, and two stand for one. */
export function escapeOption(value: string): string {
  return value.replaceAll(',', ',,');
}
