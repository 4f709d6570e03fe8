// Shares without devices: each is a tree of files served by this process as SFTP, on a socket in the guest that sshd leads here, mounted by sshfs.
// The mount in the guest outlives connections and backends; who serves the socket next, serves the mount.
import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { BerthError } from '../../../preload/contract';
import { asError, sleep } from '../../lib/async';
import type { Logger } from '../../lib/logger';
import type { ServedSocket } from '../../ssh/transport';
import type { ShareSpec } from '../../vm/driver';
import type { ShareBackend, ShareSource } from '../backend';
import type { GuestExec, ShareGuest } from '../guest';
import { createBeneath } from './beneath';
import { mountedShares, seenAt, socketPath, sshfsCommand } from './guest-mount';
import { openOwners } from './owners';
import { serveSftp } from './session';
import { createTree } from './tree';

export interface SshfsDeps {
  readonly exec: GuestExec;
  readonly guest: ShareGuest;
  serve(path: string, onStream: (stream: Duplex) => void): ServedSocket;
  /** Where the tables of owners are kept. */
  readonly ownersFolder: string;
  /** Berth's own files, which no share shows. */
  readonly hidden: readonly string[];
  readonly log: Logger;
}

/** sshfs ends in two ways when a channel does: it dials again by itself, or it was killed; then its mount says so at once. */
const LOOK_MS = 1000;
const ENDED = 'Transport endpoint is not connected';

export function createSshfs(deps: SshfsDeps): ShareBackend {
  const mountinfo = async (): Promise<string> => (await deps.exec(['cat', '/proc/self/mountinfo'])).stdout;

  /** A VM that went took its sources along without a word to each; a folder has one server and one table. */
  const live = new Map<string, () => Promise<void>>();

  const serveFolder = async (spec: ShareSpec): Promise<ShareSource> => {
    const { tag, folder, readOnly } = spec;
    await live.get(folder)?.();
    const failed = (detail: string): BerthError => new BerthError('shares.mountFailed', { path: folder, detail });
    const owners = await openOwners(join(deps.ownersFolder, createHash('sha256').update(folder).digest('hex').slice(0, 16)));
    const hidden = await Promise.all(deps.hidden.map((path) => realpath(path).catch(() => path)));
    const beneath = createBeneath({ folder, hidden });
    const tree = createTree({ beneath, owners, readOnly });
    const sessions = new Map<Duplex, Promise<unknown>>();
    const ending = new AbortController();
    let tellGone: (words: string) => void = () => undefined;
    const gone = new Promise<string>((resolve) => (tellGone = resolve));

    const look = async (): Promise<void> => {
      const { code, stderr } = await deps.exec(['stat', '-c', '%i', folder]);
      if (code !== 0 && stderr.includes(ENDED) && !ending.signal.aborted) {
        tellGone('sshfs ended in the guest');
      }
    };
    const lookSoon = (): void => {
      // No answer means that the guest cannot be asked; the next backend or the next connection looks again.
      sleep(LOOK_MS, ending.signal)
        .then(look)
        .catch((error: unknown) => deps.log.debug('a share was not looked at', { folder, error }));
    };
    const socket = deps.serve(socketPath(tag), (stream) => {
      const session = serveSftp(stream, tree).then(({ error }) => {
        sessions.delete(stream);
        deps.log.info('a session of a share ended', { folder, ...(error === undefined ? {} : { error }) });
        if (!ending.signal.aborted) {
          lookSoon();
        }
      });
      sessions.set(stream, session);
    });

    const remove = async (): Promise<void> => {
      if (ending.signal.aborted) {
        return;
      }
      live.delete(folder);
      ending.abort(new Error('removed'));
      socket.stop();
      for (const stream of sessions.keys()) {
        stream.destroy();
      }
      await Promise.all(sessions.values());
      await beneath.dispose();
      await owners
        .dispose()
        .catch((error: unknown) => deps.log.warn('a table of owners was not closed', { folder, error: asError(error) }));
    };
    live.set(folder, remove);

    return {
      spec,
      gone,
      remove,
      async mount() {
        await socket.ready;
        if (seenAt(await mountinfo(), folder)?.tag === tag) {
          return look();
        }
        const [covered] = await deps.guest.run([{ kind: 'cover', path: folder }]);
        if (covered?.ok !== true) {
          throw failed(covered?.detail ?? '');
        }
        const { code, stderr } = await deps.exec(sshfsCommand(spec));
        if (code !== 0) {
          throw failed(stderr.trim());
        }
      },
    };
  };

  return {
    driver: 'sshfs',
    late: true,
    present: async () => Promise.all(mountedShares(await mountinfo()).map(serveFolder)),
    open: serveFolder,
  };
}
