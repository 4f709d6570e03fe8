// The share devices of one VM that runs: which reserved port holds which, plugged in and out over QMP. Knows no guest.
import { BerthError } from '../../../preload/contract/errors';
import { asError, deferred, settledWithin } from '../../lib/async';
import type { Deferred } from '../../lib/async';
import type { Logger } from '../../lib/logger';
import type { ShareDevice, ShareSpec } from '../driver';
import { SHARE_SLOTS, shareDevice, shareId } from './args';
import type { Qmp, QmpEvent } from './qmp';
import type { ShareServer, ShareServers } from './virtiofsd';

export interface ShareDevices {
  list(): readonly ShareDevice[];
  /** Which port holds which: what the guest must find again. */
  plugged(): PluggedShare[];
  add(spec: ShareSpec): Promise<ShareDevice>;
  onEvent(event: QmpEvent): void;
}

export interface PluggedShare extends ShareSpec {
  readonly slot: number;
}

export interface ShareDevicesDeps {
  readonly servers: ShareServers;
  readonly present: readonly ShareServer[];
  /** Ports whose device has lost its server's keeper too: the guest cannot let go of it before its next boot. */
  readonly lostSlots: readonly number[];
  readonly sharing: boolean;
  readonly log: Logger;
  qmp(): Qmp;
}

/** The guest answers an unplug within a second; one that is busy is asked again. */
const UNPLUG_MS = 5000;
const UNPLUG_TRIES = 4;

export function createShareDevices({ servers, present, lostSlots, sharing, log, ...deps }: ShareDevicesDeps): ShareDevices {
  const devices = new Map<ShareDevice, PluggedShare>();
  const taken = new Set<number>(lostSlots);
  const unplugging = new Map<string, Deferred<void>>();

  const unplug = async (tag: string): Promise<void> => {
    const id = shareId(tag);
    const unplugged = deferred<void>();
    unplugging.set(id, unplugged);
    try {
      for (let attempt = 0; attempt < UNPLUG_TRIES; attempt += 1) {
        await deps
          .qmp()
          .execute('device_del', { id })
          .catch((error: unknown) => {
            // Asked before, and still under way.
            log.debug('device_del', { id, error: asError(error).message });
          });
        if (await settledWithin(unplugged.promise, UNPLUG_MS)) {
          await deps.qmp().execute('chardev-remove', { id });
          return;
        }
      }
      throw new Error(`the guest does not let go of ${id}`);
    } finally {
      unplugging.delete(id);
    }
  };

  const take = (server: ShareServer): ShareDevice => {
    taken.add(server.slot);
    const device: ShareDevice = {
      spec: server.spec,
      gone: server.gone,
      answers: () => server.answers(),
      openFiles: () => server.openFiles(),
      async remove() {
        devices.delete(device);
        // With nobody to answer, the guest's driver would wait for ever for what is under way, and hold up every other share: the device stays.
        if (await server.answers()) {
          await unplug(server.spec.tag);
          taken.delete(server.slot);
          await server.stop();
        }
      },
    };
    devices.set(device, { ...server.spec, slot: server.slot });
    return device;
  };
  present.forEach(take);

  return {
    list: () => [...devices.keys()],
    plugged: () => [...devices.values()],
    async add(spec) {
      const slot = Array.from({ length: sharing ? SHARE_SLOTS : 0 }, (_, index) => index).find((index) => !taken.has(index));
      if (slot === undefined) {
        throw new BerthError('shares.noSlot', { path: spec.folder });
      }
      taken.add(slot);
      const id = shareId(spec.tag);
      let server: ShareServer | undefined;
      try {
        server = await servers.start(spec, slot);
        const addr = { type: 'unix', data: { path: server.socket } };
        await deps.qmp().execute('chardev-add', { id, backend: { type: 'socket', data: { addr, server: false } } });
        try {
          await deps.qmp().execute('device_add', { ...shareDevice({ tag: spec.tag, slot }) });
        } catch (error) {
          await deps.qmp().execute('chardev-remove', { id });
          throw error;
        }
        return take(server);
      } catch (error) {
        taken.delete(slot);
        await server?.stop();
        throw error instanceof BerthError
          ? error
          : new BerthError('shares.mountFailed', { path: spec.folder, detail: asError(error).message });
      }
    },
    onEvent({ event, data }) {
      if (event === 'DEVICE_DELETED' && typeof data['device'] === 'string') {
        unplugging.get(data['device'])?.resolve();
      }
    },
  };
}
