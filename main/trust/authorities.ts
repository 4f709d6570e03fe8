// Authorities: which of the host's and of the added ones the guest is to trust, and bringing a running guest to it. dockerd reads its roots once,
// so that a change restarts it, containers kept, by the way of every change of its configuration.
import { BerthError } from '../../preload/contract';
import type { HostAuthority } from '../../preload/contract';
import type { DaemonConfig } from '../daemon-config/daemon-config';
import type { Logger } from '../lib/logger';
import type { Observable } from '../lib/observable';
import { infoOf, readBundle } from './certificates';
import type { Certificate } from './certificates';
import { readGuest, writeAuthorities } from './guest';
import type { Exec, GuestCertificates } from './guest';
import type { HostAuthorities } from './host-authorities';
import type { Kept, TrustStore } from './store';

/** What the guest takes (vm/guest/trust.c). */
export const MAX_GIVEN_BYTES = 1024 * 1024;

export interface AuthoritiesDeps {
  readonly store: TrustStore;
  readonly host: HostAuthorities;
  readonly config: DaemonConfig;
  readonly available: Observable<boolean>;
  readonly exec: Exec;
  readonly log: Logger;
  readonly changed: () => void;
}

export interface Authorities {
  /** Of the host, that the guest does not bring; empty until the guest was seen once. */
  list(): readonly HostAuthority[];
  /** PEM for the guest. */
  wanted(kept?: Kept): string;
  readHost(): Promise<void>;
  /** Asks a guest that has come what it has. */
  look(): Promise<GuestCertificates>;
  /** A guest that has other ones than it should, e.g. because the host's have changed: put right, once. */
  catchUp(): Promise<void>;
  /** Keeps the patch and puts it in force; where that fails, what was before is kept again. */
  change(patch: Partial<Kept>): Promise<{ readonly task?: string }>;
}

export function createAuthorities({ store, host, config, available, exec, log, changed }: AuthoritiesDeps): Authorities {
  let found: readonly Certificate[] | undefined;
  let given: string | undefined;
  let refused: string | undefined;

  const missing = (): readonly Certificate[] => {
    const brings = new Set(store.get().guest);
    return brings.size === 0 ? [] : (found ?? readBundle(store.get().host)).filter(({ fingerprint }) => !brings.has(fingerprint));
  };
  const isChosen = ({ followHost, chosen, declined }: Kept, fingerprint: string): boolean =>
    followHost ? !declined.includes(fingerprint) : chosen.includes(fingerprint);
  const ofHost = (kept: Kept): readonly Certificate[] => missing().filter(({ fingerprint }) => isChosen(kept, fingerprint));

  function wanted(kept: Kept = store.get()): string {
    const all = [...ofHost(kept), ...readBundle(kept.added)];
    return [...new Map(all.map(({ fingerprint, pem }) => [fingerprint, pem])).values()].join('');
  }

  async function look(): Promise<GuestCertificates> {
    const seen = await readGuest(exec);
    given = seen.given;
    const known = store.get().guest;
    if (known.length !== seen.brings.size || known.some((fingerprint) => !seen.brings.has(fingerprint))) {
      await store.set({ guest: [...seen.brings] });
    }
    changed();
    return seen;
  }

  /** `back` = what to keep again where it fails. */
  async function putInForce(back: () => Promise<void>): Promise<{ readonly task?: string }> {
    if (!available.get()) {
      return {}; // The next boot brings it.
    }
    const before = given ?? (await look()).given;
    const after = wanted();
    if (after === before) {
      return {};
    }
    const write = async (pem: string): Promise<void> => {
      await writeAuthorities(exec, pem);
      given = pem;
    };
    const task = await config.change('certificates', (document) => document, {
      restart: true,
      around: { apply: () => write(after), undo: () => write(before) },
    });
    void task.done.then(async ({ state }) => {
      if (state !== 'done') {
        refused = after;
        await back().catch((error: unknown) => log.warn('the earlier choice was not kept again', { error }));
      }
      changed();
    });
    return { task: task.id };
  }

  return {
    wanted,
    look,
    list: () =>
      missing().map((each) => ({
        ...infoOf(each),
        inGuest: given?.includes(each.pem) === true,
        chosen: isChosen(store.get(), each.fingerprint),
      })),
    async readHost() {
      try {
        found = await host.read();
        const last = ofHost(store.get())
          .map(({ pem }) => pem)
          .join('');
        if (last !== store.get().host) {
          await store.set({ host: last });
        }
      } catch (error) {
        log.warn('the certificates of this computer cannot be read; the ones last read stay', { error });
      }
      changed();
    },
    async catchUp() {
      const after = wanted();
      if (given !== undefined && given !== after && refused !== after) {
        await putInForce(() => Promise.resolve());
        log.info('the guest’s authorities follow what this computer has');
      }
    },
    async change(patch) {
      const before = store.get();
      const bytes = Buffer.byteLength(wanted({ ...before, ...patch }));
      if (bytes > MAX_GIVEN_BYTES) {
        throw new BerthError('trust.tooLarge', { sizeBytes: bytes, limitBytes: MAX_GIVEN_BYTES });
      }
      await store.set(patch);
      const mine = store.get();
      refused = undefined;
      const back = async (): Promise<void> => {
        const now = store.get();
        // Not over what was chosen meanwhile.
        if (now.chosen === mine.chosen && now.added === mine.added && now.declined === mine.declined) {
          const { followHost, chosen, declined, added } = before;
          await store.set({ followHost, chosen, declined, added });
        }
      };
      changed();
      return putInForce(back).catch(async (error: unknown) => {
        await back();
        changed();
        throw error;
      });
    },
  };
}
