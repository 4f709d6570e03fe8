// A draft that was made from an earlier saved text, brought onto the one of now, key by key. Pure.
import type { ConfigDraft, SavedText } from '../../../state/slices/config';
import { changedKeys, readValues, setAt } from './text-edit';

export interface Rebased {
  readonly draft: ConfigDraft;
  /** Keys that both sides changed; the draft's values are kept. */
  readonly both: readonly string[];
}

/** Undefined where one of the three texts cannot be read. */
export function rebase(draft: ConfigDraft, { text: savedText, revision }: SavedText): Rebased | undefined {
  const [from, mine, theirs] = [readValues(draft.base.text), readValues(draft.text), readValues(savedText)];
  if (from === undefined || mine === undefined || theirs === undefined) {
    return undefined;
  }
  const keys = changedKeys(from, mine);
  const text = keys.reduce((at, key) => setAt(at, [key], mine[key]), savedText);
  const changed = new Set(changedKeys(from, theirs));
  return { draft: { ...draft, base: { text: savedText, revision }, text }, both: keys.filter((key) => changed.has(key)) };
}
