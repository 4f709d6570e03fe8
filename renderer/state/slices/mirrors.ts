// Registry mirrors in this window: what the backend says, and what is the window's own: the draft, results of tests, the apply that is followed.
import type { MirrorsState, MirrorTest } from '../../../preload/contract';

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

export interface MirrorsSlice {
  readonly known: MirrorsState | undefined;
  readonly draft: MirrorsDraft | undefined;
  /** By address: what this window's tests found; mirrors that are not saved yet and Docker Hub itself have no other place. */
  readonly tests: Readonly<Record<string, MirrorTest>>;
  /** Id of the task that puts this window's list in force; stays until its result was dismissed. */
  readonly applying: string | undefined;
}

export const initialMirrors: MirrorsSlice = { known: undefined, draft: undefined, tests: {}, applying: undefined };
