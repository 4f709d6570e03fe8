// What the guest has of the shared folders: sources, mounts and covers, brought to what is wanted, one step after the other.
// Knows paths and backends; nothing of settings, containers or windows.
import { randomBytes } from 'node:crypto';
import { BerthError, toWireError } from '../../preload/contract';
import type { Share, ShareFolder, WireError } from '../../preload/contract';
import { asError, createQueue, sleep } from '../lib/async';
import type { Logger } from '../lib/logger';
import { isWithin } from '../lib/within';
import type { ShareSpec } from '../vm/driver';
import type { ShareBackend, ShareCommand, ShareSource } from './backend';
import { shareLine } from './backend';
import { identityOf, keepsOwners, realOf } from './folders';
import type { ShareGuest } from './guest';

export interface PathState {
  readonly state: Share['state'];
  readonly error?: WireError;
  readonly open?: number;
}

export interface MountsDeps {
  readonly guest: ShareGuest;
  /** Berth's home: covered where it lies in a shared folder. */
  readonly own: string;
  readonly log: Logger;
  changed(): void;
  /** A folder was taken from under its containers and mounted anew. */
  replaced(path: string, error: BerthError): void;
  /** It hangs until the VM is started anew. */
  stuck(error: BerthError): void;
  guestRuns(): boolean;
}

export interface Mounts {
  stateOf(path: string): PathState;
  /** What a VM is started with. `fileLimit`: of each server; 0 = nobody knows. */
  plan(
    wanted: readonly ShareFolder[],
    backend: ShareBackend,
    limits: { readonly holdSeconds: number; readonly fileLimit: number },
  ): Promise<readonly ShareSpec[]>;
  bootLines(): string;
  /** The guest can be reached; its sources are looked for. */
  enter(backend: ShareBackend): Promise<void>;
  /** The VM is gone, or another one is about to start. */
  leave(): void;
  /** Resolves when the guest has what is wanted, as far as that can be had. */
  settle(wanted: readonly ShareFolder[]): Promise<void>;
  /** True where a number changed. */
  countFiles(): Promise<boolean>;
  dispose(): Promise<void>;
}

/** A source that stands, and what the folder was when it was opened. */
interface Standing {
  readonly source: ShareSource;
  readonly identity: string | undefined;
}

/** A server that dies for the third time within this is not started again by itself. */
const DEATHS_MS = 60_000;
const DEATHS = 3;
/** A VM that dies takes its servers with it; its own end is seen a moment later. */
const END_SEEN_MS = 1000;

export function createMounts({ guest, own, log, ...deps }: MountsDeps): Mounts {
  const standing = new Map<string, Standing>();
  const states = new Map<string, PathState>();
  const deaths = new Map<string, readonly number[]>();
  /** Paths whose server died again and again; until they are asked for anew. */
  const hopeless = new Map<string, BerthError>();
  /** Paths that the guest must not be asked about: whoever does waits with it. */
  const stuck = new Set<string>();
  const isStuck = (path: string): boolean => [...stuck].some((folder) => isWithin(folder, path));
  let covered = new Set<string>();
  /** Folders that were taken from under their containers and are not back yet. */
  const lost = new Set<string>();
  let lines = '';
  let backend: ShareBackend | undefined;
  let wanted: readonly ShareFolder[] = [];
  const inTurn = createQueue();
  let incarnation = 0;

  const say = (path: string, state: PathState): void => {
    states.set(path, state);
    deps.changed();
  };
  const order = async (command: ShareCommand): Promise<void> => {
    if ('path' in command && isStuck(command.path)) {
      return;
    }
    const [answer] = await guest.run([command]);
    if (answer?.ok !== true) {
      log.warn('the guest could not do it', { line: shareLine(command), detail: answer?.detail });
    }
  };

  const stand = async (source: ShareSource): Promise<void> => {
    const path = source.spec.folder;
    const entry: Standing = { source, identity: await identityOf(path) };
    standing.set(path, entry);
    const mine = incarnation;
    void source.gone.then((words) => {
      if (mine === incarnation && standing.get(path) === entry) {
        inTurn(() => bury(path, entry, words)).catch((error: unknown) => log.error('a share was not mounted anew', { path, error }));
      }
    });
  };

  /** Its server died: nobody in the guest may wait for it. A new one takes its place; whoever bound the old one must be started again. */
  const bury = async (path: string, entry: Standing, words: string): Promise<void> => {
    if (standing.get(path) !== entry) {
      return;
    }
    log.error('the server of a share died', { path, words });
    standing.delete(path);
    if ((await entry.source.answers?.()) === false) {
      await sleep(END_SEEN_MS);
      if (!deps.guestRuns()) {
        return;
      }
      const hangs = new BerthError('shares.stuck', { path });
      stuck.add(path);
      say(path, { state: 'failed', error: toWireError(hangs) });
      deps.stuck(hangs);
      return;
    }
    const error = new BerthError('shares.serverDied', { path, detail: words });
    say(path, { state: 'failed', error: toWireError(error) });
    await order({ kind: 'cover', path });
    await entry.source.remove().catch((failed: unknown) => log.warn('a dead share was not taken out', { error: failed }));
    const times = [...(deaths.get(path) ?? []), Date.now()].filter((time) => Date.now() - time < DEATHS_MS);
    deaths.set(path, times);
    if (times.length >= DEATHS) {
      hopeless.set(path, error);
    }
    await settleNow();
    deps.replaced(path, error);
  };

  const takeOut = async (path: string, entry: Standing, leave: 'cover' | 'none'): Promise<void> => {
    standing.delete(path);
    await order({ kind: leave, path });
    await entry.source.remove().catch((error: unknown) => log.warn('a share was not taken out', { path, error }));
  };

  const bringIn = async (folder: ShareFolder, from: ShareBackend): Promise<void> => {
    const { path, readOnly } = folder;
    try {
      if (!standing.has(path)) {
        say(path, { state: 'mounting' });
        await stand(await from.open({ tag: randomBytes(6).toString('hex'), folder: path, readOnly }));
      }
      await standing.get(path)?.source.mount();
      if (states.get(path)?.state !== 'mounted') {
        const keeps = from.driver !== 'virtiofs' || readOnly || (await keepsOwners(path));
        const error = keeps ? undefined : toWireError(new BerthError('shares.noOwners', { path }));
        say(path, { state: 'mounted', ...(error === undefined ? {} : { error }) });
      }
    } catch (error) {
      const known = error instanceof BerthError ? error : new BerthError('shares.mountFailed', { path, detail: asError(error).message });
      log.error('a folder was not shared', { path, error });
      await order({ kind: 'cover', path });
      say(path, { state: known.code === 'shares.noSlot' ? 'restart' : 'failed', error: toWireError(known) });
    }
  };

  const settleNow = async (): Promise<void> => {
    const from = backend;
    if (from === undefined) {
      for (const { path } of wanted) {
        states.set(path, (await identityOf(path)) === undefined ? missing(path) : { state: 'waiting' });
      }
      deps.changed();
      return;
    }
    const there = new Map(await Promise.all(wanted.map(async ({ path }) => [path, await identityOf(path)] as const)));
    for (const [path, entry] of [...standing].reverse()) {
      const folder = wanted.find((each) => each.path === path);
      const same = there.get(path) === entry.identity;
      if (folder?.readOnly !== entry.source.spec.readOnly || !same) {
        await takeOut(path, entry, folder === undefined ? 'none' : 'cover');
      }
      if (folder !== undefined && !same) {
        lost.add(path);
      }
    }
    for (const path of covered) {
      if (!wanted.some((folder) => folder.path === path)) {
        if (states.get(path)?.state !== 'mounted') {
          await order({ kind: 'none', path });
        }
        states.delete(path);
        lost.delete(path);
        hopeless.delete(path);
        deaths.delete(path);
      }
    }
    for (const folder of wanted.filter(({ path }) => !isStuck(path))) {
      const { path } = folder;
      const gaveUp = hopeless.get(path);
      if (there.get(path) === undefined) {
        await order({ kind: 'cover', path });
        say(path, missing(path));
      } else if (gaveUp !== undefined) {
        await order({ kind: 'cover', path });
        say(path, { state: 'failed', error: toWireError(gaveUp) });
      } else {
        await bringIn(folder, from);
      }
    }
    covered = new Set(wanted.map(({ path }) => path));
    const home = await ownIn(wanted);
    if (home !== undefined) {
      await order({ kind: 'cover', path: home });
    }
    for (const path of lost) {
      if (states.get(path)?.state === 'mounted') {
        lost.delete(path);
        deps.replaced(path, new BerthError('shares.cameBack', { path }));
      }
    }
  };

  const ownIn = async (folders: readonly ShareFolder[]): Promise<string | undefined> => {
    const real = (await realOf(own)) ?? own;
    return folders.some(({ path }) => isWithin(path, real)) ? real : undefined;
  };

  return {
    stateOf: (path) => states.get(path) ?? { state: backend === undefined ? 'waiting' : 'mounting' },
    async plan(folders, next, { holdSeconds, fileLimit }) {
      const specs: ShareSpec[] = [];
      const commands: ShareCommand[] = [];
      for (const { path, readOnly } of folders) {
        const spec = { tag: randomBytes(6).toString('hex'), folder: path, readOnly };
        if (!next.late && specs.length < (next.slots ?? Infinity) && (await identityOf(path)) !== undefined) {
          specs.push(spec);
          commands.push({ kind: 'mount', spec });
        } else {
          commands.push({ kind: 'cover', path });
        }
      }
      const home = await ownIn(folders);
      if (home !== undefined) {
        commands.push({ kind: 'cover', path: home });
      }
      if (next.late && folders.length > 0) {
        commands.push({ kind: 'hold', seconds: holdSeconds });
      }
      if (!next.late && fileLimit > 0) {
        commands.push({ kind: 'files', most: fileLimit });
      }
      lines = commands.map((command) => `${shareLine(command)}\n`).join('');
      return specs;
    },
    bootLines: () => lines,
    enter: (next) =>
      inTurn(async () => {
        backend = next;
        for (const source of await next.present()) {
          await stand(source);
        }
      }),
    leave() {
      incarnation += 1;
      backend = undefined;
      standing.clear();
      states.clear();
      hopeless.clear();
      stuck.clear();
      deaths.clear();
      covered.clear();
      lost.clear();
    },
    settle(next) {
      wanted = next;
      return inTurn(settleNow);
    },
    async countFiles() {
      let different = false;
      for (const [path, { source }] of standing) {
        const open = await source.openFiles?.().catch(() => undefined);
        const state = states.get(path);
        if (open !== undefined && state !== undefined && state.open !== open) {
          states.set(path, { ...state, open });
          different = true;
        }
      }
      return different;
    },
    async dispose() {
      incarnation += 1;
      await inTurn(() => Promise.resolve());
    },
  };
}

function missing(path: string): PathState {
  return { state: 'missing', error: toWireError(new BerthError('shares.missing', { path })) };
}
