// The engine's configuration in this window: what the backend has, what is typed and not applied, and the change that is being watched. The draft
// lives here and not in its page, so that a look at the logs does not lose it. Pure.
import type { ConfigState } from '../../../preload/contract';

export type SavedText = Pick<ConfigState, 'text' | 'revision'>;

export interface ConfigDraft {
  /** The saved text that it was made from. */
  readonly base: SavedText;
  readonly text: string;
  /** What edited it last. */
  readonly origin: 'form' | 'editor';
}

export interface ConfigSlice {
  /** Missing until the backend told. */
  readonly saved: ConfigState | undefined;
  /** Missing while nothing is changed. */
  readonly draft: ConfigDraft | undefined;
  /** Id of the task whose steps are shown. */
  readonly watched: string | undefined;
  /** The text that this window asked to be applied last. */
  readonly applied: string | undefined;
}

export const initialConfig: ConfigSlice = { saved: undefined, draft: undefined, watched: undefined, applied: undefined };

/** A change that another window, the command line or another page began is watched too. */
export function applySaved(slice: ConfigSlice, saved: ConfigState): ConfigSlice {
  return { ...slice, saved, draft: settle(slice.draft, saved), watched: saved.task ?? slice.watched };
}

export function editDraft(
  draft: ConfigDraft | undefined,
  saved: SavedText,
  text: string,
  origin: ConfigDraft['origin'],
): ConfigDraft | undefined {
  return settle({ base: draft?.base ?? pick(saved), text, origin }, saved);
}

/** A draft that says what is saved is none; another name for the same saved text is followed. What else changed there leaves the draft stale. */
export function settle(draft: ConfigDraft | undefined, saved: SavedText): ConfigDraft | undefined {
  if (draft === undefined || draft.text === saved.text || draft.text === draft.base.text) {
    return undefined;
  }
  return draft.base.text === saved.text ? { ...draft, base: pick(saved) } : draft;
}

export function isStale(draft: ConfigDraft | undefined, saved: SavedText): boolean {
  return draft !== undefined && draft.base.revision !== saved.revision;
}

function pick({ text, revision }: SavedText): SavedText {
  return { text, revision };
}
