// One change that was checked: validate, write, put in force, read back, and all the way back where a step fails. Each step that changes anything is
// in the journal, on disk, before it begins; so is its end. Knows neither who asked nor what a window shows.
import { BerthError, isBerthError } from '../../preload/contract';
import type { ApplyClass, ConfigChange, ConfigOrigin, Notice } from '../../preload/contract';
import { asError, sleep } from '../lib/async';
import type { Logger } from '../lib/logger';
import type { ChangeOptions, ConfigGuest, DaemonDocument } from './daemon-config';
import { forGuest, formatDocument } from './document';
import { differences, eventDifferences, surelyUnread } from './read-back';
import type { Info } from './read-back';
import type { Steps } from './steps';
import { documentOf } from './store';
import type { Journal, JournalStage, Store } from './store';
import { cleanWords, errorWords, keyOfWords, linesSince } from './words';

/** What dockerd needs for a reload and for an answer, many times over. */
const ANSWER_MS = 60_000;
const LOG_LINES = 200;
const WORDS_TRIES = 5;
const WORDS_PAUSE_MS = 200;

export interface Plan {
  readonly id: string;
  readonly at: number;
  readonly origin: ConfigOrigin;
  /** The host's new document. */
  readonly text: string;
  readonly document: DaemonDocument;
  /** As the guest's file is to mean it: the same but for what is overridden for this boot. */
  readonly forGuest: DaemonDocument;
  readonly changes: readonly ConfigChange[];
  /** What is another one than dockerd was given last: read back in the end. */
  readonly keys: readonly string[];
  readonly class: ApplyClass;
  readonly way: 'none' | 'reload' | 'restart';
  /** Names of the running containers that it stops, and starts again. */
  readonly stops: readonly string[];
  readonly around?: ChangeOptions['around'];
}

export interface TransactionDeps {
  readonly store: Store;
  readonly guest: ConfigGuest;
  readonly log: Logger;
  notify(level: Notice['level'], error: BerthError): void;
}

export interface Control {
  readonly signal: AbortSignal;
  /** From now on it is not to be cancelled. */
  commit(): void;
  /** It ended, for good: said before the journal is closed, so that a crash leaves no end unsaid. */
  ended(error?: BerthError): Promise<void>;
}

/** Rejects with the failure, after the way back; with `config.interrupted` or `config.rollBackFailed` the journal is left for `finish`. */
export async function applyPlan(deps: TransactionDeps, plan: Plan, steps: Steps, control: Control): Promise<Info> {
  const { store, guest } = deps;
  const guestBefore = await guestText(deps);
  const guestAfter = formatDocument(forGuest(plan.forGuest, documentOf(guestBefore)));
  await steps.run('validate', async () => {
    const { ok, words } = await guest.validate(guestAfter, control.signal);
    if (!ok) {
      throw failure('config.refused', cleanWords(words), plan.changes);
    }
  });
  control.signal.throwIfAborted();
  control.commit();
  const { id, at, origin, text, stops, changes, way } = plan;
  const journal: Journal = {
    ...{ format: 1, id, at, origin, stage: 'write', text, guestBefore, guestAfter, class: plan.class },
    ...{ way: way === 'none' ? 'reload' : way, containers: [...stops], changes: [...changes] },
  };
  let stage: JournalStage = 'write';
  const reach = async (next: JournalStage): Promise<void> => {
    stage = next;
    await store.writeJournal({ ...journal, stage });
  };
  let resume = (): void => undefined;
  const logBefore = await guest.tail(LOG_LINES).catch((): readonly string[] => []);
  try {
    await steps.run('write', async () => {
      await reach('write');
      await plan.around?.apply();
      await store.setGuestTexts([guestBefore, guestAfter]);
      await guest.write(guestAfter);
    });
    let event: Readonly<Record<string, string>> | undefined;
    if (way === 'reload') {
      steps.skip('restart');
      await steps.run('reload', async () => {
        await reach('reload');
        event = await guest.reload(guestAfter, AbortSignal.timeout(ANSWER_MS));
      });
    } else if (way === 'restart') {
      steps.skip('reload');
      await steps.run('restart', async () => {
        await reach('restart');
        resume = guest.pauseEvents();
        await guest.stopContainers(stops);
        await guest.restart(guestAfter);
      });
    } else {
      steps.skip('reload', 'restart');
    }
    await steps.run('ping', async () => {
      await reach('ping');
      await guest.ping(new AbortController().signal);
    });
    const info = await steps.run('readBack', async () => {
      const found = await guest.info(AbortSignal.timeout(ANSWER_MS));
      const { keys } = plan;
      const [wrong] = [...differences(plan.forGuest, found, keys), ...eventDifferences(plan.forGuest, event ?? {}, keys)];
      if (wrong !== undefined) {
        throw new BerthError('config.notInForce', { key: wrong.key, detail: JSON.stringify(wrong.inForce) });
      }
      return found;
    });
    await reach('keep');
    await keep(deps, { ...journal, stage });
    resume();
    await startAgain(deps, stops);
    await control.ended();
    await store.writeJournal(undefined);
    return info;
  } catch (error) {
    throw await undo(deps, plan, { ...journal, stage }, steps, error, control, resume, logBefore);
  } finally {
    resume();
  }
}

/** Back to where it was; returns what is to be said of it. */
async function undo(
  deps: TransactionDeps,
  plan: Plan,
  journal: Journal,
  steps: Steps,
  cause: unknown,
  control: Control,
  resume: () => void,
  logBefore: readonly string[],
): Promise<BerthError> {
  const { store, guest, log } = deps;
  log.warn('a change of the configuration failed', { stage: journal.stage, error: cause });
  if (journal.stage === 'keep') {
    // It is in force; what failed is the host's disk. The journal says that it holds.
    return isBerthError(cause) ? cause : new BerthError('config.interrupted', { detail: asError(cause).message });
  }
  const words = await wordsSince(guest, logBefore, plan.way === 'restart' ? 'start' : 'reload');
  try {
    await steps.run('rollBack', async () => {
      await store.writeJournal({ ...journal, stage: 'rollBack' });
      await plan.around?.undo();
      await putBack(deps, journal);
    });
    await steps.run('answer', async () => {
      await guest.ping(new AbortController().signal);
      await store.writeJournal({ ...journal, stage: 'rolledBack' });
    });
    resume();
    await startAgain(deps, journal.containers);
    const error = explained(cause, words, plan);
    await control.ended(error);
    await store.writeJournal(undefined);
    return error;
  } catch (error) {
    log.error('the previous configuration was not put back', { error });
    return guest.available.get() && !isGone(error)
      ? failure('config.rollBackFailed', words === '' ? asError(error).message : words, plan.changes)
      : new BerthError('config.interrupted', { detail: asError(cause).message });
  }
}

/** An end is told before its last words have passed the guest's log. */
async function wordsSince(guest: ConfigGuest, before: readonly string[], of: 'start' | 'reload'): Promise<string> {
  for (let tries = 0; ; tries += 1) {
    const words = errorWords(linesSince(before, await guest.tail(LOG_LINES).catch(() => [])), of);
    if (words !== '' || tries === WORDS_TRIES) {
      return words;
    }
    await sleep(WORDS_PAUSE_MS);
  }
}

/** dockerd's words tell more than that it ended. */
function explained(cause: unknown, words: string, { changes }: Plan): BerthError {
  return isBerthError(cause) && !['engine.exited', 'engine.away', 'engine.notAnswering'].includes(cause.code)
    ? cause
    : failure('config.rolledBack', words === '' ? asError(cause).message : words, changes);
}

/** The guest's file as it was in meaning, and dockerd on it, as far as it had been told of the other one. It does not have to answer yet. */
async function putBack({ store, guest, log }: TransactionDeps, journal: Journal): Promise<void> {
  const text = formatDocument(forGuest(documentOf(journal.guestBefore), documentOf(journal.guestAfter)));
  await store.setGuestTexts([journal.guestBefore, journal.guestAfter, text]);
  if (journal.stage === 'write') {
    await guest.write(text);
  } else if (journal.way === 'reload') {
    await guest.reload(text, AbortSignal.timeout(ANSWER_MS)).catch(async (error: unknown) => {
      log.warn('the previous configuration was not reloaded; restarting on it', { error });
      await guest.restart(text);
    });
  } else {
    // Where dockerd did not start again none of them runs.
    await guest.stopContainers(journal.containers).catch((error: unknown) => log.info('nothing was stopped', { error }));
    await guest.restart(text);
  }
  await store.setGuestTexts([text]);
}

/** Ends what a crash left: everything in force, or everything as it was. `booted` = the guest began anew, with what `forBoot` gave it. */
export async function finish(deps: TransactionDeps, journal: Journal, booted: boolean): Promise<'new' | 'old'> {
  const { store, guest } = deps;
  const end = async (result: 'new' | 'old'): Promise<'new' | 'old'> => {
    await startAgain(deps, journal.containers);
    return result;
  };
  if (journal.stage === 'keep') {
    await keep(deps, journal, booted);
    return end('new');
  }
  if (booted || journal.stage === 'rolledBack') {
    return end('old');
  }
  if (journal.stage === 'ping' && (await guest.read()) === journal.guestAfter) {
    if (await holds(guest, journal.guestAfter, journal)) {
      await store.writeJournal({ ...journal, stage: 'keep' });
      await keep(deps, journal);
      return end('new');
    }
  }
  const resume = guest.pauseEvents();
  try {
    // Between the write and what comes next dockerd was told nothing, unless it ended by itself and read the file.
    const unread = journal.stage !== 'write' || (await isUnread(guest, journal));
    await putBack(deps, unread ? journal : { ...journal, stage: journal.way });
    await guest.ping(new AbortController().signal);
    await store.writeJournal({ ...journal, stage: 'rolledBack' });
  } finally {
    resume();
  }
  return end('old');
}

async function isUnread(guest: ConfigGuest, { guestBefore, guestAfter, changes }: Journal): Promise<boolean> {
  const info = await guest.info(AbortSignal.timeout(ANSWER_MS));
  const keys = changes.map(({ key }) => key);
  return surelyUnread(documentOf(guestBefore), documentOf(guestAfter), info, keys);
}

/** As far as the engine shows what was to be changed. */
async function holds(guest: ConfigGuest, text: string, { changes }: Journal): Promise<boolean> {
  const info = await guest.info(AbortSignal.timeout(ANSWER_MS));
  return (
    differences(
      documentOf(text),
      info,
      changes.map(({ key }) => key),
    ).length === 0
  );
}

async function keep({ store }: TransactionDeps, journal: Journal, booted = false): Promise<void> {
  await store.keep(journal.text, true);
  if (!booted) {
    await store.setGuestTexts([journal.guestAfter]);
  }
}

/** What was last given to the guest; of a guest that another version of Berth left running, what it has. */
export async function guestText({ store, guest }: Pick<TransactionDeps, 'store' | 'guest'>): Promise<string> {
  return store.guestTexts().at(-1) ?? (await guest.read());
}

/** A container that does not start is no reason to go back. */
async function startAgain(deps: TransactionDeps, names: readonly string[]): Promise<void> {
  if (names.length > 0) {
    const failed = await deps.guest.startContainers(names);
    if (failed.length > 0) {
      deps.notify(
        'warn',
        new BerthError('config.notStarted', { names: failed.map(({ name }) => name).join(', '), detail: failed[0]?.words ?? '' }),
      );
    }
  }
}

function failure(
  code: 'config.refused' | 'config.rolledBack' | 'config.rollBackFailed',
  words: string,
  changes: readonly ConfigChange[],
): BerthError {
  const key = keyOfWords(words, changes);
  return new BerthError(code, { key: key === '' ? 'none' : key, detail: words });
}

function isGone(error: unknown): boolean {
  return isBerthError(error) && ['vm.notRunning', 'engine.away', 'ssh.unreachable'].includes(error.code);
}
