// The system's path for the engine's socket, /var/run/docker.sock: a link to Berth's own, made only when asked, remembered, given back.
// Whoever is alive there stays; what is dead is set aside by a rename. A look has no effects.
import { access, constants, lstat, readlink, realpath, rename, symlink, unlink } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { BerthError } from '../../preload/contract';
import type { SystemSocketState } from '../../preload/contract';
import { asError } from '../lib/async';
import { hasCode } from '../lib/atomic-file';
import { exists } from '../lib/exists';
import type { Logger } from '../lib/logger';
import { quoteSh } from './env';
import type { ConnectMemory } from './memory';
import { whoAnswers } from './who-answers';

export interface SystemSocketDeps {
  /** /var/run/docker.sock; undefined where the system's path is no file (Windows). */
  readonly path: string | undefined;
  /** Berth's own socket. */
  readonly own: string;
  readonly memory: ConnectMemory;
  readonly log: Logger;
}

export interface SystemSocket {
  get(): Promise<SystemSocketState>;
  take(): Promise<void>;
  release(): Promise<void>;
  /** At a start: /run is empty after a boot of the computer. Rejects with `connect.socketLost` where another engine has taken it meanwhile. */
  keep(): Promise<void>;
}

/** In an error's parameters; the texts know the word. */
const UNKNOWN = 'unknown';

export function systemSocketPath(platform: NodeJS.Platform = process.platform): string | undefined {
  return platform === 'win32' ? undefined : '/var/run/docker.sock';
}

const none: SystemSocketState = { path: '', state: 'missing', target: '', wanted: false, writable: false, command: '' };

export function createSystemSocket({ path, own, memory, log }: SystemSocketDeps): SystemSocket {
  if (path === undefined) {
    const refuse = (): Promise<never> => Promise.reject(new BerthError('connect.noSystemSocket', {}));
    return { get: () => Promise.resolve(none), take: refuse, release: refuse, keep: () => Promise.resolve() };
  }
  const aside = `${path}.before-berth`;

  async function find(): Promise<Pick<SystemSocketState, 'state' | 'target' | 'owner'> & { readonly reason?: string }> {
    const there = await lstat(path ?? '').catch((error: unknown) => (hasCode(error, 'EACCES') ? asError(error) : undefined));
    if (there === undefined || there instanceof Error) {
      return there === undefined ? { state: 'missing', target: '' } : { state: 'closed', target: '', reason: there.message };
    }
    const target = there.isSymbolicLink() ? resolve(dirname(path ?? ''), await readlink(path ?? '').catch(() => '')) : '';
    // Ours also while Berth is off and nobody listens at the other end.
    if (target === own || (target !== '' && (await realpath(path ?? '').catch(() => '')) === (await realpath(own).catch(() => own)))) {
      return { state: 'ours', target };
    }
    if (!there.isSocket() && target === '') {
      return { state: 'notASocket', target };
    }
    const answer = await whoAnswers(path ?? '');
    switch (answer.kind) {
      case 'served':
        return { state: 'other', target, owner: answer.owner };
      case 'refused':
        return { state: 'dead', target };
      case 'closed':
        return { state: 'closed', target, reason: answer.reason };
    }
  }

  const get = async (): Promise<SystemSocketState> => {
    const [{ state, target, owner }, wanted, kept, writable] = await Promise.all([
      find(),
      memory.isWanted(path),
      exists(aside),
      access(dirname(path), constants.W_OK | constants.X_OK).then(
        () => true,
        () => false,
      ),
    ]);
    return {
      path,
      state,
      target,
      wanted,
      writable,
      command: commandFor(state, { path, own, aside, kept }),
      ...(owner === undefined ? {} : { owner }),
      ...(kept ? { keptAs: aside } : {}),
    };
  };

  /** What only root may do is answered with the command that does it. */
  async function change(work: () => Promise<void>): Promise<void> {
    const { command } = await get();
    await work().catch((cause: unknown) => {
      throw hasCode(cause, 'EACCES', 'EPERM', 'EROFS')
        ? new BerthError('connect.needsRoot', { path: path ?? '', command }, { cause })
        : cause;
    });
  }

  async function take(): Promise<void> {
    const { state, owner, reason = '' } = await find();
    switch (state) {
      case 'other':
        throw new BerthError('connect.socketAnswered', { path: path ?? '', engine: engineOf(owner), process: processOf(owner) });
      case 'closed':
        throw new BerthError('connect.socketClosed', { path: path ?? '', reason });
      case 'notASocket':
        throw new BerthError('connect.notASocket', { path: path ?? '' });
      case 'ours':
      case 'missing':
      case 'dead':
        // Before the attempt: the command in a terminal is the same wish.
        await memory.setWanted(path ?? '', true);
    }
    if (state === 'ours') {
      return;
    }
    await change(async () => {
      if (state === 'dead') {
        await rename(path ?? '', aside);
      }
      // Fails where somebody came in between: nothing is overwritten.
      await symlink(own, path ?? '').catch(async (error: unknown) => {
        if (hasCode(error, 'EEXIST')) {
          throw new BerthError('connect.socketAnswered', { path: path ?? '', engine: UNKNOWN, process: UNKNOWN }, { cause: error });
        }
        throw error;
      });
    });
    log.info('took the system’s socket', { path, own });
  }

  return {
    get,
    take,
    async release() {
      const { state } = await find();
      if (state === 'ours') {
        await change(async () => {
          await unlink(path);
          if (await exists(aside)) {
            await rename(aside, path);
          }
        });
        log.info('gave the system’s socket back', { path });
      }
      await memory.setWanted(path, false);
    },
    async keep() {
      if (!(await memory.isWanted(path))) {
        return;
      }
      const { state, owner } = await find();
      if (state === 'other') {
        throw new BerthError('connect.socketLost', { path, engine: engineOf(owner), process: processOf(owner) });
      }
      if (state === 'missing') {
        await take();
      }
    },
  };
}

function engineOf(owner: SystemSocketState['owner']): string {
  return [owner?.engine ?? '', owner?.version ?? ''].filter((word) => word !== '').join(' ') || UNKNOWN;
}

function processOf(owner: SystemSocketState['owner']): string {
  return owner?.process === undefined || owner.process === '' ? UNKNOWN : owner.process;
}

interface CommandFacts {
  readonly path: string;
  readonly own: string;
  readonly aside: string;
  readonly kept: boolean;
}

/** For a terminal, each line by itself safe to repeat. `ln` without -f overwrites nothing. */
function commandFor(state: SystemSocketState['state'], { path, own, aside, kept }: CommandFacts): string {
  const link = `sudo ln -sT ${quoteSh(own)} ${quoteSh(path)}`;
  switch (state) {
    case 'missing':
      return link;
    case 'dead':
      return `sudo mv -T ${quoteSh(path)} ${quoteSh(aside)} && ${link}`;
    case 'ours':
      return `sudo rm ${quoteSh(path)}${kept ? ` && sudo mv -T ${quoteSh(aside)} ${quoteSh(path)}` : ''}`;
    case 'other':
    case 'closed':
    case 'notASocket':
      return '';
  }
}
