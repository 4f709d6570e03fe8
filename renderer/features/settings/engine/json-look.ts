// The editor's clothes, from the window's tokens; they change with the theme by themselves.
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import type { Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';

const wavy = (colour: string): Readonly<Record<string, string>> => ({
  // The package's own is a picture in a data URL, which the window's policy refuses.
  backgroundImage: 'none',
  textDecoration: `underline wavy ${colour} 1px`,
  textUnderlineOffset: '3px',
  textDecorationSkipInk: 'none',
});

const look = EditorView.theme({
  '&': { height: '100%', color: 'var(--b-text)', backgroundColor: 'transparent', fontSize: '12px' },
  '&.cm-focused': { outline: 'none' },
  '&.cm-focused .cm-scroller': { outline: '2px solid var(--b-focus)', outlineOffset: '-2px' },
  '.cm-scroller': { fontFamily: 'var(--b-mono)', lineHeight: '20px', fontFeatureSettings: "'calt' 0, 'liga' 0" },
  '.cm-content': { padding: '2px 0 12px', caretColor: 'var(--b-text)' },
  '.cm-line': { padding: '0 12px 0 2px' },
  '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--b-text-3)', border: '0' },
  '.cm-lineNumbers .cm-gutterElement': { minWidth: '34px', padding: '0 12px 0 0' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'transparent' },
  '&.cm-focused .cm-activeLine, &.cm-focused .cm-activeLineGutter': { backgroundColor: 'var(--b-bg-hover)', color: 'inherit' },
  '.cm-cursor': { borderLeftColor: 'var(--b-text)', borderLeftWidth: '1.5px' },
  '.cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground': {
    background: 'var(--b-accent-soft)',
  },
  '.cm-matchingBracket': { backgroundColor: 'transparent' },
  '&.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--b-bg-press)', color: 'inherit' },
  '.cm-nonmatchingBracket, &.cm-focused .cm-nonmatchingBracket': { backgroundColor: 'var(--b-bad-soft)', color: 'inherit' },
  '.cm-lintRange-error': wavy('var(--b-bad)'),
  '.cm-lintRange-warning': wavy('var(--b-warn)'),
  '.cm-lintRange-active': { backgroundColor: 'var(--b-bad-soft)' },
  '.cm-lintPoint-error:after': { borderBottomColor: 'var(--b-bad)' },
  '.cm-lintPoint-warning:after': { borderBottomColor: 'var(--b-warn)' },
  '.cm-tooltip': {
    border: '0',
    borderRadius: 'var(--b-r-3)',
    backgroundColor: 'var(--b-bg-raised)',
    boxShadow: 'var(--b-shadow-pop)',
    color: 'var(--b-text)',
    fontFamily: 'var(--b-sans)',
    fontSize: '12px',
    lineHeight: '18px',
  },
  '.cm-tooltip.cm-tooltip-autocomplete': { padding: '4px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--b-mono)', maxHeight: '240px', maxWidth: 'min(420px, 90vw)' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '4px 8px', lineHeight: '18px', borderRadius: 'var(--b-r-2)' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { background: 'var(--b-bg-selected)', color: 'var(--b-text)' },
  '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '600', color: 'var(--b-accent-text)' },
  '.cm-completionDetail': { fontFamily: 'var(--b-sans)', fontStyle: 'normal', color: 'var(--b-text-3)', marginLeft: '10px' },
  '.cm-tooltip.cm-completionInfo': { padding: '0', maxWidth: '320px' },
  '.cm-words': { padding: '8px 12px', maxWidth: '340px' },
  '.cm-words p': { margin: '0' },
  '.cm-words-title': { fontWeight: '600' },
  '.cm-words-facts': { color: 'var(--b-text-3)', paddingTop: '4px' },
  '.cm-diagnostic': { padding: '8px 12px', maxWidth: '360px', borderLeft: '0' },
  '.cm-diagnosticText': { display: 'block' },
  '.cm-diagnosticAction': {
    margin: '4px 0 0',
    padding: '0',
    background: 'none',
    color: 'var(--b-accent-text)',
    font: 'inherit',
    cursor: 'default',
  },
});

const colours = HighlightStyle.define([
  { tag: tags.propertyName, color: 'var(--b-accent-text)' },
  { tag: [tags.string, tags.number, tags.bool, tags.null], color: 'var(--b-code-value)' },
  { tag: [tags.separator, tags.squareBracket, tags.brace, tags.punctuation], color: 'var(--b-text-2)' },
  { tag: tags.invalid, color: 'var(--b-bad-text)' },
]);

export const editorLook: Extension = [look, syntaxHighlighting(colours)];
