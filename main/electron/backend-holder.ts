// The backend that the window talks to, opened when first asked for and again after it went away: another process that we were attached to may
// end, and then this one becomes the home's backend itself.
import type { Backend } from './backend';

export interface BackendHolder {
  get(): Promise<Backend>;
  /** Undefined where there is none; one that is being opened is waited for. */
  current(): Promise<Backend | undefined>;
  /** Called with every backend that is opened, from the next one on. */
  watch(opened: (backend: Backend) => void): void;
  dispose(options: { readonly keepVm: boolean }): Promise<void>;
}

export function createBackendHolder(open: () => Promise<Backend>): BackendHolder {
  const watchers: ((backend: Backend) => void)[] = [];
  let opening: Promise<Backend> | undefined;
  let disposed = false;

  async function begin(): Promise<Backend> {
    try {
      const backend = await open();
      void backend.client.closed.then(() => {
        if (!disposed) {
          opening = undefined;
          return backend.dispose({ keepVm: true });
        }
        return undefined;
      });
      for (const opened of watchers) {
        opened(backend);
      }
      return backend;
    } catch (error) {
      opening = undefined;
      throw error;
    }
  }

  return {
    get() {
      if (disposed) {
        return Promise.reject(new Error('quitting'));
      }
      opening ??= begin();
      return opening;
    },
    current: () => opening?.catch(() => undefined) ?? Promise.resolve(undefined),
    watch: (opened) => void watchers.push(opened),
    async dispose(options) {
      disposed = true;
      const last = await opening?.catch(() => undefined);
      await last?.dispose(options);
    },
  };
}
