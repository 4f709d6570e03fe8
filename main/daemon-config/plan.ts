// A text that somebody wants -> what is wrong with it, what it changes, what that costs, and the plan of the change. Changes nothing.
import { randomUUID } from 'node:crypto';
import { BerthError, fromWireError, MAX_CONFIG_CHARACTERS } from '../../preload/contract';
import type { ApplyClass, ConfigChange, ConfigCheck, ConfigEffects, ConfigOrigin, ConfigProblem } from '../../preload/contract';
import { checkText } from './check';
import type { ChangeOptions, DaemonConfigDeps, DaemonDocument } from './daemon-config';
import { classOfChanges, diffDocuments } from './diff';
import { forGuest, formatDocument } from './document';
import { unmaskText } from './mask';
import { parseDocument } from './parse';
import { swarmActive } from './read-back';
import type { Info } from './read-back';
import type { CheckContext } from './rule';
import type { Plan } from './transaction';

const ASK_MS = 10_000;

export interface Asked {
  readonly text: string;
  readonly origin: ConfigOrigin;
  readonly accept: { readonly warnings: boolean; readonly disruptive: boolean };
  readonly options?: ChangeOptions;
}

export type PlanDeps = Pick<DaemonConfigDeps, 'guest' | 'present' | 'now'>;

/**
 * What is known of the engine while it answers; an engine that is away is no reason not to check. `docker info` is the slowest of its answers, and of
 * use to the check only where live-restore is to be another one.
 */
export async function contextOf(
  { guest }: Pick<PlanDeps, 'guest'>,
  signal: AbortSignal,
  withInfo: boolean,
): Promise<CheckContext & { readonly info?: Info }> {
  if (!guest.available.get()) {
    return {};
  }
  const limited = AbortSignal.any([signal, AbortSignal.timeout(ASK_MS)]);
  try {
    const [networks, info] = await Promise.all([guest.networks(limited), withInfo ? guest.info(limited) : undefined]);
    return { networks, ...(info === undefined ? {} : { swarmActive: swarmActive(info), info }) };
  } catch {
    signal.throwIfAborted();
    return {};
  }
}

export interface Present {
  /** The host's. */
  readonly document: DaemonDocument;
  /** What dockerd was given last: what a change costs is measured by it. */
  readonly given: DaemonDocument;
  /** Of this boot only; a change of the key itself ends it. */
  readonly override: Readonly<Record<string, unknown>>;
}

export function checkAsked(
  deps: PlanDeps,
  text: string,
  { document: present, given, override }: Present,
  context: CheckContext,
): ConfigCheck {
  const whole = unmaskText(text, present);
  const { document, problems } = checkText(whole, context);
  // Places are those of the text as the user sees it, where the credentials are masked.
  const seen = whole === text ? problems : problems.map((problem) => placedIn(text, problem));
  if (document === undefined) {
    return { problems: seen, changes: [], class: 'none', effects: noEffects };
  }
  const changes = diffDocuments(present, document);
  const wanted = overridden(document, override, changes);
  const cost = classOfChanges(diffDocuments(given, wanted), given, wanted);
  return { problems: seen, changes, class: cost, effects: effectsOf(deps, changes, cost) };
}

function placedIn(text: string, problem: ConfigProblem): ConfigProblem {
  const place = parseDocument(text).placeOf(problem.path);
  return place === undefined ? problem : { ...problem, place };
}

function overridden(document: DaemonDocument, override: Present['override'], changes: readonly ConfigChange[]): DaemonDocument {
  return changes.some(({ key }) => Object.hasOwn(override, key)) ? document : { ...document, ...override };
}

export const noEffects: ConfigEffects = { stops: [], hidesImages: 0, hidesContainers: 0, hidesBytes: 0 };

/** Running containers are stopped before dockerd and started after it; an image store keeps what the other one does not show. */
function effectsOf(deps: PlanDeps, changes: readonly ConfigChange[], cost: ApplyClass): ConfigEffects {
  if (cost !== 'disruptive' || !deps.guest.available.get()) {
    return noEffects;
  }
  const { running, containers, images, imageBytes } = deps.present();
  const hides = hidesImages(changes);
  return { stops: running, hidesImages: hides ? images : 0, hidesContainers: hides ? containers : 0, hidesBytes: hides ? imageBytes : 0 };
}

function hidesImages(changes: readonly ConfigChange[]): boolean {
  return changes.some((change) => change.class === 'disruptive' && (change.key === 'storage-driver' || change.key === 'features'));
}

/** Whether the check has to know of a swarm. */
export function turnsLiveRestore(text: string, present: DaemonDocument): boolean {
  return parseDocument(text).document?.['live-restore'] !== present['live-restore'];
}

/** Throws the first error that can be seen without an engine. */
export function refuse(text: string, present: DaemonDocument): void {
  const first = checkText(unmaskText(text, present)).problems.find(({ severity }) => severity === 'error');
  if (first !== undefined) {
    throw fromWireError(first.error);
  }
}

/** Throws the first error, or what has to be accepted first. */
export function makePlan(deps: PlanDeps, asked: Asked, present: Present, context: CheckContext): Plan {
  const check = checkAsked(deps, asked.text, present, context);
  const [first] = check.problems.filter(({ severity }) => severity === 'error');
  if (first !== undefined) {
    throw fromWireError(first.error);
  }
  const { accept, options = {} } = asked;
  const text = unmaskText(asked.text, present.document);
  const document = parseDocument(text).document ?? {};
  const wanted = overridden(document, present.override, check.changes);
  const both = options.restart === true && check.class !== 'disruptive' ? restartClass(present.given, wanted) : check.class;
  const bytes = Buffer.byteLength(formatDocument(forGuest(wanted, present.given)));
  if (bytes > MAX_CONFIG_CHARACTERS) {
    // The guest takes no more, and begins with a default of its own where it is given more.
    throw new BerthError('config.tooLarge', { characters: bytes, limit: MAX_CONFIG_CHARACTERS });
  }
  const effects = both === check.class ? check.effects : effectsOf(deps, [], both);
  const warnings = check.problems.length;
  if ((warnings > 0 && !accept.warnings) || (both === 'disruptive' && !accept.disruptive)) {
    throw new BerthError('config.needsAcceptance', {
      warnings: accept.warnings ? 0 : warnings,
      stops: effects.stops.length,
      hidesImages: effects.hidesImages,
    });
  }
  return {
    id: randomUUID(),
    at: (deps.now ?? Date.now)(),
    origin: asked.origin,
    text,
    document,
    forGuest: wanted,
    changes: check.changes,
    keys: diffDocuments(present.given, wanted).map(({ key }) => key),
    class: both,
    way: both === 'none' ? 'none' : both === 'reload' ? 'reload' : 'restart',
    stops: effects.stops,
    ...(options.around === undefined ? {} : { around: options.around }),
  };
}

/** A restart that no key asks for keeps containers only with live-restore. */
function restartClass(before: DaemonDocument, after: DaemonDocument): ApplyClass {
  return before['live-restore'] === true && after['live-restore'] === true ? 'restart' : 'disruptive';
}
