// Registry mirrors in this window: what the backend says, and what is the window's own: the draft, results of tests, the apply that is followed.
import type { MirrorsState, MirrorTest, PrefixMirror } from '../../../preload/contract';

export interface DraftMirror {
  /** The address it has in the saved list, or one of the draft's own; stays the same while the address is edited. */
  readonly key: string;
  readonly url: string;
  readonly name: string;
  readonly note: string;
  readonly enabled: boolean;
}

export interface MirrorsDraft {
  /** The saved list that it was made from. */
  readonly revision: string;
  readonly base: readonly DraftMirror[];
  readonly items: readonly DraftMirror[];
}

export interface PrefixLine extends PrefixMirror {
  readonly key: number;
}

export interface Applying {
  readonly task: string;
  /** What was sent, until the draft was settled with it; undefined where the list was made by the backend. */
  readonly sent: readonly DraftMirror[] | undefined;
}

export interface MirrorsSlice {
  readonly known: MirrorsState | undefined;
  readonly draft: MirrorsDraft | undefined;
  /** Prefix mirrors as they are being edited. */
  readonly prefixes: readonly PrefixLine[] | undefined;
  /** By address: what this window's tests found; mirrors that are not saved yet and Docker Hub itself have no other place. */
  readonly tests: Readonly<Record<string, MirrorTest>>;
  /** The task that puts this window's list in force; stays until its result was dismissed. */
  readonly applying: Applying | undefined;
}

export const initialMirrors: MirrorsSlice = { known: undefined, draft: undefined, prefixes: undefined, tests: {}, applying: undefined };

/** The draft after the backend switched a mirror off in the saved list. */
export function switchedOff(draft: MirrorsDraft, url: string): MirrorsDraft {
  const off = (items: MirrorsDraft['items']): MirrorsDraft['items'] =>
    items.map((item) => (item.url === url ? { ...item, enabled: false } : item));
  return { ...draft, base: off(draft.base), items: off(draft.items) };
}
