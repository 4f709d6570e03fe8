// What a rule of one key gets. Types only: the rules are in rules-*.ts, and check.ts runs them.
import type { DaemonDocument } from './daemon-config';
import type { ConfigPath } from './key-name';
import type { Problems } from './problems';

/** What is known of the engine; each may be missing, and then less is checked. */
export interface CheckContext {
  /** Docker networks that there are, without the default bridge. */
  readonly networks?: readonly { readonly name: string; readonly subnet: string }[];
  readonly swarmActive?: boolean;
  /** Logging drivers of installed plug-ins. */
  readonly logPlugins?: readonly string[];
}

/** Run only where the value has its key's type, all the way down. */
export type Rule<T> = (value: T, at: RuleContext) => void;

export interface RuleContext {
  readonly path: ConfigPath;
  readonly document: DaemonDocument;
  readonly context: CheckContext;
  readonly problems: Problems;
}
