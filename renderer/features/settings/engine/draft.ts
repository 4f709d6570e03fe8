// What is typed and not applied: the text, the saved text that it was made from, and how the two come together again when the saved one changed
// meanwhile. Pure.
import type { ConfigState } from '../../../../preload/contract';
import type { ConfigDraft } from '../../../state/slices/config';
import { changedKeys, readValues, setAt } from './text-edit';

export interface Settled {
  /** Missing = nothing is changed. */
  readonly draft?: ConfigDraft;
  /** The saved text is another one than the draft was made from. */
  readonly stale: boolean;
}

/** The draft beside the saved text of now. */
export function settle(draft: ConfigDraft | undefined, saved: Pick<ConfigState, 'text' | 'revision'>): Settled {
  if (draft === undefined || draft.text === saved.text || draft.text === draft.base.text) {
    return { stale: false };
  }
  if (draft.base.text === saved.text) {
    return { draft: { ...draft, base: { text: saved.text, revision: saved.revision } }, stale: false };
  }
  return { draft, stale: true };
}

export function editDraft(
  draft: ConfigDraft | undefined,
  saved: Pick<ConfigState, 'text' | 'revision'>,
  text: string,
  origin: ConfigDraft['origin'],
): ConfigDraft {
  return { base: draft?.base ?? { text: saved.text, revision: saved.revision }, text, origin };
}

export interface Rebased {
  readonly draft: ConfigDraft;
  /** Keys that both sides changed; the draft's values are kept. */
  readonly both: readonly string[];
}

/** The draft's changes, key by key, on the saved text of now; undefined where one of the three texts cannot be read. */
export function rebase(draft: ConfigDraft, saved: Pick<ConfigState, 'text' | 'revision'>): Rebased | undefined {
  const [from, mine, theirs] = [readValues(draft.base.text), readValues(draft.text), readValues(saved.text)];
  if (from === undefined || mine === undefined || theirs === undefined) {
    return undefined;
  }
  const keys = changedKeys(from, mine);
  const text = keys.reduce((at, key) => setAt(at, [key], mine[key]), saved.text);
  const changed = new Set(changedKeys(from, theirs));
  return {
    draft: { ...draft, base: { text: saved.text, revision: saved.revision }, text },
    both: keys.filter((key) => changed.has(key)),
  };
}
