// QEMU's own listeners on the host (its user network's hostfwd), added and taken away at run time: TCP over IPv4, to a port of the guest.
// QEMU says no reason for a refusal, and nothing at all of what goes through.
import { isIPv4 } from 'node:net';
import type { HostForward, HostForwardSpec } from '../driver';
import type { Qmp } from './qmp';

export interface HostForwardsDeps {
  qmp(): Qmp;
  /** Resolves when QEMU is gone. */
  readonly exited: Promise<unknown>;
  /** Those of QEMU's command line, which stay. */
  readonly doors: readonly number[];
}

export interface HostForwards {
  add(spec: HostForwardSpec): Promise<HostForward>;
  /** Takes away what an earlier backend left. */
  clear(): Promise<void>;
}

/** Of qemu/args.ts. */
const NETDEV = 'net0';

export function createHostForwards(deps: HostForwardsDeps): HostForwards {
  const { exited, doors } = deps;
  /** The human monitor's words; empty = done. */
  const monitor = async (line: string): Promise<string> => {
    const words = await deps.qmp().execute('human-monitor-command', { 'command-line': line });
    return typeof words === 'string' ? words.trim() : '';
  };
  const remove = (address: string, port: number): Promise<string> => monitor(`hostfwd_remove ${NETDEV} tcp:${address}:${port}`);

  return {
    async add({ address, port, guestPort }) {
      if (!isIPv4(address)) {
        throw new Error(`${address} is no IPv4 address`);
      }
      const words = await monitor(`hostfwd_add ${NETDEV} tcp:${address}:${port}-:${guestPort}`);
      if (words !== '') {
        throw new Error(words);
      }
      let wanted = true;
      let tellGone: () => void = () => undefined;
      const gone = new Promise<void>((resolve) => (tellGone = resolve));
      void exited.then(() => wanted && tellGone());
      return {
        gone,
        async remove() {
          wanted = false;
          // Where QEMU is gone its listeners are too.
          await Promise.race([remove(address, port).catch(() => undefined), exited]);
        },
      };
    },
    async clear() {
      for (const [, address = '', port = ''] of (await monitor('info usernet')).matchAll(
        /^\s*TCP\[HOST_FORWARD\]\s+\d+\s+(\S+)\s+(\d+)\s/gm,
      )) {
        if (!doors.includes(Number(port))) {
          await remove(address, Number(port));
        }
      }
    },
  };
}
