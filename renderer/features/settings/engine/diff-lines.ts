// Two texts as one list of lines, taken away and added ones marked; and a line of JSON as coloured pieces. Pure.
import { diffLines } from 'diff';

export interface DiffLine {
  readonly kind: 'same' | 'gone' | 'new';
  /** Of the text that the line belongs to. */
  readonly number: number;
  readonly text: string;
}

export function lineDiff(before: string, after: string): readonly DiffLine[] {
  const lines: DiffLine[] = [];
  let [old, now] = [0, 0];
  for (const part of diffLines(whole(before), whole(after))) {
    const kind = part.added ? 'new' : part.removed ? 'gone' : 'same';
    for (const text of part.value.replace(/\n$/, '').split('\n')) {
      old += kind === 'new' ? 0 : 1;
      now += kind === 'gone' ? 0 : 1;
      lines.push({ kind, number: kind === 'gone' ? old : now, text });
    }
  }
  return lines;
}

/** A missing line end at the end of the text is no difference. */
function whole(text: string): string {
  const lines = text.replace(/\r\n/g, '\n');
  return lines.endsWith('\n') ? lines : `${lines}\n`;
}

export interface Piece {
  readonly kind: 'key' | 'value' | 'other';
  readonly text: string;
  /** From the line's begin. */
  readonly from: number;
}

/** A string, which the colon after it makes a key; or a number or word. */
const TOKEN = /(?<text>"(?:[^"\\]|\\.)*"?)(?<colon>\s*:)?|-?\d[\w.+-]*|\b(?:true|false|null)\b/g;

/** No value of JSON spans lines, so each line is read for itself. */
export function pieces(line: string): readonly Piece[] {
  const found: Piece[] = [];
  let end = 0;
  const put = (kind: Piece['kind'], from: number, to: number): void => {
    if (to > from) {
      found.push({ kind, text: line.slice(from, to), from });
      end = to;
    }
  };
  for (const { index, 0: token, groups } of line.matchAll(TOKEN)) {
    put('other', end, index);
    put(groups?.['colon'] === undefined ? 'value' : 'key', index, index + (groups?.['text'] ?? token).length);
  }
  put('other', end, line.length);
  return found;
}
