// What the guest is told through fw_cfg before it boots, as text. Pure.
import { defaultDaemonDocument } from '../../preload/contract';
import type { DataDisk } from './disk';
import type { GuestConfig } from './driver';
import type { Keys } from './keys';
import type { GuestFiles } from './vm';

const HOSTNAME = 'berth';

export function guestConfig(keys: Keys, disk: DataDisk, now: number, given: Partial<GuestFiles> = {}): GuestConfig {
  const lines = ['mode normal', `data-uuid ${disk.uuid}`, `epoch-ms ${Math.round(now)}`, `hostname ${HOSTNAME}`];
  if (disk.formatOrder) {
    lines.push(`data-format ${disk.uuid}`);
  }
  if (given.iptablesFront === false) {
    lines.push('iptables-front off');
  }
  return {
    config: `${lines.join('\n')}\n`,
    authorizedKey: `${keys.client.publicKey}\n`,
    hostKey: keys.host.privateKey,
    daemonJson: given.daemonJson ?? JSON.stringify(defaultDaemonDocument),
    authorities: given.authorities ?? '',
    registryCertificates: given.registryCertificates ?? '',
    shares: given.shares ?? '',
  };
}

/** A guest that leaves the data disk alone and starts no engine. */
export function repairConfig(keys: Keys, now: number, daemonJson: string): GuestConfig {
  return {
    ...guestConfig(keys, { uuid: '', formatOrder: false }, now, { daemonJson }),
    config: ['mode repair', `epoch-ms ${Math.round(now)}`, `hostname ${HOSTNAME}`, ''].join('\n'),
  };
}

export const probeConfig = 'mode probe\n';
