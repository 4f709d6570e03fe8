// A JSON value as lines to show, fold and search. Pure; strings stay strings, so nothing of them can become markup.

export interface JsonLine {
  readonly depth: number;
  /** Of the member, without quotes; missing in arrays and at the root. */
  readonly key?: string;
  /** What stands after the key: a scalar, `{`, `[`, `{}`, `]` and so on, with its comma. */
  readonly text: string;
  readonly kind: 'open' | 'close' | 'string' | 'other';
  /** For `open`: the path that folds, and how many members. */
  readonly path?: string;
  readonly size?: number;
}

export function jsonLines(value: unknown): readonly JsonLine[] {
  const lines: JsonLine[] = [];
  const add = (each: unknown, depth: number, key: string | undefined, path: string, comma: string): void => {
    const named = key === undefined ? {} : { key };
    if (typeof each !== 'object' || each === null) {
      lines.push({ depth, ...named, text: JSON.stringify(each) + comma, kind: typeof each === 'string' ? 'string' : 'other' });
      return;
    }
    const isArray = Array.isArray(each);
    const entries: readonly (readonly [string, unknown])[] = isArray
      ? each.map((item, index) => [String(index), item] as const)
      : Object.entries(each);
    const [open, close] = isArray ? ['[', ']'] : ['{', '}'];
    if (entries.length === 0) {
      lines.push({ depth, ...named, text: `${open}${close}${comma}`, kind: 'other' });
      return;
    }
    lines.push({ depth, ...named, text: open, kind: 'open', path, size: entries.length });
    entries.forEach(([name, item], index) => {
      add(item, depth + 1, isArray ? undefined : name, `${path}/${name}`, index < entries.length - 1 ? ',' : '');
    });
    lines.push({ depth, text: `${close}${comma}`, kind: 'close', path });
  };
  add(value, 0, undefined, '', '');
  return lines;
}

/** Without what lies inside folded paths; a folded line tells how much. */
export function foldLines(lines: readonly JsonLine[], folded: ReadonlySet<string>): readonly JsonLine[] {
  const shown: JsonLine[] = [];
  let until: string | undefined;
  for (const line of lines) {
    if (until !== undefined) {
      if (line.kind === 'close' && line.path === until) {
        until = undefined;
        const opened = shown.pop();
        if (opened !== undefined) {
          shown.push({ ...opened, text: `${opened.text} … ${line.text}` });
        }
      }
      continue;
    }
    shown.push(line);
    if (line.kind === 'open' && line.path !== undefined && folded.has(line.path)) {
      until = line.path;
    }
  }
  return shown;
}

export function lineText(line: JsonLine): string {
  return line.key === undefined ? line.text : `${JSON.stringify(line.key)}: ${line.text}`;
}
