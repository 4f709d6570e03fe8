// The repair ladder: one rung at a time as a task, what each did as a report that stays, and the state that windows and the command line show.
// Which rung does what is in files of their own; this owns the turn, the reports and what must be confirmed.
import { rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { BerthError, toWireError } from '../../preload/contract';
import type { BackendHandlers, RepairOrder, RepairReport, RepairResult, RepairState, VmStateName } from '../../preload/contract';
import type { DaemonConfig } from '../daemon-config/daemon-config';
import { qemuImgOf } from '../disk/copy';
import { diskFile } from '../disk/ledger';
import { deferred } from '../lib/async';
import { createObservable, follow } from '../lib/observable';
import type { HomeFiles } from '../lib/home';
import type { Logger } from '../lib/logger';
import type { StartedTask, TaskRun, TaskRunner } from '../lib/task-runner';
import { diskPath } from '../vm/disk';
import { freeDisk } from '../vm/limits';
import { createChecker } from '../vm/resources';
import type { Resources } from '../vm/resources';
import type { OffVm, Vm } from '../vm/vm';
import { checkDisk } from './check-disk';
import { copyBeside, listKept, setAside } from './kept-disks';
import { ladder } from './ladder';
import { createProgress } from './progress';
import type { Progress } from './progress';
import { exportFolder, rescue } from './rescue';
import { checkSystem, lastGood, reboot, reconnect, restartEngine, start } from './rungs';
import type { RungDeps } from './rungs';
import { openRepairStore } from './store';
import { makeWhole } from './system';

export interface RepairDeps {
  readonly files: HomeFiles;
  readonly resources: Resources;
  readonly vm: Vm;
  readonly config: Pick<DaemonConfig, 'document' | 'toLastGood'>;
  readonly tasks: TaskRunner;
  readonly pauseEvents: () => () => void;
  readonly log: Logger;
}

export interface Repair {
  readonly handlers: Pick<BackendHandlers, 'repair.changes' | 'repair.run' | 'repair.discard'>;
  dispose(): void;
}

interface Worked {
  readonly result: RepairResult;
  /** Whether the VM is started afterwards, by the state that it was in. */
  startAfter(before: VmStateName): boolean;
}

export async function createRepair(deps: RepairDeps): Promise<Repair> {
  const { files, resources, vm, config, tasks, log } = deps;
  const store = await openRepairStore(files.state.repairs);
  // Of a repair whose backend died: what was written there was never meant to stay.
  await rm(files.disks.scratch, { force: true }).catch((error: unknown) => log.debug('the scratch file stays', { error }));
  const checker = createChecker(resources, files.state.checksums);
  const confirmWord = basename(files.root);
  const dirty = createObservable<object>({});
  let running: StartedTask | undefined;
  const publish = (): void => dirty.set({});

  const rungDeps: RungDeps = {
    vm,
    pauseEvents: deps.pauseEvents,
    toLastGood: () => config.toLastGood(),
    async makeSystemWhole() {
      const checked = await makeWhole({ resources, kept: files.system, checker });
      // The application's own pair may have been given up because of what was wrong with it.
      await vm.trySystemAgain();
      return checked;
    },
  };

  async function state(): Promise<RepairState> {
    const path = await diskPath(files);
    const status = vm.status.get();
    const disk = await diskFile(path);
    const reports = store.reports();
    const error = status.error ?? (status.state === 'running' ? undefined : status.boot?.error);
    return {
      rungs: ladder({
        status,
        error,
        hasDisk: disk !== undefined,
        liveRestore: config.document.get()['live-restore'] === true,
        last: reports[0],
      }),
      ...(error === undefined ? {} : { error }),
      reports,
      kept: await listKept(store.kept()),
      confirmWord,
      copyBytes: disk?.hostBytes ?? 0,
      freeBytes: await freeDisk(dirname(path)).catch(() => 0),
    };
  }

  async function* changes(signal: AbortSignal): AsyncGenerator<RepairState> {
    for await (const _ of follow(dirty, signal)) {
      yield await state();
    }
  }

  /** With the way there as a step of its own: a guest may take its minute to end. */
  async function whileOff<T>(progress: Progress, work: (off: OffVm) => Promise<T>): Promise<T> {
    const { state: before } = vm.status.get();
    const isOff = deferred<void>();
    const step = progress.step('off', () => isOff.promise);
    try {
      return await vm.whileOff(async (off) => {
        isOff.resolve();
        await step;
        if (before !== 'stopped' && before !== 'failed') {
          progress.fact('off');
        }
        return work(off);
      });
    } catch (error) {
      isOff.reject(error);
      await step.catch(() => undefined);
      throw error;
    }
  }

  /** The disk is the repair's own while it works on it. */
  async function withDisk(progress: Progress, work: (off: OffVm, path: string) => Promise<Worked>) {
    const { state: before } = vm.status.get();
    const path = await diskPath(files);
    const done = await whileOff(progress, (off) => work(off, path));
    if (done.startAfter(before)) {
      progress.cancellable(false);
      await start(rungDeps, progress);
    }
    return done.result;
  }

  async function climb(order: RepairOrder, progress: Progress): Promise<RepairResult> {
    switch (order.rung) {
      case 'reconnect':
        await reconnect(rungDeps, progress);
        return 'done';
      case 'engine':
        await restartEngine(rungDeps, progress);
        return 'done';
      case 'reboot':
        await reboot(rungDeps, progress);
        return 'done';
      case 'system':
        await checkSystem(rungDeps, progress);
        return 'done';
      case 'lastGood':
        await lastGood(rungDeps, progress);
        return 'done';
      case 'checkDisk':
        return withDisk(progress, async (off, path) => {
          const copy = async (): Promise<void> => {
            const made = await copyBeside(qemuImgOf(resources.bundle), path, Date.now(), progress);
            await store.keep([made]);
          };
          const { result, sound } = await checkDisk({ files, path, copy }, off, order.fsck, progress);
          return { result, startAfter: (before) => sound && before !== 'stopped' && before !== 'suspended' };
        });
      case 'rescue': {
        const folder = await exportFolder(order.folder);
        return withDisk(progress, async (off, path) => ({
          result: await rescue({ path, document: config.document.get() }, off, { ...order, folder }, progress),
          // Whoever rescues from what does not start would wait for the same failure once more.
          startAfter: (before) => before === 'running',
        }));
      }
      case 'reset':
        progress.cancellable(false);
        await whileOff(progress, async (off) => {
          await off.claim();
          const path = await diskPath(files);
          const aside = await progress.step('aside', () => setAside(files, path, Date.now()));
          await store.keep(aside);
          aside.forEach((each) => progress.fact('aside', { path: each }));
        });
        await start(rungDeps, progress);
        return 'done';
    }
  }

  async function work(order: RepairOrder, run: TaskRun): Promise<void> {
    let report: RepairReport = { task: run.id, rung: order.rung, startedAt: Date.now(), result: 'running', facts: [], words: [] };
    const change = (patch: Partial<RepairReport>): void => {
      report = { ...report, ...patch };
      store.report(report);
      publish();
    };
    const end = async (patch: Partial<RepairReport>): Promise<void> => {
      report = { ...report, ...patch, endedAt: Date.now() };
      log.info('a repair has ended', { ...report });
      // Who sees the end finds it on the disk, and the next repair's turn free.
      await write(report);
      running = undefined;
      publish();
    };
    log.info('a repair begins', { rung: order.rung });
    await write(report);
    publish();
    try {
      const result = await climb(order, createProgress(run, change));
      await end({ result });
    } catch (error) {
      await end(run.signal.aborted ? { result: 'cancelled' } : { result: 'failed', error: toWireError(error) });
      throw error;
    }
  }

  /** A disk that is full must not keep anybody from repairing. */
  async function write(report: RepairReport): Promise<void> {
    await store.write(report).catch((error: unknown) => log.warn('the report of a repair was not kept', { error }));
  }

  async function begin(order: RepairOrder): Promise<{ readonly task: string }> {
    confirmed(order);
    const rung = (await state()).rungs.find(({ name }) => name === order.rung);
    if (running !== undefined) {
      throw new BerthError('repair.busy', {});
    }
    if (rung?.obstacle !== undefined) {
      throw new BerthError('repair.notUsable', { rung: order.rung, reason: rung.obstacle });
    }
    running = tasks.run('repair', order.rung, (run) => work(order, run));
    return { task: running.id };
  }

  function confirmed(order: RepairOrder): void {
    const needs = order.rung === 'reset' || (order.rung === 'checkDisk' && order.fsck === 'noCopy');
    if (needs && order.confirm !== confirmWord && order.confirm !== (order.rung === 'reset' ? 'reset' : 'fsck')) {
      throw new BerthError('repair.notConfirmed', { word: confirmWord });
    }
  }

  const unsubscribe = vm.status.subscribe(publish);

  return {
    handlers: {
      'repair.changes': (_input, { signal }) => changes(signal),
      'repair.run': (order) => begin(order),
      async 'repair.discard'({ name, confirm }) {
        const path = store.kept().find((each) => basename(each) === name);
        if (path === undefined) {
          throw new BerthError('repair.noKeptDisk', { name });
        }
        if (confirm !== name) {
          throw new BerthError('repair.notConfirmed', { word: name });
        }
        await rm(path, { force: true });
        log.info('a kept disk was deleted by the user', { path });
        publish();
      },
    },
    dispose: unsubscribe,
  };
}
