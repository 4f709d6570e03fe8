// Offsets of a text as lines and columns, counted as CodeMirror counts: lines end at \n, \r\n or \r, columns are UTF-16 units. Pure.
import type { TextPlace } from '../../preload/contract';

export type Placer = (start: number, end: number) => TextPlace;

export function createPlacer(text: string): Placer {
  const starts = [0];
  for (const ending of text.matchAll(/\r\n?|\n/g)) {
    starts.push(ending.index + ending[0].length);
  }
  const at = (offset: number): { line: number; column: number } => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
  return (start, end) => {
    const from = at(start);
    const to = at(end);
    return { line: from.line, column: from.column, endLine: to.line, endColumn: to.column };
  };
}
