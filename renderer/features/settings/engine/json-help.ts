// Completion and hover of the editor, from the table of dockerd's keys; which words explain a key is handed in.
import { snippetCompletion } from '@codemirror/autocomplete';
import type { Completion, CompletionContext, CompletionResult, CompletionSource } from '@codemirror/autocomplete';
import type { Extension } from '@codemirror/state';
import { hoverTooltip } from '@codemirror/view';
import { getLocation } from 'jsonc-parser';
import { offersAt } from './completion';
import type { Offer } from './completion';
import type { Path } from './text-edit';

export interface Description {
  readonly title: string;
  readonly text: string;
  /** "Default 1500 · restarts the engine". */
  readonly facts: string;
}
export type Describe = (path: Path) => Description | undefined;

export function createCompletion(describe: Describe): CompletionSource {
  return ({ state, pos, explicit }: CompletionContext): CompletionResult | null => {
    const text = state.doc.toString();
    const found = offersAt(text, pos);
    if (found === undefined || (!explicit && found.from === pos)) {
      return null;
    }
    const quoted = text[found.from] === '"';
    return { from: found.from, to: found.to, filter: true, options: found.offers.map((offer) => completion(offer, quoted, describe)) };
  };
}

/** CodeMirror filters by what is written, its quote included. */
function completion({ label, insert, path, kind, rare }: Offer, quoted: boolean, describe: Describe): Completion {
  const words = describe(path);
  const shown = kind === 'key' && quoted ? JSON.stringify(label) : label;
  return {
    ...snippetCompletion(insert.replace(/[{}]/g, '\\$&').replace(/""$/, '"${}"').replace(/\[\]$/, '[${}]'), { label: shown }),
    displayLabel: label,
    ...(words === undefined ? {} : { detail: words.title, info: () => box(words) }),
    boost: rare ? -1 : 0,
  };
}

export function createHover(describe: Describe): Extension {
  return hoverTooltip((view, pos) => {
    const { path, previousNode, isAtPropertyKey } = getLocation(view.state.doc.toString(), pos);
    const words = previousNode === undefined || !isAtPropertyKey ? undefined : describe(path);
    if (previousNode === undefined || words === undefined || pos < previousNode.offset || pos > previousNode.offset + previousNode.length) {
      return null;
    }
    return { pos: previousNode.offset, end: previousNode.offset + previousNode.length, above: true, create: () => ({ dom: box(words) }) };
  });
}

function box({ title, text, facts }: Description): HTMLElement {
  const dom = document.createElement('div');
  dom.className = 'cm-words';
  for (const [name, words] of [
    ['cm-words-title', title],
    ['', text],
    ['cm-words-facts', facts],
  ] as const) {
    if (words !== '') {
      const line = dom.appendChild(document.createElement('p'));
      line.className = name;
      line.textContent = words;
    }
  }
  return dom;
}
