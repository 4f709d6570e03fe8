// CodeMirror around the draft: one text in, each change out. It lives in a shadow root, where its styles are constructed sheets and no inline ones.
// Loaded when first shown. Knows nothing of forms; problems and texts are handed in.
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { json } from '@codemirror/lang-json';
import { bracketMatching, indentOnInput } from '@codemirror/language';
import { lintKeymap, setDiagnostics } from '@codemirror/lint';
import type { Diagnostic } from '@codemirror/lint';
import { Annotation, Compartment, EditorState } from '@codemirror/state';
import { EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from '@codemirror/view';
import { useEffect, useImperativeHandle, useRef } from 'react';
import type { ReactNode, Ref } from 'react';
import { createCompletion, createHover } from './json-help';
import type { Describe } from './json-help';
import { editorLook } from './json-look';
import type { Path } from './text-edit';

export interface JsonMark {
  readonly from: number;
  readonly to: number;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly fix?: { readonly name: string; readonly path: Path; readonly value: unknown };
}

export interface JsonEditorHandle {
  readonly jump: (range: { readonly from: number; readonly to: number }) => void;
}

interface JsonEditorProps {
  readonly text: string;
  readonly readOnly: boolean;
  /** Missing = those of before stay. */
  readonly marks: readonly JsonMark[] | undefined;
  readonly label: string;
  readonly phrases: Readonly<Record<string, string>>;
  readonly describe: Describe;
  readonly onChange: (text: string) => void;
  readonly onFix: (path: Path, value: unknown) => void;
  readonly ref?: Ref<JsonEditorHandle>;
}

/** Changes that came from the forms are not told back. */
const fromOutside = Annotation.define<boolean>();

export function JsonEditor({ text, readOnly, marks, label, phrases, describe, onChange, onFix, ref }: JsonEditorProps): ReactNode {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const now = useRef({ text, describe, onChange, onFix });
  useEffect(() => {
    now.current = { text, describe, onChange, onFix };
  });
  const settings = useRef({ readOnly: new Compartment(), words: new Compartment() });

  useEffect(() => {
    if (host.current === null) {
      return;
    }
    const root = host.current.shadowRoot ?? host.current.attachShadow({ mode: 'open' });
    const editor = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: now.current.text,
        extensions: [
          lineNumbers(),
          history(),
          drawSelection(),
          indentOnInput(),
          bracketMatching(),
          closeBrackets(),
          highlightActiveLine(),
          highlightActiveLineGutter(),
          json(),
          editorLook,
          autocompletion({ override: [createCompletion((path) => now.current.describe(path))], icons: false }),
          createHover((path) => now.current.describe(path)),
          keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...completionKeymap, ...lintKeymap]),
          EditorState.tabSize.of(2),
          settings.current.readOnly.of([]),
          settings.current.words.of([]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged && !update.transactions.some((transaction) => transaction.annotation(fromOutside) === true)) {
              now.current.onChange(update.state.doc.toString());
            }
          }),
        ],
      }),
    });
    view.current = editor;
    return () => editor.destroy();
  }, []);

  useEffect(() => {
    view.current?.dispatch({
      effects: [
        settings.current.readOnly.reconfigure(EditorState.readOnly.of(readOnly)),
        settings.current.words.reconfigure([EditorState.phrases.of(phrases), EditorView.contentAttributes.of({ 'aria-label': label })]),
      ],
    });
  }, [readOnly, phrases, label]);

  useEffect(() => {
    const change = view.current && replacement(view.current.state.doc.toString(), text);
    if (change !== undefined) {
      view.current?.dispatch({ changes: change, annotations: fromOutside.of(true) });
    }
  }, [text]);

  useEffect(() => {
    const editor = view.current;
    if (editor !== undefined && marks !== undefined) {
      const fix = ({ path, value }: NonNullable<JsonMark['fix']>): void => now.current.onFix(path, value);
      editor.dispatch(setDiagnostics(editor.state, diagnosticsOf(marks, editor.state.doc.length, fix)));
    }
  }, [marks]);

  useImperativeHandle(ref, () => ({
    jump({ from, to }) {
      const editor = view.current;
      if (editor !== undefined) {
        const end = editor.state.doc.length;
        editor.dispatch({ selection: { anchor: Math.min(from, end), head: Math.min(to, end) }, scrollIntoView: true });
        editor.focus();
      }
    },
  }));

  return <div ref={host} style={{ height: '100%' }} />;
}

/** The least that makes one text of the other, so that the cursor and the history of undo stay. */
function replacement(before: string, after: string): { readonly from: number; readonly to: number; readonly insert: string } | undefined {
  if (before === after) {
    return undefined;
  }
  const least = Math.min(before.length, after.length);
  let from = 0;
  while (from < least && before[from] === after[from]) {
    from += 1;
  }
  let tail = 0;
  while (tail < least - from && before[before.length - 1 - tail] === after[after.length - 1 - tail]) {
    tail += 1;
  }
  return { from, to: before.length - tail, insert: after.slice(from, after.length - tail) };
}

function diagnosticsOf(marks: readonly JsonMark[], length: number, onFix: (fix: NonNullable<JsonMark['fix']>) => void): Diagnostic[] {
  return marks
    .map(({ from, to, severity, message, fix }) => ({
      from: Math.min(from, length),
      to: Math.min(to, length),
      severity,
      message,
      ...(fix === undefined ? {} : { actions: [{ name: fix.name, apply: () => onFix(fix) }] }),
    }))
    .sort((a, b) => a.from - b.from);
}
