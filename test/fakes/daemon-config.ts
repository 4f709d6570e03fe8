// The engine's configuration without an engine, for those who only change one key of it: a document, what is in force, changes as tasks.
import type { ConfigOrigin, ConfigState, Task } from '../../preload/contract';
import type { DaemonConfig, DaemonDocument } from '../../main/daemon-config/daemon-config';
import { createObservable } from '../../main/lib/observable';
import type { MutableObservable } from '../../main/lib/observable';

export interface FakeDaemonConfig {
  readonly config: Pick<DaemonConfig, 'document' | 'inForce' | 'change' | 'overrideLive'>;
  readonly document: MutableObservable<DaemonDocument>;
  readonly inForce: MutableObservable<ConfigState['inForce']>;
  readonly origins: ConfigOrigin[];
  readonly overrides: (readonly string[] | undefined)[];
  /** The next change ends so. */
  endNext(state: 'done' | 'failed' | 'refused'): void;
  /** As a boot does it: the document is in force, overrides are forgotten. */
  boot(): void;
}

export function createFakeDaemonConfig(initial: DaemonDocument = {}): FakeDaemonConfig {
  const document = createObservable<DaemonDocument>(initial);
  const inForce = createObservable<ConfigState['inForce']>(undefined);
  const origins: ConfigOrigin[] = [];
  const overrides: (readonly string[] | undefined)[] = [];
  let next: 'done' | 'failed' | 'refused' = 'done';
  let count = 0;
  const put = (mirrors: readonly string[]): void => {
    // dockerd puts a slash behind each.
    inForce.set({ at: ++count, mirrors: mirrors.map((url) => `${url}/`), differences: [] });
  };
  const boot = (): void => put((document.get()['registry-mirrors'] ?? []) as readonly string[]);
  boot();
  return {
    document,
    inForce,
    origins,
    overrides,
    endNext: (state) => (next = state),
    boot,
    config: {
      document,
      inForce,
      change(origin, edit) {
        origins.push(origin);
        const state = next;
        next = 'done';
        if (state === 'refused') {
          return Promise.reject(new Error('refused'));
        }
        const asked = edit(document.get());
        const id = `task-${++count}`;
        const done = new Promise<void>((resolve) => setTimeout(resolve, 5)).then((): Task => {
          if (state === 'done') {
            document.set(asked);
            boot();
          }
          return { id, kind: 'config', subject: '', state, startedAt: 0, currentBytes: 0, totalBytes: 0, bytesPerSecond: 0 };
        });
        return Promise.resolve({ id, done });
      },
      overrideLive(_key, value) {
        overrides.push(value);
        put(value ?? ((document.get()['registry-mirrors'] ?? []) as readonly string[]));
        return Promise.resolve();
      },
    },
  };
}
