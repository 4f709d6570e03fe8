// The proxies of engine, containers and builds: what each setting comes to now, and bringing it to where it takes effect. The engine's are in its
// configuration, those of builds in the docker CLI's; containers get theirs from whoever creates them, who asks here.
import type { Proxies, ProxyAddresses, ProxySetting, ProxyUser } from '../../preload/contract';
import { proxyUsers } from '../../preload/contract';
import type { DaemonConfig, DaemonDocument } from '../daemon-config/daemon-config';
import { isObject } from '../lib/json';
import type { Logger } from '../lib/logger';
import { none } from './host-proxies';
import type { FoundProxies, HostProxies } from './host-proxies';
import { checkAddresses, forEachUser, forGuest, noAddresses, sameAddresses } from './proxy-rules';
import type { Kept, TrustStore } from './store';

export interface ProxyKeeperDeps {
  readonly store: TrustStore;
  readonly host: HostProxies;
  readonly config: DaemonConfig;
  readonly writeCli: (addresses: ProxyAddresses) => Promise<void>;
  readonly log: Logger;
  readonly changed: () => void;
}

type Choice = Pick<ProxySetting, 'mode' | 'manual'>;
export type ProxyChoices = Partial<Record<ProxyUser, Choice | undefined>>;

export interface ProxyKeeper {
  /** With credentials. */
  get(): Proxies;
  found(): FoundProxies;
  readHost(): Promise<void>;
  /** Takes over what somebody wrote into the engine's configuration; else puts there what the setting comes to. Then the docker CLI's. */
  catchUp(): Promise<void>;
  set(choices: ProxyChoices): Promise<{ readonly task?: string }>;
  dispose(): void;
}

export function createProxyKeeper({ store, host, config, writeCli, log, changed }: ProxyKeeperDeps): ProxyKeeper {
  let found: FoundProxies = none;
  let applying = 0;

  const resolve = ({ mode, manual }: Choice): ProxyAddresses =>
    mode === 'none' ? noAddresses : forGuest(mode === 'manual' ? manual : { http: found.http, https: found.https, noProxy: found.noProxy });
  const resolved = (user: ProxyUser): ProxyAddresses => resolve(store.get().proxies[user]);

  const keepEngine = async (choice: Choice, engineProxies = store.get().engineProxies): Promise<void> => {
    await store.set({ proxies: { ...store.get().proxies, engine: choice }, engineProxies });
    changed();
  };

  async function applyEngine(before: Choice): Promise<{ readonly task?: string }> {
    const next = resolved('engine');
    if (sameAddresses(next, proxiesOf(config.document.get()))) {
      await store.set({ engineProxies: next });
      return {};
    }
    const asked = store.get().proxies.engine;
    const back = async (): Promise<void> => {
      if (store.get().proxies.engine === asked) {
        await keepEngine(before);
      }
    };
    applying += 1;
    try {
      const task = await config.change('proxies', (document) => withProxies(document, next));
      void task.done
        .then(({ state }) => (state === 'done' ? store.set({ engineProxies: next }) : back()))
        .catch((error: unknown) => log.warn('the proxies’ setting was not kept', { error }))
        .finally(() => {
          applying -= 1;
          changed();
        });
      return { task: task.id };
    } catch (error) {
      applying -= 1;
      await back();
      throw error;
    }
  }

  /** True = what is in the engine's configuration is somebody's own, and is the setting now. */
  async function adopt(document: DaemonDocument): Promise<boolean> {
    const written = proxiesOf(document);
    if (sameAddresses(written, store.get().engineProxies)) {
      return false;
    }
    const own = sameAddresses(written, resolved('engine'));
    const empty = sameAddresses(written, noAddresses);
    const choice: Choice = { mode: empty ? 'none' : 'manual', manual: empty ? store.get().proxies.engine.manual : written };
    await keepEngine(own ? store.get().proxies.engine : choice, written);
    return true;
  }

  const unsubscribe = config.document.subscribe((document) => {
    if (applying === 0) {
      adopt(document).catch((error: unknown) => log.warn('proxies from the engine’s configuration were not kept', { error }));
    }
  });

  return {
    get: () => forEachUser((user) => ({ ...store.get().proxies[user], resolved: resolved(user) })),
    found: () => found,
    async readHost() {
      found = await host.read();
      changed();
    },
    async catchUp() {
      if (applying === 0 && !(await adopt(config.document.get()))) {
        await applyEngine(store.get().proxies.engine);
      }
      const builds = resolved('builds');
      if (!sameAddresses(builds, store.get().cliProxies)) {
        await writeCli(builds);
        await store.set({ cliProxies: builds });
      }
    },
    async set(choices) {
      const before = store.get().proxies;
      const next: Kept['proxies'] = { ...before };
      for (const user of proxyUsers) {
        const choice = choices[user];
        if (choice !== undefined) {
          next[user] = { mode: choice.mode, manual: checkAddresses(choice.manual, before[user].manual, user) };
        }
      }
      const builds = resolve(next.builds);
      if (choices.builds !== undefined) {
        await writeCli(builds);
      }
      await store.set({ proxies: next, ...(choices.builds === undefined ? {} : { cliProxies: builds }) });
      changed();
      return choices.engine === undefined ? {} : applyEngine(before.engine);
    },
    dispose: unsubscribe,
  };
}

function proxiesOf(document: DaemonDocument): ProxyAddresses {
  const proxies = isObject(document['proxies']) ? document['proxies'] : {};
  const get = (key: string): string => (typeof proxies[key] === 'string' ? proxies[key] : '');
  return { http: get('http-proxy'), https: get('https-proxy'), noProxy: get('no-proxy') };
}

function withProxies(document: DaemonDocument, { http, https, noProxy }: ProxyAddresses): DaemonDocument {
  const values = { 'http-proxy': http, 'https-proxy': https, 'no-proxy': noProxy };
  const proxies = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''));
  const { proxies: _old, ...rest } = document;
  return Object.keys(proxies).length === 0 ? rest : { ...document, proxies };
}
