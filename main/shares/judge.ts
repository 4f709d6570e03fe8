// What a bind mount's source on this computer is to the guest, or why it cannot be bound. Looks at this computer's file system, because a
// symlink is judged by where it leads; knows the shares as a list and nothing of how they reach the guest.
import { posix } from 'node:path';
import { BerthError } from '../../preload/contract';
import type { Share } from '../../preload/contract';
import { isWindowsPath } from '../lib/binds';
import type { BindVerdict, JudgeBind } from '../lib/binds';
import { isWithin } from '../lib/within';
import { clean, isGuestsOwn, isReserved } from './places';

/** dockerd's own socket, in the guest. */
export const GUEST_SOCKET = '/run/docker.sock';

/** Where clients look for the engine's socket by habit; tools mount these into containers. */
const usualSockets = ['/var/run/docker.sock', '/run/docker.sock'];

export interface JudgeDeps {
  shares(): readonly Pick<Share, 'path' | 'state'>[];
  /** Berth's own folders, which no container may see. */
  readonly own: readonly string[];
  /** The engine's socket on this computer. */
  readonly socket: string;
  realpath(path: string): Promise<string>;
  /** Follows symlinks; rejects where there is nothing. */
  stat(path: string): Promise<{ isDirectory(): boolean; isSocket(): boolean }>;
}

interface Place {
  readonly path: string;
  /** The nearest part of it that exists. */
  readonly existing: string;
}

export function createJudge(deps: JudgeDeps): JudgeBind {
  const { own, socket } = deps;
  const sockets = [...usualSockets, clean(socket)];

  /** Where a path leads; of what does not exist yet, its nearest parent's place and the rest. */
  async function resolve(path: string): Promise<Place> {
    for (let parent = path, rest = ''; ; rest = posix.join(posix.basename(parent), rest), parent = posix.dirname(parent)) {
      const existing = await deps.realpath(parent).catch(() => undefined);
      if (existing !== undefined || parent === '/') {
        return { path: clean(posix.join(existing ?? parent, rest)), existing: existing ?? parent };
      }
    }
  }

  async function refusal(path: string, real: Place): Promise<BerthError> {
    const there = real.path === real.existing;
    const what = await deps.stat(real.existing).catch(() => undefined);
    if (there && what?.isSocket() === true) {
      return new BerthError('shares.socket', { path });
    }
    const share = what === undefined || what.isDirectory() ? real.existing : posix.dirname(real.existing);
    // The whole of /home is no answer to a folder that is not there.
    if (!there && (isReserved(share) || posix.dirname(share) === '/')) {
      return new BerthError('shares.notFound', { path });
    }
    return isReserved(share) ? new BerthError('shares.reserved', { path }) : new BerthError('shares.notShared', { path, share });
  }

  return async (source): Promise<BindVerdict> => {
    if (isWindowsPath(source)) {
      return { error: new BerthError('shares.windowsPath', { path: source }) };
    }
    const path = clean(source);
    const real = await resolve(path);
    if (sockets.includes(path) || real.path === (await resolve(socket)).path) {
      return { source: GUEST_SOCKET };
    }
    const ownReal = await Promise.all(own.map(resolve));
    if (own.some((folder) => isWithin(folder, path)) || ownReal.some((folder) => isWithin(folder.path, real.path))) {
      return { error: new BerthError('shares.own', { path }) };
    }
    const shares = await Promise.all(deps.shares().map(async (share) => ({ ...share, root: (await resolve(share.path)).path })));
    const byDepth = shares.toSorted((a, b) => b.root.length - a.root.length);
    const leadsTo = byDepth.find(({ root }) => isWithin(root, real.path));
    if (leadsTo === undefined) {
      return isGuestsOwn(path) ? { source } : { error: await refusal(path, real) };
    }
    if (leadsTo.state !== 'mounted') {
      return { error: new BerthError('shares.notMounted', { path, share: leadsTo.path, state: leadsTo.state }) };
    }
    // A link between shared folders leads there in the guest too, and goes on doing so when it is changed. A share that is itself reached by a
    // link is mounted under that name alone.
    const named = leadsTo.root === leadsTo.path && shares.some((share) => share.state === 'mounted' && isWithin(share.path, path));
    return { source: named ? source : clean(posix.join(leadsTo.path, posix.relative(leadsTo.root, real.path))) };
  };
}
