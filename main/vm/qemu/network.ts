// Which network lies below the guest's card: QEMU's own, or passt where containers may not reach everything of this computer.
// Where passt cannot be had the VM starts with QEMU's own, and says so. Knows nothing of the list of ports: those are ways of main/host-access.
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostAccess } from '../../../preload/contract';
import { asError, sleep } from '../../lib/async';
import { GUEST } from '../../lib/guest-network';
import type { HomeFiles } from '../../lib/home';
import type { Logger } from '../../lib/logger';
import { isSameProcess } from '../../lib/process';
import type { Doors } from './args';
import { forQemu } from './files';
import { freePort } from './launch';
import { createPasst, portTaken } from './passt';
import type { QmpEvent } from './qmp';
import type { VmState } from './state-file';

type StateNetwork = VmState['network'];

export interface Below {
  readonly network: StateNetwork;
  readonly doors: Doors;
  /** passt's. */
  readonly networkSocket?: string;
  /** Lines for the guest's `config`. */
  readonly guestConfig: string;
}

export interface Network {
  start(hostAccess: HostAccess): Promise<Below>;
  /** QEMU runs and is connected to it; an adopted one may have lost it. */
  attached(state: VmState): Promise<void>;
  onEvent(event: QmpEvent, state: VmState): void;
  /** After a start that failed; what runs ends with QEMU. */
  end(): Promise<void>;
}

const PORT_ATTEMPTS = 4;
const RESTARTS = 10;
const RESTART_LOOK_MS = 1000;

export function openNetwork({
  files,
  command,
  log,
}: {
  readonly files: HomeFiles;
  readonly command: string;
  readonly log: Logger;
}): Network {
  const socket = forQemu(files, join(files.run.folder, 'net.sock'));
  const passt = createPasst({
    command,
    home: files.root,
    socket,
    pidFile: forQemu(files, join(files.run.folder, 'net.pid')),
    logFile: forQemu(files, join(files.logs.folder, 'network.log')),
    stateFolder: files.state.folder,
  });

  let starting: Promise<void> | undefined;

  /** A passt that somebody connects to before QEMU does dies of it, and our own connections are redialled meanwhile, though less and less often. */
  const untilItStays = async (state: VmState): Promise<void> => {
    for (let tries = 1; tries <= RESTARTS; tries += 1) {
      await passt.start(state).catch((error: unknown) => log.warn('passt does not start', { error }));
      await sleep(RESTART_LOOK_MS);
      if (!(await isSameProcess(state))) {
        return passt.end();
      }
      if (await passt.alive()) {
        return passt.handedOver();
      }
    }
    throw new Error('passt ends again and again');
  };

  /** Never rejects: a VM without its network can still be ended in order. */
  const startAgain = (state: VmState): Promise<void> => {
    log.warn('passt ended under the VM; it is started again');
    starting ??= untilItStays(state)
      .catch((error: unknown) => log.error('the VM has no network', { error }))
      .finally(() => (starting = undefined));
    return starting;
  };

  const fallBack = (doors: Doors, reason: 'system' | 'missing' | 'failed', detail: string): Below => {
    log.warn('what containers reach of this computer is not limited', { reason, detail });
    return { network: { backend: 'user', notEnforced: { reason, detail } }, doors, guestConfig: '' };
  };

  return {
    async start(hostAccess) {
      let doors = await freeDoors();
      if (hostAccess === 'all') {
        return { network: { backend: 'user' }, doors, guestConfig: '' };
      }
      const unable = await whyNoPasst(command);
      if (unable !== undefined) {
        return fallBack(doors, unable.reason, unable.detail);
      }
      for (let attempt = 1; ; attempt += 1, doors = await freeDoors()) {
        try {
          await passt.start(doors);
          const guestConfig = `host-address ${GUEST.ways}\n`;
          return { network: { backend: 'passt' }, doors, networkSocket: socket, guestConfig };
        } catch (error) {
          if (!portTaken(error) || attempt === PORT_ATTEMPTS) {
            return fallBack(doors, 'failed', asError(error).message);
          }
        }
      }
    },
    async attached(state) {
      if (state.network.backend !== 'passt') {
        return;
      }
      await ((await passt.alive()) ? passt.handedOver() : startAgain(state));
    },
    onEvent({ event }, state) {
      if (event === 'NETDEV_STREAM_DISCONNECTED' && state.network.backend === 'passt') {
        void startAgain(state);
      }
    },
    end: () => passt.end(),
  };
}

async function freeDoors(): Promise<Doors> {
  const [sshPort, relayPort] = await Promise.all([freePort(), freePort()]);
  return { sshPort, relayPort };
}

/** Before a start, for whoever sets it. Whether it starts is known when it did. */
export async function whyNoPasst(command: string): Promise<{ readonly reason: 'system' | 'missing'; readonly detail: string } | undefined> {
  if (process.platform !== 'linux') {
    return { reason: 'system', detail: process.platform };
  }
  return access(command).then(
    () => undefined,
    () => ({ reason: 'missing' as const, detail: command }),
  );
}
