// The list as it is being edited: moves, switches, what differs from the saved one. Pure; keeps its hands off addresses, which the backend checks.
import type { Mirror } from '../../../preload/contract';
import type { DraftMirror, MirrorsDraft } from '../../state/slices/mirrors';

export type Items = readonly DraftMirror[];

export interface Changes {
  readonly order: boolean;
  readonly added: number;
  readonly removed: number;
  readonly edited: number;
  readonly switched: number;
  readonly total: number;
}

export function itemsOf(mirrors: readonly Pick<Mirror, 'url' | 'name' | 'note' | 'enabled'>[]): Items {
  return mirrors.map(({ url, name, note, enabled }) => ({ key: url, url, name, note, enabled }));
}

export function changesOf(base: Items, items: Items): Changes {
  const before = new Map(base.map((item) => [item.key, item]));
  const after = new Set(items.map(({ key }) => key));
  const both = items.flatMap((item) => {
    const old = before.get(item.key);
    return old === undefined ? [] : [{ old, item }];
  });
  const added = items.length - both.length;
  const removed = base.filter(({ key }) => !after.has(key)).length;
  const edited = both.filter(({ old, item }) => old.url !== item.url || old.name !== item.name || old.note !== item.note).length;
  const switched = both.filter(({ old, item }) => old.enabled !== item.enabled).length;
  const stayed = base.filter(({ key }) => after.has(key));
  const order = stayed.some(({ key }, index) => both[index]?.item.key !== key);
  return { order, added, removed, edited, switched, total: added + removed + edited + switched + (order ? 1 : 0) };
}

export function sameList(a: Items, b: Items): boolean {
  const text = (items: Items): string => JSON.stringify(items.map(({ url, name, note, enabled }) => [url, name, note, enabled]));
  return text(a) === text(b);
}

/** `to` is the place in the list as it is afterwards. */
export function move(items: Items, key: string, to: number): Items {
  const from = items.findIndex((item) => item.key === key);
  const item = items[from];
  const target = Math.max(0, Math.min(items.length - 1, to));
  if (item === undefined || from === target) {
    return items;
  }
  const rest = items.filter((_, index) => index !== from);
  return [...rest.slice(0, target), item, ...rest.slice(target)];
}

export function patch(items: Items, key: string, change: Partial<Omit<DraftMirror, 'key'>>): Items {
  return items.map((item) => (item.key === key ? { ...item, ...change } : item));
}

export function insert(items: Items, item: DraftMirror, at = items.length): Items {
  return [...items.slice(0, at), item, ...items.slice(at)];
}

/** New ones go to the end, in their order; what is there already stays where it is. */
export function addAll(items: Items, added: readonly Omit<DraftMirror, 'key'>[]): Items {
  return added.reduce<Items>(
    (list, item) => (list.some(({ url }) => url === item.url) ? list : insert(list, { ...item, key: newKey(list, item.url) })),
    items,
  );
}

/** The address names it, unless an edited entry came from the same one. */
export function newKey(items: Items, url: string): string {
  let key = url;
  while (items.some((item) => item.key === key)) {
    key += '+';
  }
  return key;
}

/** Those named first, on, in this order; the others behind them as they are. */
export function order(items: Items, urls: readonly string[]): Items {
  const named = urls.flatMap((url) => items.find((item) => item.url === url) ?? []);
  return [...named, ...items.filter((item) => !named.includes(item))];
}

/** A list taken over (what is in force, what a test proposes): in its order and on; the others are kept, switched off. */
export function adopt(items: Items, list: readonly { readonly url: string; readonly name?: string }[]): Items {
  const urls = list.map(({ url }) => url);
  const known = addAll(
    items,
    list.map(({ url, name = '' }) => ({ url, name, note: '', enabled: true })),
  );
  return order(
    known.map((item) => ({ ...item, enabled: urls.includes(item.url) })),
    urls,
  );
}

/** Among the mirrors that both lists have: what was only pushed along by a newcomer has not moved. */
export function samePlace(a: readonly { readonly url: string }[], b: readonly { readonly url: string }[], url: string): boolean {
  const place = (list: typeof a, other: typeof a): number =>
    list.filter((item) => other.some((each) => each.url === item.url)).findIndex((item) => item.url === url);
  return place(a, b) === place(b, a);
}

/** Addresses of the mirrors that are on, in order: what the engine is asked for. */
export function wanted(items: Items): readonly string[] {
  return items.filter(({ enabled }) => enabled).map(({ url }) => url);
}

/** Somebody else saved another list since the draft was begun, and it is not the one that the draft asks for. */
export function inConflict(draft: MirrorsDraft | undefined, saved: Items, revision: string): boolean {
  return draft !== undefined && draft.revision !== revision && !sameList(draft.base, saved) && !sameList(draft.items, saved);
}

/** The same draft over a newer list: what was added there and is not here would go, and the changes say so. */
export function rebase(draft: MirrorsDraft, saved: Items, revision: string): MirrorsDraft {
  const items = draft.items.map((item) => {
    const same = saved.find(({ url }) => url === item.url);
    return same === undefined ? item : { ...item, key: same.key };
  });
  return { revision, base: saved, items };
}

/** What is left of the draft once `sent` is in force: what was edited after it was sent. */
export function settle(draft: MirrorsDraft | undefined, sent: Items): MirrorsDraft | undefined {
  return draft === undefined || sameList(draft.items, sent) ? undefined : rebase(draft, itemsOf(sent), draft.revision);
}
