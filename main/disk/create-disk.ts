// Disk, put together: the ledger that is read while somebody looks, and the tasks that give space back, grow the disk or move it, one at a time.
// Knows the VM by its interface and the engine by its socket.
import { BerthError, fromWireError, toWireError } from '../../preload/contract';
import type { BackendHandlers, DiskLedger, DiskStep } from '../../preload/contract';
import { createConnection } from '../engine/connection';
import type { HomeFiles } from '../lib/home';
import type { Logger } from '../lib/logger';
import type { Observable } from '../lib/observable';
import type { TaskRun, TaskRunner } from '../lib/task-runner';
import { createTaskSteps } from '../lib/task-steps';
import { diskPath } from '../vm/disk';
import { hostFull } from '../vm/disk-space';
import type { Resources } from '../vm/resources';
import type { Vm } from '../vm/vm';
import { qemuImgOf } from './copy';
import { growDisk, growFileSystem } from './grow';
import { createLedgerReader } from './ledger';
import { dropCopy, forgetOldDisk, moveDisk, planMove } from './move';
import { createTrimmer } from './trim';
import { engineUsage, pruneBuildCache, pruneContainers, pruneImages, removeVolumes } from './usage';
import type { PruneChoice } from './usage';

export interface DiskDeps {
  readonly files: HomeFiles;
  readonly resources: Pick<Resources, 'bundle' | 'guest'>;
  readonly vm: Pick<Vm, 'agent' | 'dialer' | 'disk' | 'start' | 'status' | 'whileOff'>;
  /** The engine answers. */
  readonly available: Observable<boolean>;
  readonly engine: { readonly freed: Observable<number> };
  readonly tasks: TaskRunner;
  readonly log: Logger;
  notify(level: 'warn' | 'error', error: BerthError): void;
}

export type DiskNames = Extract<keyof BackendHandlers, `disk.${string}`>;

export interface Disk {
  readonly handlers: Pick<BackendHandlers, DiskNames>;
  /** Why a request to the engine would only wait: the guest is halted until the host has space. */
  waits(): BerthError | undefined;
  dispose(): void;
}

/** While somebody looks. */
const READ_MS = 5000;

export async function createDisk(deps: DiskDeps): Promise<Disk> {
  const { files, resources, vm, available, tasks } = deps;
  const log = deps.log.child('disk');
  await dropCopy(files, log).catch((error: unknown) => log.warn('the data disk’s record was not looked at', { error }));
  const connection = createConnection(vm.dialer);
  const { agent } = vm;
  const ledger = createLedgerReader({
    files,
    system: [resources.guest, resources.bundle],
    agent,
    space: () => vm.disk.space.get(),
  });
  const trimmer = createTrimmer({ agent, path: () => diskPath(files), freed: deps.engine.freed, log, onTrimmed: () => ledger.trimmed() });
  const readers = new Set<() => void>();
  const changed = (): void => readers.forEach((wake) => wake());
  let working = false;

  async function alone<T>(work: () => Promise<T>): Promise<T> {
    if (working) {
      throw new BerthError('disk.busy', {});
    }
    working = true;
    try {
      return await work();
    } finally {
      working = false;
      changed();
    }
  }

  /** The task's id at once; the work is its own. */
  function start(kind: 'trim' | 'prune' | 'moveDisk', subject: string, work: (run: TaskRun) => Promise<void>): { readonly task: string } {
    if (working) {
      throw new BerthError('disk.busy', {});
    }
    return { task: tasks.run(kind, subject, (run) => alone(() => work(run))).id };
  }

  function needRunning(): void {
    const { state } = vm.status.get();
    if (state !== 'running') {
      throw new BerthError('vm.notRunning', { state });
    }
  }

  async function prune({ containers, images, buildCache, volumes }: PruneChoice, { signal, update }: TaskRun): Promise<void> {
    const chosen: readonly DiskStep[] = [
      ...(containers ? (['containers'] as const) : []),
      ...(images === 'none' ? [] : (['images'] as const)),
      ...(volumes.length === 0 ? [] : (['volumes'] as const)),
      ...(buildCache ? (['buildCache'] as const) : []),
      'trim',
    ];
    const steps = createTaskSteps(chosen, update);
    const before = await trimmer.hostBytes();
    let refused: Awaited<ReturnType<typeof removeVolumes>> = [];
    await vm.disk.despiteFullHost(async () => {
      if (containers) {
        await steps.run('containers', () => pruneContainers(connection, signal));
      }
      if (images !== 'none') {
        await steps.run('images', () => pruneImages(connection, images, signal));
      }
      if (volumes.length > 0) {
        refused = await steps.run('volumes', () => removeVolumes(connection, volumes, signal));
      }
      if (buildCache) {
        await steps.run('buildCache', () => pruneBuildCache(connection, signal));
      }
      update({ cancellable: false });
      const { after } = await steps.run('trim', () => trimmer.trim());
      update({ hostBytes: { before, after } });
    });
    if (refused.length > 0) {
      throw new BerthError('disk.pruneFailed', {
        names: refused.map(({ name }) => name).join(', '),
        detail: refused.map(({ words }) => words).join('; '),
      });
    }
  }

  async function* changes(signal: AbortSignal): AsyncGenerator<DiskLedger> {
    let wake: () => void = () => undefined;
    let stale = false;
    const again = (): void => {
      stale = true;
      wake();
    };
    readers.add(again);
    signal.addEventListener('abort', again);
    const unsubscribe = [vm.status.subscribe(again), vm.disk.space.subscribe(again)];
    try {
      while (!signal.aborted) {
        stale = false;
        yield await ledger.read();
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, READ_MS);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
          if (stale || signal.aborted) {
            wake();
          }
        });
      }
    } finally {
      readers.delete(again);
      signal.removeEventListener('abort', again);
      unsubscribe.forEach((stop) => stop());
    }
  }

  const stopWatching = available.subscribe((is) => {
    if (is) {
      growFileSystem({ files, vm }).catch((error: unknown) => deps.notify('warn', fromWireError(toWireError(error))));
    }
  });

  return {
    handlers: {
      'disk.changes': (_input, { signal }) => changes(signal),
      'disk.usage': (_input, { signal }) => {
        needRunning();
        return vm.disk.despiteFullHost(() => engineUsage(connection, signal));
      },
      'disk.trim': () => {
        needRunning();
        return start('trim', '', async ({ update }) => {
          update({ cancellable: false });
          const steps = createTaskSteps(['trim'], update);
          update({ hostBytes: await vm.disk.despiteFullHost(() => steps.run('trim', () => trimmer.trim())) });
        });
      },
      'disk.prune': (choice) => {
        needRunning();
        return start('prune', '', (run) => prune(choice, run));
      },
      'disk.grow': ({ bytes }) => alone(() => growDisk({ files, vm }, bytes)),
      'disk.move': async ({ folder }) => {
        const plan = await planMove({ files }, folder);
        const qemuImg = qemuImgOf(resources.bundle);
        return start('moveDisk', plan.to, (run) => moveDisk({ files, qemuImg, vm, log }, plan, run));
      },
      'disk.forgetOld': ({ path }) => alone(() => forgetOldDisk(files, path)),
    },
    waits() {
      const space = vm.disk.space.get();
      return space?.state === 'paused' ? hostFull(space) : undefined;
    },
    dispose() {
      stopWatching();
      trimmer.dispose();
      connection.dispose();
    },
  };
}
