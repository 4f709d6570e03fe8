// What the guest's file holds beside what we wrote there: edits by hand, seen when somebody looks. Changes nothing.
import { sameJson } from '../../preload/contract';
import type { ConfigState } from '../../preload/contract';
import type { ConfigGuest } from './daemon-config';
import { diffDocuments } from './diff';
import { maskDocumentText } from './mask';
import { parseDocument } from './parse';
import { documentOf } from './store';
import type { Store } from './store';

export interface GuestFile {
  /** Reads it; undefined = it is what we wrote, whatever its layout. */
  look(): Promise<string | undefined>;
  /** What the last look found. */
  edit(): ConfigState['guestEdit'];
  forget(): void;
}

export function createGuestFile({ store, guest }: { readonly store: Store; readonly guest: ConfigGuest }): GuestFile {
  let edit: ConfigState['guestEdit'];

  return {
    edit: () => edit,
    forget: () => (edit = undefined),
    async look() {
      const text = await guest.read();
      const { document } = parseDocument(text);
      const ours = store.guestTexts().some((each) => each === text || (document !== undefined && sameJson(documentOf(each), document)));
      const written = store.guestTexts().at(-1);
      if (ours || written === undefined) {
        edit = undefined;
        return undefined;
      }
      const changes = document === undefined ? [] : diffDocuments(documentOf(written), document);
      edit = { text: maskDocumentText(text), changes };
      return text;
    },
  };
}
