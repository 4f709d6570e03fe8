// The shared folders: which are wanted (the settings), which are there (devices or servers, mounts in the guest), and the way from one to the
// other, one step at a time. Knows backends by their interface and the engine by the names that it is handed.
import { realpath, stat } from 'node:fs/promises';
import { BerthError, toWireError } from '../../preload/contract';
import type {
  BackendHandlers,
  Notice,
  Settings,
  Share,
  ShareDriver,
  ShareFolder,
  SharesStatus,
  VmStateName,
  VmStatus,
  WireError,
} from '../../preload/contract';
import { createQueue } from '../lib/async';
import type { HomeFiles } from '../lib/home';
import type { Logger } from '../lib/logger';
import { createObservable, follow } from '../lib/observable';
import type { Observable } from '../lib/observable';
import { isWithin } from '../lib/within';
import type { DoctorProbe, ShareHooks } from '../vm/vm';
import type { ShareBackend } from './backend';
import { createMounts } from './mounts';
import { checkFolder, defaultFolders, inOrder, realOf } from './folders';
import type { ShareGuest } from './guest';
import { createJudge } from './judge';
import type { Shares } from './shares';
import { createFolderWatch } from './watch-folders';

/** Below it, a project with its packages does not fit: each file that the guest knows is an open file of the server's. */
export const WANTED_FILES = 65_536;
const COUNT_MS = 5000;
/** A guest that boots and is not told that its folders are there starts dockerd anyway. */
const HOLD_SECONDS = 60;

export interface SharesDeps {
  readonly files: HomeFiles;
  readonly homeFolder: string;
  readonly settings: Observable<Settings>;
  keep(folders: readonly ShareFolder[]): Promise<void>;
  readonly vm: Observable<VmStatus>;
  readonly guest: ShareGuest;
  /** Best first; those that this system has. */
  readonly backends: readonly ShareBackend[];
  /** Running containers with the folders that they bind. */
  readonly users: Observable<readonly { readonly name: string; readonly binds: readonly string[] }[]>;
  fileLimit(): Promise<number>;
  /** The watchers of what containers have bound. */
  bound(folders: readonly string[]): void;
  notify(level: Notice['level'], error: BerthError): void;
  readonly log: Logger;
}

export interface SharesWithHooks extends Shares {
  readonly hooks: ShareHooks;
  /** Lines for a guest that boots; after `hooks.forBoot`. */
  bootLines(): string;
  readonly doctorProbe: DoctorProbe;
}

/** A guest is there or comes, and what was found in it holds. */
const HAS_GUEST: ReadonlySet<VmStateName> = new Set(['starting', 'resuming', 'running']);

export function createShares(deps: SharesDeps): SharesWithHooks {
  const { files, settings, vm, backends, users, log } = deps;
  const own = files.root;
  let defaults: readonly ShareFolder[] = [];
  let limit = 0;
  let warning: WireError | undefined;
  let readers = 0;
  let counting: NodeJS.Timeout | undefined;
  /** Of the VM that runs; the settings' otherwise. */
  let inForce: ShareBackend | undefined;

  const chosen = (): ShareBackend | undefined => {
    const { driver } = settings.get().shares;
    return backends.find((backend) => backend.driver === driver) ?? backends[0];
  };
  const wanted = (): readonly ShareFolder[] => inOrder(settings.get().shares.folders ?? defaults);
  const usersOf = (path: string): string[] =>
    users
      .get()
      .filter(({ binds }) => binds.some((bind) => isWithin(path, bind)))
      .map(({ name }) => name)
      .sort();

  const mounts = createMounts({
    guest: deps.guest,
    own,
    log,
    changed: () => refresh(),
    /** The server ended, or the folder became another one: who bound it before sees errors until it is started again. */
    replaced(path, error) {
      deps.notify('warn', error);
      const names = usersOf(path);
      if (names.length > 0) {
        deps.notify('warn', new BerthError('shares.restartContainers', { path, names: names.join(', ') }));
      }
    },
    stuck: (error) => deps.notify('error', error),
    guestRuns: () => vm.get().state === 'running',
  });

  const compose = (): SharesStatus => {
    const driver: ShareDriver = (inForce ?? chosen())?.driver ?? 'sshfs';
    const shares = wanted().map((folder): Share => {
      const { state, error, open } = mounts.stateOf(folder.path);
      return {
        ...folder,
        state,
        ...(error === undefined ? {} : { error }),
        usedBy: usersOf(folder.path),
        ...(open === undefined ? {} : { files: { open, limit } }),
      };
    });
    return {
      driver,
      available: backends.map((backend) => backend.driver),
      pendingRestart: inForce !== undefined && inForce !== chosen(),
      shares,
      // Served by this process, a file is open while a container has it open.
      ...(warning === undefined || driver !== 'virtiofs' ? {} : { warning }),
    };
  };
  const status = createObservable<SharesStatus>(compose());
  const refresh = (): void => status.set(compose());

  const watch = createFolderWatch(() => {
    settle().catch((error: unknown) => log.warn('shared folders were not looked at', { error }));
  });
  /** Brings the guest to what is wanted; resolves when it is there or cannot be. */
  const settle = async (): Promise<void> => {
    const watchThem = (): void => watch.set(wanted().map(({ path }) => ({ path, missing: mounts.stateOf(path).state === 'missing' })));
    // Before it is looked at, so that what happens meanwhile is seen too.
    watchThem();
    await mounts.settle(wanted());
    watchThem();
    refresh();
    tellWatchers();
  };
  /** Which of what containers have bound lies in shared folders. */
  const tellWatchers = (): void => {
    const binds = new Set(users.get().flatMap((user) => user.binds));
    deps.bound([...binds].filter((bind) => wanted().some(({ path }) => isWithin(path, bind))));
  };

  const ready = (async () => {
    [defaults, limit] = await Promise.all([defaultFolders(deps.homeFolder), deps.fileLimit()]);
    if (limit > 0 && limit < WANTED_FILES && backends.some(({ driver }) => driver === 'virtiofs')) {
      warning = toWireError(new BerthError('shares.fewFiles', { limit, wanted: WANTED_FILES }));
    }
    if (inForce === undefined) {
      await settle();
    }
  })();

  /** The whole list is written: what it is made of must not change meanwhile. */
  const inTurn = createQueue();
  const change = async (next: () => readonly ShareFolder[]): Promise<void> => {
    await inTurn(async () => deps.keep(inOrder(next())));
    await settle();
  };

  const count = async (): Promise<void> => {
    if (await mounts.countFiles()) {
      refresh();
    }
  };
  async function* changes(signal: AbortSignal): AsyncGenerator<SharesStatus> {
    await ready;
    readers += 1;
    try {
      if (readers === 1) {
        void count();
        counting = setInterval(() => void count(), COUNT_MS);
      }
      yield* follow(status, signal);
    } finally {
      readers -= 1;
      if (readers === 0) {
        clearInterval(counting);
      }
    }
  }

  const handlers: Pick<BackendHandlers, 'shares.changes' | 'shares.add' | 'shares.remove'> = {
    'shares.changes': (_, { signal }) => changes(signal),
    async 'shares.add'({ path, readOnly }) {
      await ready;
      const real = await checkFolder(path, own);
      await change(() => {
        const present = wanted().find((folder) => folder.path === real);
        if (present?.readOnly === readOnly) {
          throw new BerthError('shares.exists', { path: real });
        }
        const others = wanted().filter((folder) => folder !== present);
        const most = (inForce ?? chosen())?.slots;
        if (most !== undefined && others.length >= most) {
          throw new BerthError('shares.tooMany', { limit: most });
        }
        return [...others, { path: real, readOnly }];
      });
      const { state, error } = mounts.stateOf(real);
      if (state === 'failed') {
        throw new BerthError('shares.mountFailed', { path: real, detail: String(error?.params['detail'] ?? '') });
      }
    },
    async 'shares.remove'({ path, force }) {
      await ready;
      const real = await realOf(path);
      await change(() => {
        const present = wanted().find((folder) => folder.path === path) ?? wanted().find((folder) => folder.path === real);
        if (present === undefined) {
          throw new BerthError('shares.unknown', { path });
        }
        // What lies in another share as well goes on being reached by it.
        const names = usersOf(present.path);
        if (names.length > 0 && !force) {
          throw new BerthError('shares.inUse', { path: present.path, names: names.join(', ') });
        }
        return wanted().filter((folder) => folder !== present);
      });
    },
  };

  const unsubscribe = [
    settings.subscribe(refresh),
    users.subscribe(() => {
      refresh();
      tellWatchers();
    }),
    vm.subscribe(({ state }) => {
      if (!HAS_GUEST.has(state) && inForce !== undefined) {
        inForce = undefined;
        mounts.leave();
        refresh();
      }
    }),
  ];

  return {
    status,
    handlers,
    judge: createJudge({ shares: () => status.get().shares, own: [own], socket: files.run.docker, realpath, stat }),
    hooks: {
      async forBoot() {
        await ready;
        mounts.leave();
        inForce = chosen();
        return inForce === undefined ? [] : mounts.plan(wanted(), inForce, { holdSeconds: HOLD_SECONDS, fileLimit: limit });
      },
      async onGuest() {
        await ready;
        if (inForce === undefined) {
          // A VM of an earlier backend: what it has tells how it was started.
          const found = await Promise.all(backends.map(async (backend) => ((await backend.present()).length > 0 ? backend : undefined)));
          inForce = found.find((backend) => backend !== undefined) ?? chosen();
        }
        if (inForce !== undefined) {
          await mounts.enter(inForce);
        }
        await settle();
        if (inForce?.late === true) {
          await deps.guest.run([{ kind: 'release' }]);
        }
      },
    },
    bootLines: () => mounts.bootLines(),
    doctorProbe: {
      id: 'shares',
      async run() {
        await ready;
        const { driver, shares, warning: general } = status.get();
        const wrong = shares.find(({ state }) => state === 'failed' || state === 'missing')?.error ?? general;
        const detail = [driver, `nofile ${limit}`, ...shares.map(({ path, state }) => `${path} ${state}`)].join(', ');
        return { status: wrong === undefined ? 'ok' : 'warn', detail, ...(wrong === undefined ? {} : { error: wrong }) };
      },
    },
    async dispose() {
      unsubscribe.forEach((stop) => stop());
      clearInterval(counting);
      watch.dispose();
      await mounts.dispose();
    },
  };
}
