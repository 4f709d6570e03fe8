// Many producers, one reader: items in the order in which they came, until the end or the failure of the work. Knows nothing of mirrors.
import { deferred } from '../lib/async';

export interface Feed<T> {
  push(item: T): void;
  end(this: void): void;
  fail(error: Error): void;
  items(): AsyncGenerator<T, void, undefined>;
}

export function createFeed<T>(): Feed<T> {
  const waiting: T[] = [];
  let finished: { readonly error?: Error } | undefined;
  let news = deferred<undefined>();
  const tell = (): void => {
    news.resolve(undefined);
    news = deferred();
  };
  const finish = (how: { readonly error?: Error }): void => {
    finished ??= how;
    tell();
  };
  return {
    push(item) {
      waiting.push(item);
      tell();
    },
    end: () => finish({}),
    fail: (error) => finish({ error }),
    async *items() {
      for (;;) {
        const change = news.promise;
        while (waiting.length > 0) {
          yield waiting.shift() as T;
        }
        if (finished?.error !== undefined) {
          throw finished.error;
        }
        if (finished !== undefined) {
          return;
        }
        await change;
      }
    },
  };
}
