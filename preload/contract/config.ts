// The engine's configuration (daemon.json) as a transaction: state, check, apply as a task with steps, history. main/daemon-config answers.
import { z } from 'zod';
import { call, output, stream } from './define';
import type { ApplyClass } from './daemon-keys';
import type { WireError } from './errors';

/** No daemon.json that means anything is larger. */
export const MAX_CONFIG_CHARACTERS = 256 * 1024;
const configText = z.string().max(MAX_CONFIG_CHARACTERS);
const revision = z.string().min(1).max(128);

/**
 * daemon.json as Berth begins. live-restore: containers outlive a dockerd that is restarted or dies. shutdown-timeout, in seconds: dockerd's own 15 run
 * out while containers still have their 10 s of grace on a slow machine, and it then leaves them recorded as lost (exit 255); the guest waits 60 for it.
 */
export const defaultDaemonDocument: Readonly<Record<string, unknown>> = { 'live-restore': true, 'shutdown-timeout': 50 };

/** 1-based, in characters; the end is exclusive. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

export interface ConfigProblem {
  /** An error refuses the document; a warning must be accepted. */
  readonly severity: 'error' | 'warning';
  /** A code `config.*`. */
  readonly error: WireError;
  /** From the top: `['log-opts', 'max-size']`, `['registry-mirrors', 0]`; empty for the document as a whole. */
  readonly path: readonly (string | number)[];
  readonly place?: TextPlace;
  /** A value at `path` that would be right, e.g. a free subnet. */
  readonly fix?: unknown;
}

export interface ConfigChange {
  /** Top-level key of daemon.json. */
  readonly key: string;
  /** Missing = not set. Credentials are masked. */
  readonly before?: unknown;
  readonly after?: unknown;
  readonly class: ApplyClass;
}

/** What a disruptive change does to what is there now. */
export interface ConfigEffects {
  /** Names of running containers that would be stopped. */
  readonly stops: readonly string[];
  /** Images, containers and their bytes that another storage driver or image store would not show; nothing of them is deleted. */
  readonly hidesImages: number;
  readonly hidesContainers: number;
  readonly hidesBytes: number;
}

export interface ConfigCheck {
  readonly problems: readonly ConfigProblem[];
  readonly changes: readonly ConfigChange[];
  /** Of the costliest change. */
  readonly class: ApplyClass;
  readonly effects: ConfigEffects;
}

/** A key whose value in force is not the one that was asked for. */
export interface ConfigDifference {
  readonly key: string;
  readonly asked?: unknown;
  readonly inForce?: unknown;
}

export interface ConfigState {
  /** The host's daemon.json, which is the truth, as it was written; credentials masked. */
  readonly text: string;
  /** Names this text; an apply says which one it was made from. */
  readonly revision: string;
  /** What the engine says (`docker info`); missing while it is away. */
  readonly inForce?: { readonly at: number; readonly mirrors: readonly string[]; readonly differences: readonly ConfigDifference[] };
  /** Somebody changed the guest's file by hand. */
  readonly guestEdit?: { readonly text: string; readonly changes: readonly ConfigChange[] };
  /** Id of the task that is applying a change now. */
  readonly task?: string;
}

export const configOrigins = ['form', 'editor', 'cli', 'mirrors', 'proxies', 'certificates', 'history', 'guest'] as const;
export type ConfigOrigin = (typeof configOrigins)[number];

export interface ConfigHistoryEntry {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly origin: ConfigOrigin;
  /** The document that was asked for; credentials masked. */
  readonly text: string;
  readonly changes: readonly ConfigChange[];
  readonly class: ApplyClass;
  /** `recovered`: found half done after a crash and settled at the next start, `error` says how. */
  readonly result: 'applied' | 'rolledBack' | 'cancelled' | 'recovered';
  readonly error?: WireError;
  /** dockerd's own line, where it said one. */
  readonly words?: string;
  /** The key that those words are about, where they tell. */
  readonly key?: string;
}

/** Names of the steps of a config task in `Task.steps`, in order; the last two only after a failure. */
export const configSteps = ['check', 'validate', 'write', 'reload', 'restart', 'ping', 'readBack', 'rollBack', 'answer'] as const;
export type ConfigStep = (typeof configSteps)[number];

/** What the user has seen and wants nevertheless. */
const accept = z.strictObject({ warnings: z.boolean().default(false), disruptive: z.boolean().default(false) }).prefault({});

export const configTable = {
  'config.changes': stream(z.strictObject({}), output<ConfigState>(), 'latest'),
  /** Never rejects for what the document says: that is in `problems`. */
  'config.check': call(z.strictObject({ text: configText }), output<ConfigCheck>()),
  /**
   * The task's `steps` are `configSteps`; it can be cancelled before the write. While the engine is off the document is checked and kept, and
   * tried at the next start. Rejects at once with `config.conflict` (not made from the present text), `config.busy`, `config.needsAcceptance`,
   * or the code of the first problem.
   */
  'config.apply': call(
    z.strictObject({ text: configText, revision, origin: z.enum(['form', 'editor', 'cli']), accept }),
    output<{ readonly task: string }>(),
  ),
  /** Newest first, the last 200. */
  'config.history': call(z.strictObject({}), output<readonly ConfigHistoryEntry[]>()),
  'config.restore': call(z.strictObject({ id: z.string().min(1).max(64), revision, accept }), output<{ readonly task: string }>()),
  /** `take`: the guest's file becomes the host's, by the way of every change; `drop`: the host's is written again. */
  'config.settleGuestEdit': call(
    z.strictObject({ decision: z.enum(['take', 'drop']), revision, accept }),
    output<{ readonly task: string }>(),
  ),
};
