// The backend that the window talks to, opened when first asked for and again after it went away: another process that we were attached to may
// end, and then this one becomes the home's backend itself.
import type { Backend } from './backend';

export interface BackendHolder {
  get(): Promise<Backend>;
  current(): Backend | undefined;
  /** Called with every backend that is opened, from the next one on. */
  watch(opened: (backend: Backend) => void): void;
  dispose(options: { readonly keepVm: boolean }): Promise<void>;
}

export function createBackendHolder(open: () => Promise<Backend>): BackendHolder {
  const watchers: ((backend: Backend) => void)[] = [];
  let opening: Promise<Backend> | undefined;
  let current: Backend | undefined;
  let disposed = false;

  async function begin(): Promise<Backend> {
    try {
      const backend = await open();
      current = backend;
      void backend.client.closed.then(() => {
        if (current === backend) {
          current = undefined;
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
    current: () => current,
    watch: (opened) => void watchers.push(opened),
    async dispose(options) {
      disposed = true;
      const last = current;
      current = undefined;
      await last?.dispose(options);
    },
  };
}
