// The driver's files by two names: absolute for this process, relative to the home for QEMU, which runs there.
import { isAbsolute, join, relative } from 'node:path';
import type { HomeFiles } from '../../lib/home';
import type { Resources } from '../resources';

/** As QEMU sees it: inside the home relative, elsewhere absolute. */
export function forQemu(files: HomeFiles, path: string): string {
  const inHome = relative(files.root, path);
  return inHome.startsWith('..') || isAbsolute(inHome) ? path : inHome;
}

export const fwCfgNames = ['config', 'authorized-key', 'host-key', 'daemon.json', 'ca.pem', 'certs.d', 'shares'] as const;
export type FwCfgName = (typeof fwCfgNames)[number];

/** Files and not text on the command line: a command line is for everyone on the machine to read, and the host key is a secret. */
export function fwCfgFile(files: HomeFiles, name: FwCfgName): string {
  return join(files.state.folder, 'guest', name);
}

export function qemuBinary(resources: Resources, arch: string): string {
  return join(resources.bundle, 'bin', `qemu-system-${arch}`);
}

export function kernelFiles(resources: Resources, arch: string): { readonly kernel: string; readonly initramfs: string } {
  return { kernel: join(resources.guest, arch === 'x86_64' ? 'vmlinux' : 'Image'), initramfs: join(resources.guest, 'initramfs.cpio') };
}

export function passtBinary(resources: Resources): string {
  return join(resources.bundle, 'bin', 'passt');
}

/** Saves the guest's memory, and puts it back. */
export function memoryProgram(resources: Resources): string {
  return join(resources.bundle, 'bin', 'memory-file');
}

/** The server of a share, and what stands between it and QEMU. */
export function shareBinaries(resources: Resources): { readonly command: string; readonly keeper: string } {
  return { command: join(resources.bundle, 'bin', 'virtiofsd'), keeper: join(resources.bundle, 'bin', 'share-keeper') };
}
