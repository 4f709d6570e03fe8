// What can be written at a place of the JSON, and what stands there, by the table of dockerd's keys. Pure: texts are handed in.
import { getLocation, parse } from 'jsonc-parser';
import { daemonKeys, logOptions } from '../../../../preload/contract';
import type { DaemonField } from '../../../../preload/contract';
import { getAt } from './text-edit';
import type { Path } from './text-edit';

export interface Offer {
  /** As shown. */
  readonly label: string;
  /** As written between the quotes or the comma. */
  readonly insert: string;
  /** What it is about, for its explanation. */
  readonly path: Path;
  readonly kind: 'key' | 'value';
  /** A key that is likely wanted comes first. */
  readonly rare: boolean;
}

export interface Offers {
  readonly from: number;
  readonly to: number;
  readonly offers: readonly Offer[];
}

/** The table's entry for a place: `['log-opts', 'max-size']`, `['default-address-pools', 0, 'base']`, `['default-ulimits', 'nofile', 'Soft']`. */
export function fieldAt(path: Path): DaemonField | undefined {
  let field: DaemonField | undefined = daemonKeys.find(({ name }) => name === path[0]);
  for (let index = 1; field !== undefined && index < path.length; index += 1) {
    const list: boolean = field.type === 'objects' || field.type === 'objectMap';
    if (list) {
      // The entry's number or name; its fields are one further.
      index += 1;
      if (index >= path.length) {
        return undefined;
      }
    }
    field = field.fields?.find(({ name }) => name === path[index]);
  }
  return field;
}

export function offersAt(text: string, offset: number): Offers | undefined {
  const { path, isAtPropertyKey, previousNode } = getLocation(text, offset);
  const inside = previousNode !== undefined && previousNode.offset <= offset && offset <= previousNode.offset + previousNode.length;
  const from = inside ? previousNode.offset : wordStart(text, offset);
  const to = inside ? previousNode.offset + previousNode.length : offset;
  const offers = isAtPropertyKey ? keyOffers(text, path, offset, to) : valueOffers(text, path);
  return offers.length === 0 ? undefined : { from, to, offers };
}

function keyOffers(text: string, path: Path, offset: number, to: number): readonly Offer[] {
  const parent = path.slice(0, -1);
  const fields: readonly DaemonField[] =
    parent.length === 0 ? daemonKeys.filter(({ owned }) => owned === undefined) : membersAt(parent, text);
  const present = siblings(text, parent);
  const current = String(path.at(-1) ?? '');
  const colon = /^\s*:/.test(text.slice(to));
  // A member that follows needs its comma, one that is renamed has it.
  const comma = !colon && /^\s*"/.test(text.slice(Math.max(to, offset))) ? ',' : '';
  return fields
    .filter(({ name }) => name === current || !present.includes(name))
    .map((field) => ({
      label: field.name,
      insert: colon ? JSON.stringify(field.name) : `${JSON.stringify(field.name)}: ${firstValue(field)}${comma}`,
      path: [...parent, field.name],
      kind: 'key' as const,
      rare: 'rare' in field && field.rare === true,
    }));
}

function valueOffers(text: string, path: Path): readonly Offer[] {
  const own = fieldAt(path);
  const list = typeof path.at(-1) === 'number' ? fieldAt(path.slice(0, -1)) : undefined;
  const field = own ?? (list?.type === 'strings' ? list : undefined);
  if (field === undefined) {
    return [];
  }
  const values: readonly unknown[] =
    field.type === 'boolean'
      ? [true, false]
      : field === list
        ? (field.proposals ?? (Array.isArray(field.example) ? field.example : []))
        : [...(field.values ?? field.proposals ?? []), ...(field.values === undefined ? [field.default, field.example] : [])];
  const written = [
    ...new Set(values.filter((value) => value !== undefined && typeof value !== 'object').map((value) => JSON.stringify(value))),
  ];
  return written.map((value) => ({ label: value, insert: value, path, kind: 'value', rare: false }));
}

/** Options of log-opts depend on the driver. */
function membersAt(parent: Path, text: string): readonly DaemonField[] {
  const holder = fieldAt(parent) ?? fieldAt(parent.slice(0, -1));
  const fields = holder?.fields ?? [];
  if (parent.length === 1 && parent[0] === 'log-opts') {
    const driver = getAt(halfWritten(text), ['log-driver']) ?? 'json-file';
    const known = typeof driver === 'string' ? logOptions[driver] : undefined;
    return known === undefined ? fields : fields.filter(({ name }) => known.includes(name));
  }
  return fields;
}

function siblings(text: string, parent: Path): readonly string[] {
  const at = getAt(halfWritten(text), parent);
  return typeof at === 'object' && at !== null ? Object.keys(at) : [];
}

function halfWritten(text: string): unknown {
  return parse(text, [], { allowTrailingComma: true });
}

function firstValue(field: DaemonField): string {
  const value = field.type === 'boolean' ? field.default !== true : (field.example ?? field.default ?? field.values?.[0]);
  const empty = {
    boolean: 'true',
    integer: '0',
    string: '""',
    strings: '[]',
    objects: '[]',
    stringMap: '{}',
    object: '{}',
    objectMap: '{}',
  };
  return value === undefined || (typeof value === 'object' && !Array.isArray(value)) ? empty[field.type] : JSON.stringify(value);
}

function wordStart(text: string, offset: number): number {
  return offset - (/"?[\w-]*$/.exec(text.slice(0, offset))?.[0].length ?? 0);
}
