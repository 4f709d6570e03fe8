// What the window always knows: the backend's streams into the store, one setState an item. After every reconnect all of them begin again,
// and each first item is whole, so nothing is missed. What is shown only sometimes is read by watch.ts.
import type { Client, VmStatus } from '../../preload/contract';
import type { Connection } from '../connect';
import { follow } from './follow';
import { applySaved } from './slices/config';
import { applyEngineChange } from './slices/engine';
import { applyVmStatus } from './slices/vm';
import { patchMirrors } from './store';
import type { Store } from './store';

export function startSync(connection: Connection, store: Store): () => void {
  let session = new AbortController();

  const onState = (): void => {
    const state = connection.get();
    store.setState({ connection: state });
    session.abort();
    if (state.name === 'open') {
      session = new AbortController();
      open(connection.client, store, session.signal);
    }
  };
  onState();
  const unsubscribe = connection.subscribe(onState);
  return () => {
    unsubscribe();
    session.abort();
  };
}

function open(client: Client, store: Store, signal: AbortSignal): void {
  const { setState } = store;
  const options = { signal };

  void follow(
    () => client.stream('vm.status', {}, options),
    (status) => {
      const before = store.getState().vm.status;
      setState((s) => ({ vm: applyVmStatus(s.vm, status, Date.now()) }));
      if (startEnded(before, status)) {
        boots();
      }
    },
    signal,
  );
  void follow(
    () => client.stream('engine.changes', {}, options),
    (change) => setState((s) => ({ engine: applyEngineChange(s.engine, change) })),
    signal,
  );
  void follow(
    () => client.stream('tasks.changes', {}, options),
    (tasks) => setState({ tasks }),
    signal,
  );
  void follow(
    () => client.stream('settings.changes', {}, options),
    ({ settings }) => {
      setState({ settings });
      limits();
    },
    signal,
  );
  void follow(
    () => client.stream('config.changes', {}, options),
    (saved) => setState((s) => ({ config: applySaved(s.config, saved) })),
    signal,
  );
  void follow(
    () => client.stream('trust.changes', {}, options),
    (trust) => setState({ trust }),
    signal,
  );
  void follow(
    () => client.stream('app.notices', {}, options),
    (notices) => setState({ notices }),
    signal,
  );
  void follow(
    () => client.stream('mirrors.changes', {}, options),
    (known) => patchMirrors(store, () => ({ known })),
    signal,
  );
  once(client.call('app.info', {}, options), (app) => setState({ app }));
  boots();

  function boots(): void {
    once(client.call('vm.boots', {}, options), (list) => setState((s) => ({ vm: { ...s.vm, boots: list } })));
  }

  function limits(): void {
    once(client.call('vm.limits', {}, options), (value) => setState((s) => ({ vm: { ...s.vm, limits: value } })));
  }
}

/** A connection that went is asked again when it is back; pages show what is missing as missing. */
function once<T>(call: Promise<T>, apply: (value: T) => void): void {
  call.then(apply, () => undefined);
}

function startEnded(before: VmStatus | undefined, after: VmStatus): boolean {
  return before !== undefined && before.state !== after.state && (after.state === 'running' || after.state === 'failed');
}
