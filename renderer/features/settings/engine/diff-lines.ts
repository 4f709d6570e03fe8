// Two texts as one list of lines, taken away and added ones marked; and a line of JSON as coloured pieces. Pure.
import { diffLines } from 'diff';
import { createScanner, SyntaxKind } from 'jsonc-parser';

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

/** No value of JSON spans lines, so each line is read for itself. */
export function pieces(line: string): readonly Piece[] {
  const scanner = createScanner(line, false);
  const found: { kind: Piece['kind']; text: string; from: number }[] = [];
  for (let token = scanner.scan(); token !== SyntaxKind.EOF; token = scanner.scan()) {
    const text = line.slice(scanner.getTokenOffset(), scanner.getTokenOffset() + scanner.getTokenLength());
    if (token === SyntaxKind.ColonToken) {
      const name = found.findLast(({ kind }) => kind !== 'other');
      if (name !== undefined) {
        name.kind = 'key';
      }
    }
    found.push({ kind: isValue(token) ? 'value' : 'other', text, from: scanner.getTokenOffset() });
  }
  return found;
}

function isValue(token: SyntaxKind): boolean {
  return (
    token === SyntaxKind.StringLiteral ||
    token === SyntaxKind.NumericLiteral ||
    token === SyntaxKind.TrueKeyword ||
    token === SyntaxKind.FalseKeyword ||
    token === SyntaxKind.NullKeyword
  );
}
