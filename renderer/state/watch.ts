// Streams that the backend spends something on, so that they are open only while somebody reads them: one each, however many read it.
import type { Client, Contract, InputOf, ItemOf, StreamNames } from '../../preload/contract';
import { follow } from './follow';

/** Streams that take no input and whose last item is the whole truth. */
export type StateStream = Extract<
  StreamNames,
  'connect.changes' | 'cost.changes' | 'disk.changes' | 'host.changes' | 'ports.changes' | 'repair.changes' | 'shares.changes'
>;

type Reader<K extends StateStream> = (item: ItemOf<Contract[K]>) => void;

/** Tells the reader the last item, if there is one, and each new one until it is called off. */
export type Watch = <K extends StateStream>(name: K, reader: Reader<K>) => () => void;

interface Shared<K extends StateStream> {
  readonly readers: Set<Reader<K>>;
  readonly ending: AbortController;
  last?: ItemOf<Contract[K]>;
}

export function createWatch(client: Pick<Client, 'stream'>): Watch {
  /** Each under its own name. */
  const open = new Map<StateStream, unknown>();

  function begin<K extends StateStream>(name: K): Shared<K> {
    const shared: Shared<K> = { readers: new Set(), ending: new AbortController() };
    const { signal } = shared.ending;
    void follow(
      () => client.stream(name, {} as InputOf<Contract[K]>, { signal }),
      (item) => {
        shared.last = item;
        shared.readers.forEach((reader) => reader(item));
      },
      signal,
    );
    open.set(name, shared);
    return shared;
  }

  return <K extends StateStream>(name: K, reader: Reader<K>) => {
    const shared = (open.get(name) as Shared<K> | undefined) ?? begin(name);
    shared.readers.add(reader);
    if (shared.last !== undefined) {
      reader(shared.last);
    }
    return () => {
      shared.readers.delete(reader);
      if (shared.readers.size === 0) {
        shared.ending.abort();
        open.delete(name);
      }
    };
  };
}
