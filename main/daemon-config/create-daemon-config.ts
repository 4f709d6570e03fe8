// The engine's configuration: one change at a time, from whoever wants it, through transaction.ts; what windows are told of it; and what a start
// needs of it. Files, plan and transaction are modules of their own.
import { BerthError, daemonKey, fromWireError, isBerthError, toWireError } from '../../preload/contract';
import type { ConfigHistoryEntry, ConfigState } from '../../preload/contract';
import { deferred } from '../lib/async';
import { createObservable, follow } from '../lib/observable';
import type { StartedTask, TaskRun } from '../lib/task-runner';
import type { DaemonConfig, DaemonConfigDeps, DaemonDocument } from './daemon-config';
import { classOfChanges, diffDocuments } from './diff';
import { forGuest, formatDocument } from './document';
import { createGuestFile } from './guest-file';
import { openHistory } from './history';
import { maskDocumentText } from './mask';
import { checkAsked, contextOf, makePlan, refuse, turnsLiveRestore } from './plan';
import type { Asked, Present } from './plan';
import { allShown, differences, mirrorsInForce } from './read-back';
import type { Info } from './read-back';
import { createRecovery, entryOf } from './recovery';
import { createSteps } from './steps';
import { documentOf, openStore } from './store';
import { applyPlan, guestText } from './transaction';
import type { Plan } from './transaction';

const ANSWER_MS = 60_000;
const WARNINGS_ONLY = { warnings: true, disruptive: false };

export async function createDaemonConfig(deps: DaemonConfigDeps): Promise<DaemonConfig> {
  const { guest, tasks, log, now = Date.now } = deps;
  const store = await openStore(deps);
  const history = await openHistory(deps);
  const notify: DaemonConfigDeps['notify'] = (level, error) => deps.notify(level, error);
  const transaction = { store, guest, log, notify };
  const guestFile = createGuestFile({ store, guest });
  const document = createObservable<DaemonDocument>(store.current().document);
  const inForce = createObservable<ConfigState['inForce']>(undefined);
  const state = createObservable<ConfigState>({ text: maskDocumentText(store.current().text), revision: store.current().revision });
  let override: Readonly<Record<string, unknown>> = {};
  let task: string | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  let turns = 0;
  let settling = false;
  const recovery = createRecovery({ ...transaction, history, now });

  function publish(): void {
    const { text, revision, document: kept } = store.current();
    const force = inForce.get();
    const edit = guestFile.edit();
    document.set(kept);
    state.set({
      text: maskDocumentText(text),
      revision,
      ...(force === undefined ? {} : { inForce: force }),
      ...(edit === undefined ? {} : { guestEdit: edit }),
      ...(task === undefined ? {} : { task }),
    });
  }

  /** One after the other, whoever asks. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    turns += 1;
    const result = turn.then(work);
    turn = result.then(
      () => (turns -= 1),
      () => (turns -= 1),
    );
    return result;
  }

  function learn(info: Info): void {
    const wanted = { ...store.current().document, ...override };
    inForce.set({ at: now(), mirrors: mirrorsInForce(info), differences: differences(wanted, info) });
  }

  async function refresh(signal: AbortSignal): Promise<void> {
    learn(await guest.info(AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)])));
    await guestFile.look();
    publish();
  }

  function look(signal: AbortSignal): void {
    inTurn(() => refresh(signal)).catch((error: unknown) => log.debug('the engine’s configuration was not read', { error }));
  }

  async function present(): Promise<Present> {
    const { document: kept } = store.current();
    const given = guest.available.get() ? documentOf(await guestText(transaction)) : kept;
    // Somebody reloaded dockerd by hand and put the file back: what it has in force is what it was given.
    const drifted = (inForce.get()?.differences ?? []).filter(({ key }) => daemonKey(key)?.apply === 'reload');
    return { document: kept, given: { ...given, ...Object.fromEntries(drifted.map((each) => [each.key, each.inForce])) }, override };
  }

  const quiet = new AbortController().signal;
  const context = (text: string, signal: AbortSignal): ReturnType<typeof contextOf> =>
    contextOf(deps, signal, turnsLiveRestore(text, store.current().document));

  /** What `begin` starts, after all that is under way; rejects before a task is there where the plan cannot be made. */
  function begin(prepare: () => Promise<Plan>): Promise<StartedTask> {
    const started = deferred<StartedTask>();
    inTurn(async () => {
      const plan = await prepare();
      const running = tasks.run('config', plan.changes.map(({ key }) => key).join(', '), (run) => work(plan, run));
      task = running.id;
      publish();
      started.resolve(running);
      await running.done;
      task = undefined;
      publish();
    }).catch((error: unknown) => started.reject(error));
    return started.promise;
  }

  async function work(plan: Plan, run: TaskRun): Promise<void> {
    const steps = createSteps(run.update);
    const reached = { commit: false, end: false };
    const commit = (): void => {
      reached.commit = true;
      run.update({ cancellable: false });
    };
    const ended = async (error?: BerthError): Promise<void> => {
      reached.end = true;
      await history.add(entryOf(plan, error === undefined ? 'applied' : 'rolledBack', error));
    };
    await steps.run('check', () => Promise.resolve());
    try {
      if (guest.available.get()) {
        const info = await applyPlan(transaction, plan, steps, { signal: run.signal, commit, ended });
        override = plan.forGuest === plan.document ? {} : override;
        learn(info);
        guestFile.forget();
      } else {
        commit();
        steps.skip('validate', 'write', 'reload', 'restart', 'ping', 'readBack');
        await store.keep(plan.text, false);
        await ended();
      }
    } catch (error) {
      const left = store.journal() !== undefined;
      if (!reached.end && !left) {
        const cancelled = run.signal.aborted && !reached.commit;
        await history.add(entryOf(plan, cancelled ? 'cancelled' : 'rolledBack', cancelled ? undefined : error));
      }
      if (left && isBerthError(error)) {
        deps.notify('error', error);
      }
      if (guest.available.get() && !left) {
        await refresh(quiet).catch((cause: unknown) => log.warn('what is in force could not be read', { error: cause }));
      }
      throw error;
    }
  }

  /** Ends what a rolled back change could not end, and refuses to write over what somebody wrote by hand. */
  async function ready(taking: boolean): Promise<void> {
    if (store.journal() !== undefined) {
      if (!guest.available.get()) {
        throw new BerthError('config.interrupted', { detail: '' });
      }
      await recovery.settle();
    }
    if (guest.available.get() && !taking && (await guestFile.look().catch(() => undefined)) !== undefined) {
      publish();
      throw new BerthError('config.guestEdited', {});
    }
  }

  function apply(asked: Asked, revision: string): Promise<StartedTask> {
    if (revision !== store.current().revision) {
      throw new BerthError('config.conflict', {});
    }
    if (turns > 0 && task !== undefined) {
      throw new BerthError('config.busy', {});
    }
    refuse(asked.text, store.current().document);
    return begin(async () => {
      if (revision !== store.current().revision) {
        throw new BerthError('config.conflict', {});
      }
      await ready(asked.origin === 'guest');
      return makePlan(deps, asked, await present(), await context(asked.text, quiet));
    });
  }

  async function settleGuestEdit(decision: 'take' | 'drop', revision: string, accept: Asked['accept']): Promise<StartedTask> {
    const text = guest.available.get() ? await guestFile.look() : undefined;
    publish();
    if (text === undefined) {
      throw new BerthError('config.noGuestEdit', {});
    }
    if (decision === 'take') {
      return apply({ text, origin: 'guest', accept }, revision);
    }
    return begin(async () => {
      const kept = store.current();
      const known = await contextOf(deps, quiet, true);
      const plan = makePlan(deps, { text: kept.text, origin: 'guest', accept: { ...accept, warnings: true } }, await present(), known);
      const edited = documentOf(text);
      const wanted = plan.forGuest;
      const changes = diffDocuments(edited, wanted);
      const keys = changes.map(({ key }) => key);
      // An edit that nobody restarted dockerd for is in the file only, as far as it can be seen.
      const { info } = known;
      const fileOnly = info !== undefined && allShown(wanted, info, keys) && differences(wanted, info, keys).length === 0;
      const cost = classOfChanges(changes, edited, wanted);
      if (fileOnly || cost === 'none' || cost === 'reload') {
        return { ...plan, changes, keys, class: 'reload', way: 'reload' };
      }
      const stops = cost === 'disruptive' ? deps.present().running : [];
      if (cost === 'disruptive' && !accept.disruptive) {
        throw new BerthError('config.needsAcceptance', { warnings: 0, stops: stops.length, hidesImages: 0 });
      }
      return { ...plan, changes, keys, class: cost, way: 'restart', stops };
    });
  }

  /**
   * A document that was kept while the VM was suspended: the guest that goes on was given the one before. What would stop its containers waits for
   * somebody's word.
   */
  async function catchUp(): Promise<void> {
    const kept = store.current();
    const good = store.lastGood();
    if (store.journal() !== undefined || kept.text === good.text) {
      return;
    }
    try {
      const asked = { text: kept.text, origin: history.originOf(kept.text), accept: WARNINGS_ONLY };
      const plan = async (): Promise<Plan> =>
        makePlan(deps, asked, { ...(await present()), document: good.document }, await context(kept.text, quiet));
      const { done } = await begin(plan);
      await done;
    } catch (error) {
      const waits = isBerthError(error) && error.code === 'config.needsAcceptance';
      const keys = diffDocuments(good.document, kept.document).map(({ key }) => key);
      deps.notify('warn', waits ? new BerthError('config.waits', { keys: keys.join(', ') }) : fromWireError(toWireError(error)));
    }
  }

  const idOf = async (started: StartedTask | Promise<StartedTask>): Promise<{ readonly task: string }> => ({ task: (await started).id });

  async function* changes(signal: AbortSignal): AsyncGenerator<ConfigState> {
    if (guest.available.get() && turns === 0) {
      // Somebody looks: what was done in the guest by hand is seen now.
      look(signal);
    }
    yield* follow(state, signal);
  }

  /** A change whose way back ended with dockerd, given up on by the guest: when somebody had it started again. */
  async function settleLeft(): Promise<void> {
    if (store.journal() === undefined || !guest.available.get()) {
      return;
    }
    settling = true;
    try {
      await recovery.settle();
      await refresh(quiet);
    } finally {
      settling = false;
    }
  }

  const unsubscribe = [
    guest.available.subscribe((is) => {
      if (!is) {
        inForce.set(undefined);
        guestFile.forget();
        publish();
      }
    }),
    guest.engine.subscribe((engine) => {
      // Ending it may restart dockerd, which then answers anew.
      if (engine !== undefined && !settling && store.journal() !== undefined) {
        inTurn(settleLeft).catch((error: unknown) => log.warn('a change that was left half done was not ended', { error }));
      }
    }),
  ];

  return {
    document,
    inForce,
    handlers: {
      'config.changes': (_input, { signal }) => changes(signal),
      'config.check': async ({ text }, { signal }) => checkAsked(deps, text, await present(), await context(text, signal)),
      'config.apply': ({ text, revision, origin, accept }) => idOf(apply({ text, origin, accept }, revision)),
      'config.history': (): readonly ConfigHistoryEntry[] => history.list(),
      'config.restore'({ id, revision, accept }) {
        const text = history.textOf(id);
        if (text === undefined) {
          throw new BerthError('config.noEntry', { id });
        }
        return idOf(apply({ text, origin: 'history', accept }, revision));
      },
      'config.settleGuestEdit': ({ decision, revision, accept }) => {
        if (revision !== store.current().revision) {
          throw new BerthError('config.conflict', {});
        }
        return idOf(settleGuestEdit(decision, revision, accept));
      },
    },
    change: (origin, edit, options = {}) =>
      begin(async () => {
        await ready(false);
        const text = formatDocument(edit(store.current().document));
        const asked = { text, origin, accept: options.accept ?? WARNINGS_ONLY, options };
        return makePlan(deps, asked, await present(), await context(text, quiet));
      }),
    overrideLive: (key, value) =>
      inTurn(async () => {
        const before = await guestText(transaction);
        const wanted = value === undefined ? {} : { [key]: value };
        const after = formatDocument(forGuest({ ...store.current().document, ...wanted }, documentOf(before)));
        await store.setGuestTexts([before, after]);
        await guest.reload(after, AbortSignal.timeout(ANSWER_MS));
        await store.setGuestTexts([after]);
        override = wanted;
        await refresh(quiet);
      }),
    async forBoot() {
      override = {};
      return recovery.forBoot();
    },
    async recover(words) {
      // A change under way looks after its own failure.
      const better = turns === 0 && (await recovery.recover(words));
      publish();
      return better;
    },
    toLastGood: () =>
      inTurn(async () => {
        const keys = await recovery.revert();
        publish();
        return keys;
      }),
    settle: (signal) =>
      inTurn(async () => {
        await recovery.settle();
        // Looking costs two answers of dockerd, and nobody who waits for the engine waits for them.
        look(signal);
        void catchUp();
      }),
    async idle() {
      await turn;
    },
    dispose: () => unsubscribe.forEach((stop) => stop()),
  };
}
