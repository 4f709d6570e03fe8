// The engine's configuration in this window: what the backend has, what is typed and not applied, and the change that is being watched. The draft
// lives here and not in its page, so that a look at the logs does not lose it.
import type { ConfigState } from '../../../preload/contract';

export interface ConfigDraft {
  /** The saved text that it was made from. */
  readonly base: { readonly text: string; readonly revision: string };
  readonly text: string;
  /** What edited it last. */
  readonly origin: 'form' | 'editor';
}

export interface ConfigSlice {
  /** Missing until the backend told. */
  readonly saved?: ConfigState;
  readonly draft?: ConfigDraft;
  /** The task whose steps are shown, and the text it applies where this window asked for it. */
  readonly watched?: { readonly id: string; readonly text?: string };
}

export const initialConfig: ConfigSlice = {};
