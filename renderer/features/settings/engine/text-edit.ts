// The draft as text: read strictly, changed at one place only, so that what the user wrote elsewhere keeps its order, spaces and indents. Pure;
// knows JSON and nothing of dockerd.
import { applyEdits, findNodeAtLocation, modify, parseTree } from 'jsonc-parser';
import type { Node, ParseError } from 'jsonc-parser';
import { sameJson } from '../../../../preload/contract';

export type Path = readonly (string | number)[];
export type Values = Readonly<Record<string, unknown>>;

/** Characters of an object that stays on one line. */
const ONE_LINE = 72;

/** The top-level object; undefined where the text is none: broken, another type, or a key twice. */
export function readValues(text: string): Values | undefined {
  const root = readTree(text);
  if (root === undefined || hasTwice(root)) {
    return undefined;
  }
  return JSON.parse(text) as Values;
}

export function getAt(values: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, step) => (typeof at === 'object' && at !== null ? (at as Readonly<Record<string | number, unknown>>)[step] : undefined),
    values,
  );
}

/** `undefined` takes the value away, and the lists and objects that are empty without it. */
export function setAt(text: string, path: Path, value: unknown): string {
  const source = text.trim() === '' ? '{}\n' : text;
  return value === undefined ? removeAt(source, path) : putAt(source, path, value);
}

/** Where the value at `path` stands, or what holds it; its key too where it is a member. */
export function rangeOf(text: string, path: Path): { readonly from: number; readonly to: number } | undefined {
  const root = parseTree(text);
  for (let depth = path.length; root !== undefined && depth > 0; depth -= 1) {
    const node = findNodeAtLocation(root, path.slice(0, depth));
    if (node !== undefined) {
      const whole = depth === path.length ? node : (node.parent?.children?.[0] ?? node);
      return { from: whole.offset, to: whole.offset + whole.length };
    }
  }
  return undefined;
}

/** Top-level keys whose values differ, in the order of the second, then what is gone. */
export function changedKeys(before: Values, after: Values): readonly string[] {
  const keys = [...Object.keys(after), ...Object.keys(before).filter((key) => !Object.hasOwn(after, key))];
  return keys.filter((key) => !sameJson(before[key], after[key]));
}

function readTree(text: string): Node | undefined {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { disallowComments: true, allowTrailingComma: false });
  return errors.length === 0 && root?.type === 'object' ? root : undefined;
}

function hasTwice(node: Node): boolean {
  const children = node.children ?? [];
  const names = node.type === 'object' ? children.map((property) => String(property.children?.[0]?.value)) : [];
  return new Set(names).size < names.length || children.some(hasTwice);
}

/** jsonc-parser would lay out the neighbours too, so what is put in is laid out here. */
function putAt(text: string, path: Path, value: unknown): string {
  const root = readTree(text);
  const layout = layoutOf(text);
  const node = root && findNodeAtLocation(root, [...path]);
  if (root === undefined || path.length === 0) {
    return `${print(value, '', layout)}${layout.eol}`;
  }
  if (node !== undefined) {
    return splice(text, node.offset, node.length, print(value, indentAt(text, node.offset), layout));
  }
  const parentPath = path.slice(0, -1);
  const parent = findNodeAtLocation(root, parentPath);
  const [name] = path.slice(-1);
  if (parent === undefined || (parent.type !== 'object' && parent.type !== 'array')) {
    return putAt(text, parentPath, typeof name === 'number' ? [value] : { [String(name)]: value });
  }
  const member = (indent: string): string =>
    `${typeof name === 'number' ? '' : `${JSON.stringify(name)}: `}${print(value, indent, layout)}`;
  const last = parent.children?.at(-1);
  if (last === undefined) {
    const outer = indentAt(text, parent.offset);
    const inner = `${layout.eol}${outer}${layout.unit}${member(outer + layout.unit)}${layout.eol}${outer}`;
    return splice(text, parent.offset + 1, parent.length - 2, inner);
  }
  const own = /\n[ \t]*$/.exec(text.slice(parent.offset, last.offset)) ?? undefined;
  const indent = indentAt(text, last.offset);
  return splice(text, last.offset + last.length, 0, own === undefined ? `, ${member(indent)}` : `,${layout.eol}${indent}${member(indent)}`);
}

function removeAt(text: string, path: Path): string {
  const root = readTree(text);
  if (root === undefined || findNodeAtLocation(root, [...path]) === undefined) {
    return text;
  }
  const edited = applyEdits(text, modify(text, [...path], undefined, {}));
  const parent = path.slice(0, -1);
  if (!isEmpty(getAt(JSON.parse(edited), parent))) {
    return edited;
  }
  return parent.length === 0 ? `{}${layoutOf(text).eol}` : removeAt(edited, parent);
}

interface Layout {
  readonly unit: string;
  readonly eol: string;
}

/** As the text is written already. */
function layoutOf(text: string): Layout {
  return { unit: /\n([ \t]+)\S/.exec(text)?.[1] ?? '  ', eol: text.includes('\r\n') ? '\r\n' : '\n' };
}

function indentAt(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(text.lastIndexOf('\n', offset - 1) + 1))?.[0] ?? '';
}

function splice(text: string, offset: number, length: number, inserted: string): string {
  return text.slice(0, offset) + inserted + text.slice(offset + length);
}

/** Lists a line an entry; small objects on one line. */
function print(value: unknown, indent: string, layout: Layout): string {
  if (typeof value !== 'object' || value === null || isEmpty(value)) {
    return JSON.stringify(value);
  }
  const inner = indent + layout.unit;
  const named = (key: string): string => (Array.isArray(value) ? '' : `${JSON.stringify(key)}: `);
  const entries: readonly [string, unknown][] = Object.entries(value);
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  const line = `${open} ${entries.map(([key, each]) => named(key) + JSON.stringify(each)).join(', ')} ${close}`;
  if (!Array.isArray(value) && line.length <= ONE_LINE && entries.every(([, each]) => typeof each !== 'object')) {
    return line;
  }
  const lines = entries.map(([key, each]) => inner + named(key) + print(each, inner, layout));
  return `${open}${layout.eol}${lines.join(`,${layout.eol}`)}${layout.eol}${indent}${close}`;
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
