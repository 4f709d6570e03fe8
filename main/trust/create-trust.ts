// Makes `Trust`: what is kept, the host's side, the guest's side, and the window's calls on them. One change after the other.
import { createHash } from 'node:crypto';
import { BerthError, fromWireError, isBerthError, proxyUsers, toWireError } from '../../preload/contract';
import type { Proxies, TrustState } from '../../preload/contract';
import { asError, createQueue, settledWithin } from '../lib/async';
import { createObservable, follow } from '../lib/observable';
import { createAuthorities, MAX_GIVEN_BYTES } from './authorities';
import type { Authorities } from './authorities';
import { checkAuthority, infoOf, readBundle, readCertificates } from './certificates';
import { writeCliProxies } from './cli-config';
import { writeRegistries } from './guest';
import type { Exec } from './guest';
import { createHostAuthorities } from './host-authorities';
import { createHostProxies } from './host-proxies';
import { createProxyKeeper } from './proxies';
import type { ProxyKeeper } from './proxies';
import { environmentOf, forEachUser, mask, maskAddresses, noAddresses } from './proxy-rules';
import { certsText, checkRegistry, describeRegistry, registryName } from './registries';
import { openTrustStore } from './store';
import type { TrustStore } from './store';
import type { Trust, TrustDeps } from './trust';

/** A boot does not wait longer for the host's settings; what was last known serves then. */
const BOOT_WAIT_MS = 5000;

interface Parts {
  readonly store: TrustStore;
  readonly authorities: Authorities;
  readonly keeper: ProxyKeeper;
}

const off = { mode: 'none', manual: noAddresses, resolved: noAddresses } as const;
const nothing: Proxies = { engine: off, containers: off, builds: off };

export function createTrust(deps: TrustDeps): Trust {
  const { folder, config, available, dockerHost, log, env = process.env, now = Date.now } = deps;
  const exec: Exec = (command, options) => deps.exec(command, options);
  const hostAuthorities = deps.hostAuthorities ?? createHostAuthorities({ env });
  const hostProxies = deps.hostProxies ?? createHostProxies({ env });
  const state = createObservable<TrustState | undefined>(undefined);
  const proxies = createObservable<Proxies>(nothing);
  const endings: (() => void)[] = [];
  const serially = createQueue();
  let parts: Parts | undefined;
  let disposed = false;

  const quietly = (what: string, work: () => Promise<void>): void => {
    serially(work).catch((error: unknown) => (disposed ? undefined : log.warn(what, { error: asError(error).message })));
  };

  function publish({ store, authorities, keeper }: Parts): void {
    const { followHost, added, registries, guest } = store.get();
    const present = keeper.get();
    const { source, pac } = keeper.found();
    const next: Omit<TrustState, 'revision'> = {
      host: authorities.list(),
      followHost,
      added: readBundle(added).map(infoOf),
      registries: Object.entries(registries)
        .map(([name, files]) => describeRegistry(name, files))
        .sort((a, b) => (a.registry < b.registry ? -1 : 1)),
      guestKnown: guest.length > 0,
      proxies: masked(present),
      hostProxies: { source, ...(pac === undefined ? {} : { pac: mask(pac) }) },
    };
    const revision = createHash('sha256').update(JSON.stringify(next)).digest('hex').slice(0, 16);
    if (revision !== state.get()?.revision) {
      state.set({ revision, ...next });
    }
    proxies.set(present);
  }

  async function open(): Promise<Parts> {
    const { store, notice } = await openTrustStore(folder, now);
    if (notice !== undefined) {
      deps.notify('warn', notice);
    }
    const changed = (): void => {
      if (parts !== undefined) {
        publish(parts);
      }
    };
    const authorities = createAuthorities({ store, host: hostAuthorities, config, available, exec, log, changed });
    const writeCli = (addresses: Parameters<typeof writeCliProxies>[2]): Promise<void> => writeCliProxies(env, dockerHost, addresses);
    const keeper = createProxyKeeper({ store, host: hostProxies, config, writeCli, log, changed });
    parts = { store, authorities, keeper };
    endings.push(() => keeper.dispose());
    await readHost(parts);
    return parts;
  }

  async function readHost({ authorities, keeper }: Parts): Promise<void> {
    await Promise.all([authorities.readHost(), keeper.readHost()]);
  }

  async function followProxies({ keeper }: Parts): Promise<void> {
    try {
      await keeper.catchUp();
    } catch (error) {
      if (isBerthError(error) && error.code === 'trust.cliConfig') {
        deps.notify('warn', error);
      } else {
        throw error;
      }
    }
  }

  async function guestCame({ store, authorities }: Parts): Promise<void> {
    const { registries } = await authorities.look();
    const wanted = certsText(store.get().registries);
    if (registries !== wanted) {
      await writeRegistries(exec, wanted);
    }
    await catchUp();
  }

  /** Not before the engine was read once: a restart would come between a boot and its end. */
  async function catchUp(): Promise<void> {
    if (available.get() && config.inForce.get() !== undefined) {
      await parts?.authorities.catchUp();
    }
  }

  const ready = serially(open);
  ready.then(
    (opened) => {
      if (disposed) {
        return;
      }
      publish(opened);
      const arrived = (is: boolean): void => {
        if (is) {
          quietly('the guest’s certificates were not read', () => guestCame(opened));
        }
      };
      endings.push(
        available.subscribe(arrived),
        config.inForce.subscribe((value) => {
          if (value !== undefined) {
            quietly('the guest’s authorities were not brought up to date', catchUp);
          }
        }),
        hostAuthorities.watch(() =>
          quietly('the host’s authorities were not followed', async () => {
            await opened.authorities.readHost();
            await catchUp();
          }),
        ),
        hostProxies.watch(() =>
          quietly('the host’s proxies were not followed', async () => {
            await opened.keeper.readHost();
            await followProxies(opened);
          }),
        ),
      );
      quietly('the proxies were not brought up to date', () => followProxies(opened));
      arrived(available.get());
    },
    (error: unknown) => deps.notify('error', fromWireError(toWireError(error))),
  );

  /** A change: after those before it, on what they left. */
  const change = <T>(work: (opened: Parts) => Promise<T>): Promise<T> => serially(async () => work(await ready));

  return {
    proxies,
    containerEnv: () => environmentOf(proxies.get().containers.resolved),
    cliEnv: () => environmentOf(proxies.get().builds.resolved),
    async guestFiles() {
      const opened = await ready;
      const fresh = serially(async () => {
        await readHost(opened);
        await followProxies(opened);
      });
      if (!(await settledWithin(fresh, BOOT_WAIT_MS))) {
        log.warn('this computer does not tell its certificates and proxies; what was last known serves');
      }
      fresh.catch((error: unknown) => log.warn('proxies were not brought up to date', { error: asError(error).message }));
      return { authorities: opened.authorities.wanted(), registryCertificates: certsText(opened.store.get().registries) };
    },
    handlers: {
      'trust.changes': async function* (_input, { signal }) {
        const opened = await ready;
        publish(opened);
        quietly('the host was not read again', () => readHost(opened));
        for await (const value of follow(state, signal)) {
          if (value !== undefined) {
            yield value;
          }
        }
      },
      'trust.chooseHost': ({ fingerprints, followHost }) =>
        change(({ authorities }) => {
          const all = authorities.list().map(({ fingerprint }) => fingerprint);
          const declined = all.filter((fingerprint) => !fingerprints.includes(fingerprint));
          return authorities.change({ followHost, declined, chosen: all.filter((fingerprint) => fingerprints.includes(fingerprint)) });
        }),
      'trust.addAuthority': ({ data }) =>
        change(({ store, authorities }) => {
          const added = readBundle(store.get().added);
          const present = new Set([...added.map(({ fingerprint }) => fingerprint), ...store.get().guest]);
          const given = readCertificates(data);
          given.forEach((each) => checkAuthority(each, now()));
          const fresh = given.filter(({ fingerprint }) => !present.has(fingerprint));
          if (fresh.length === 0) {
            throw new BerthError('trust.duplicate', { subject: given[0]?.subject ?? '' });
          }
          return authorities.change({ added: [...added, ...fresh].map(({ pem }) => pem).join('') });
        }),
      'trust.removeAuthority': ({ fingerprint }) =>
        change(({ store, authorities }) => {
          const left = readBundle(store.get().added).filter((each) => each.fingerprint !== fingerprint);
          return authorities.change({ added: left.map(({ pem }) => pem).join('') });
        }),
      'trust.setRegistry': ({ registry, ...files }) =>
        change(async (opened) => {
          const { store } = opened;
          const name = registryName(registry);
          const checked = checkRegistry(files, now());
          const { [name]: _old, ...others } = store.get().registries;
          const registries = checked === undefined ? others : { ...others, [name]: checked };
          const text = certsText(registries);
          if (Buffer.byteLength(text) > MAX_GIVEN_BYTES) {
            throw new BerthError('trust.tooLarge', { sizeBytes: Buffer.byteLength(text), limitBytes: MAX_GIVEN_BYTES });
          }
          if (available.get()) {
            await writeRegistries(exec, text);
          }
          await store.set({ registries });
          publish(opened);
          return { registry: name };
        }),
      'trust.setProxies': (choices) =>
        change(async ({ keeper }) => {
          if (proxyUsers.some((user) => choices[user]?.mode === 'host')) {
            await keeper.readHost();
          }
          return keeper.set(choices);
        }),
    },
    dispose() {
      disposed = true;
      endings.forEach((end) => end());
    },
  };
}

function masked(present: Proxies): Proxies {
  return forEachUser((user) => {
    const { mode, manual, resolved } = present[user];
    return { mode, manual: maskAddresses(manual), resolved: maskAddresses(resolved) };
  });
}
