// What the guest is told through fw_cfg before it boots, as text. Pure.
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
  return {
    config: `${lines.join('\n')}\n`,
    authorizedKey: `${keys.client.publicKey}\n`,
    hostKey: keys.host.privateKey,
    daemonJson: given.daemonJson ?? defaultDaemonJson(),
    authorities: given.authorities ?? '',
    registryCertificates: given.registryCertificates ?? '',
  };
}

export const probeConfig = 'mode probe\n';

/**
 * live-restore: containers outlive a dockerd that is restarted or dies. shutdown-timeout, in seconds: dockerd's own 15 run out while containers
 * still have their 10 s of grace on a slow machine, and it then leaves them recorded as lost (exit 255); the guest waits 60 for dockerd.
 */
export function defaultDaemonJson(): string {
  return `${JSON.stringify({ 'live-restore': true, 'shutdown-timeout': 50 })}\n`;
}
