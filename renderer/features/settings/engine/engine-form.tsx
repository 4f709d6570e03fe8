// What the forms and the JSON side share: one draft text, its values, what is wrong with it and where. Forms edit by path; nobody else writes the
// draft but the editor.
import { createContext, useContext } from 'react';
import { sameJson } from '../../../../preload/contract';
import type { ConfigProblem } from '../../../../preload/contract';
import type { Checked } from './use-check';
import { getAt, setAt } from './text-edit';
import type { Path, Values } from './text-edit';

export interface EngineForm {
  readonly text: string;
  /** Of the draft; of the last one that could be read while it cannot be. */
  readonly values: Values;
  readonly saved: Values;
  /** The text cannot be read, or is being applied. */
  readonly locked: boolean;
  readonly checked: Checked | undefined;
  readonly problems: readonly ConfigProblem[];
  /** The engine could not be started with the value that this key still has: its own words. */
  readonly refused: { readonly key: string; readonly words: string } | undefined;
  readonly write: (text: string, origin: 'form' | 'editor') => void;
  /** Shows the place in the JSON. */
  readonly jump: (path: Path) => void;
}

const Context = createContext<EngineForm | undefined>(undefined);
export const EngineFormProvider = Context.Provider;

export function useEngineForm(): EngineForm {
  const form = useContext(Context);
  if (form === undefined) {
    throw new Error('outside of EngineFormProvider');
  }
  return form;
}

export interface Field {
  readonly value: unknown;
  readonly saved: unknown;
  readonly changed: boolean;
  readonly locked: boolean;
  /** At this place and below. */
  readonly problems: readonly ConfigProblem[];
  /** The check refuses it, or dockerd did. */
  readonly wrong: boolean;
  /** `undefined` = not set. */
  readonly set: (value: unknown) => void;
}

/** `fallback` is what dockerd takes where nothing is set: setting it writes nothing, unless the saved text has it written out. */
export function useField(path: Path, fallback?: unknown): Field {
  const { text, values, saved: all, locked, problems, refused, write } = useEngineForm();
  const value = getAt(values, path);
  const saved = getAt(all, path);
  const own = problems.filter((problem) => isWithin(problem.path, path));
  return {
    value,
    saved,
    changed: !sameJson(value, saved),
    locked,
    problems: own,
    wrong: own.some(({ severity }) => severity === 'error') || (path.length === 1 && refused?.key === path[0]),
    set(next) {
      const plain = next === undefined || (saved === undefined && sameJson(next, fallback));
      write(setAt(text, path, plain ? undefined : next), 'form');
    },
  };
}

export function isWithin(path: Path, outer: Path): boolean {
  return outer.every((step, index) => String(path[index]) === String(step));
}
