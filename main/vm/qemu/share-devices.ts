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
  /** Without those that somebody has removed. */
  list(): readonly ShareDevice[];
  /**
   * Which port holds which, by QEMU's own word: a QEMU that has others, be it one that the guest was only asked to let go of, refuses what was saved.
   * Rejects where nobody serves one, which then could not be given back.
   */
  plugged(): Promise<PluggedShare[]>;
  add(spec: ShareSpec): Promise<ShareDevice>;
  onEvent(event: QmpEvent): void;
}

export interface PluggedShare extends ShareSpec {
  readonly slot: number;
}

export interface ShareDevicesDeps {
  readonly servers: ShareServers;
  readonly present: readonly ShareServer[];
  readonly sharing: boolean;
  readonly log: Logger;
  qmp(): Qmp;
}

/** The guest answers an unplug within a second; one that is busy is asked again. */
const UNPLUG_MS = 5000;
const UNPLUG_TRIES = 4;

export function createShareDevices({ servers, present, sharing, log, ...deps }: ShareDevicesDeps): ShareDevices {
  /** By QEMU's id. One stays until the guest has let go of it. */
  const devices = new Map<string, { readonly device: ShareDevice; readonly server: ShareServer; readonly deleted: Deferred<void> }>();
  const removed = new Set<ShareDevice>();
  const taken = new Set<number>();

  const unplug = async (id: string, deleted: Promise<void>): Promise<void> => {
    for (let attempt = 0; attempt < UNPLUG_TRIES; attempt += 1) {
      await deps
        .qmp()
        .execute('device_del', { id })
        .catch((error: unknown) => {
          // Asked before, and still under way.
          log.debug('device_del', { id, error: asError(error).message });
        });
      if (await settledWithin(deleted, UNPLUG_MS)) {
        return;
      }
    }
    throw new Error(`the guest does not let go of ${id}`);
  };

  const take = (server: ShareServer): ShareDevice => {
    const id = shareId(server.spec.tag);
    const deleted = deferred<void>();
    // Whenever the guest lets go, be it long after it was asked.
    const gone = deleted.promise.then(async () => {
      devices.delete(id);
      await deps.qmp().execute('chardev-remove', { id });
      taken.delete(server.slot);
      await server.stop();
    });
    gone.catch((error: unknown) => log.warn('a share was not taken away whole', { id, error }));
    const device: ShareDevice = {
      spec: server.spec,
      gone: server.gone,
      answers: () => server.answers(),
      openFiles: () => server.openFiles(),
      async remove() {
        removed.add(device);
        // With nobody to answer, the guest's driver would wait for ever for what is under way, and hold up every other share: the device stays.
        if (await server.answers()) {
          await unplug(id, deleted.promise);
          await gone;
        }
      },
    };
    taken.add(server.slot);
    devices.set(id, { device, server, deleted });
    return device;
  };
  present.forEach(take);

  return {
    list: () => [...devices.values()].map(({ device }) => device).filter((device) => !removed.has(device)),
    async plugged() {
      const there = await deps.qmp().execute('qom-list', { path: '/machine/peripheral' });
      const ids = (there as readonly { readonly name: string }[]).map(({ name }) => name).filter((name) => name.startsWith(shareId('')));
      return Promise.all(
        ids.map(async (id) => {
          const server = devices.get(id)?.server;
          if (server === undefined || !(await server.answers())) {
            throw new Error(`nobody serves ${id}`);
          }
          return { ...server.spec, slot: server.slot };
        }),
      );
    },
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
        devices.get(data['device'])?.deleted.resolve();
      }
    },
  };
}
