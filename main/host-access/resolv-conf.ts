// This computer's DNS servers, as resolv.conf names them, followed by event; and what the guest asks in their place.
// Knows the file's syntax and the two networks below a guest; asks nobody anything.
import { readFile, realpath } from 'node:fs/promises';
import { isIPv4, isIPv6 } from 'node:net';
import { basename, dirname } from 'node:path';
import type { NetworkBackend } from '../../preload/contract';
import { GUEST } from '../lib/guest-network';
import { isLoopback } from '../lib/loopback';
import { watchNames } from '../lib/watch-names';

export const RESOLV_CONF = '/etc/resolv.conf';

/** glibc reads three. */
const MAX_SERVERS = 3;
/** A file is written in more steps than one. */
const SETTLE_MS = 100;

export function parseServers(text: string): string[] {
  const servers = text
    .split('\n')
    .map((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1])
    .filter((address): address is string => address !== undefined && (isIPv4(address) || isIPv6(address)));
  return [...new Set(servers)].slice(0, MAX_SERVERS);
}

/** No file = no servers. */
export async function readServers(path: string = RESOLV_CONF): Promise<string[]> {
  return parseServers(await readFile(path, 'utf8').catch(() => ''));
}

/**
 * QEMU's network passes 10.0.2.3 and fec0::3 on to the first server of each kind, read anew within a second, so it follows even while no backend runs.
 * passt knows the servers of its start only, so there the two stand for a resolver on the loopback alone, which follows by itself.
 */
export function guestServers(servers: readonly string[], backend: NetworkBackend): string[] {
  const stands = (address: string): boolean =>
    backend === 'user' ? servers.find((other) => isIPv4(other) === isIPv4(address)) === address : isLoopback(address);
  const asked = servers.flatMap((address) => {
    if (stands(address)) {
      return [isIPv4(address) ? GUEST.dns : GUEST.dns6];
    }
    // What is behind this computer's own loopback or link cannot be reached from the guest.
    return isLoopback(address) || /^fe80:/i.test(address) ? [] : [address];
  });
  return asked.length > 0 ? [...new Set(asked)] : [GUEST.dns];
}

/** Follows the file and what it links to. Calls back after each change; returns the way to stop. */
export function watchServers(path: string, onChange: () => void): () => void {
  /** By folder. One that cannot be watched is tried again with the next change; until then the servers stay. */
  const stops = new Map<string, () => void>();
  let target = path;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const changed = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      void follow();
      onChange();
    }, SETTLE_MS);
  };
  const isOne = (name: string): boolean => name === basename(path) || name === basename(target);
  // Folders and not files: a file that is replaced is another file.
  const follow = async (): Promise<void> => {
    target = await realpath(path).catch(() => path);
    if (stopped) {
      return;
    }
    const folders = new Set([path, target].map((file) => dirname(file)));
    for (const [folder, stop] of stops) {
      if (!folders.has(folder)) {
        stop();
        stops.delete(folder);
      }
    }
    for (const folder of folders) {
      const stop = stops.get(folder) ?? watchNames(folder, isOne, changed);
      if (stop !== undefined) {
        stops.set(folder, stop);
      }
    }
  };
  void follow();
  return () => {
    stopped = true;
    clearTimeout(timer);
    stops.forEach((stop) => stop());
  };
}
