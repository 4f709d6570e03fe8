// Where something is in a text: 1-based lines and columns, in characters as an editor counts them.
import type { TextPlace } from '../../preload/contract';

export function positionAt(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset).split(/\r\n|\r|\n/);
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 };
}

export function placeOf(text: string, from: number, to: number): TextPlace {
  const start = positionAt(text, from);
  const end = positionAt(text, to);
  return { ...start, endLine: end.line, endColumn: end.column };
}
