// Mirrors that are out of force until the next boot, because a pull found them silent: taken out by a live reload that nobody's list or history sees.
// Knows the engine's configuration; not why a mirror is silent.
import type { DaemonConfig } from '../daemon-config/daemon-config';
import { createObservable } from '../lib/observable';
import type { Observable } from '../lib/observable';
import { mirrorsOf } from './document';
import { withoutSlash } from './entries';

export interface Suspension {
  readonly urls: Observable<readonly string[]>;
  /** When it was taken out, of those that are out now. */
  since(url: string): number | undefined;
  /** Mirrors in force that are not out. */
  readonly candidates: () => readonly string[];
  /** Rejects when the engine could not be told; then nothing is out that was not before. */
  add(urls: readonly string[]): Promise<void>;
  /** They are asked again: the same list is applied anew, or a test found one well. */
  remove(urls: readonly string[]): Promise<void>;
  dispose(): void;
}

export function createSuspension(config: Pick<DaemonConfig, 'document' | 'inForce' | 'overrideLive'>, now: () => number): Suspension {
  const urls = createObservable<readonly string[]>([]);
  const times = new Map<string, number>();
  let overriding = 0;

  const inForce = (): readonly string[] => (config.inForce.get()?.mirrors ?? []).map(withoutSlash);
  const set = (next: readonly string[]): void => {
    for (const url of next) {
      times.set(url, times.get(url) ?? now());
    }
    urls.set(next);
  };

  async function override(next: readonly string[]): Promise<void> {
    const before = urls.get();
    overriding += 1;
    try {
      set(next);
      await config.overrideLive(
        'registry-mirrors',
        next.length === 0 ? undefined : mirrorsOf(config.document.get()).filter((url) => !next.includes(url)),
      );
    } catch (error) {
      urls.set(before);
      throw error;
    } finally {
      overriding -= 1;
    }
  }

  // A boot, or a change of the list, has put them back in force or done away with them: both end what an override began.
  const settle = (): void => {
    const present = inForce();
    const documented = mirrorsOf(config.document.get());
    const out = urls.get().filter((url) => documented.includes(url) && !present.includes(url));
    if (overriding === 0 && out.length !== urls.get().length) {
      urls.set(out);
    }
  };
  const subscriptions = [config.inForce.subscribe(settle), config.document.subscribe(settle)];

  return {
    urls,
    since: (url) => (urls.get().includes(url) ? times.get(url) : undefined),
    candidates: () => inForce().filter((url) => !urls.get().includes(url)),
    async add(silent) {
      for (const url of silent) {
        times.delete(url);
      }
      await override([...new Set([...urls.get(), ...silent])]);
    },
    async remove(well) {
      const next = urls.get().filter((url) => !well.includes(url));
      if (next.length !== urls.get().length) {
        await override(next);
      }
    },
    dispose: () => subscriptions.forEach((unsubscribe) => unsubscribe()),
  };
}
