// What is kept of trust: one file, written whole and private, because client keys and proxies' credentials are in it. Knows only its shape.
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { BerthError, proxyModes } from '../../preload/contract';
import { asError, createQueue } from '../lib/async';
import { readText, writeJson } from '../lib/atomic-file';
import { noAddresses } from './proxy-rules';

const FORMAT = 1;
const addresses = z.object({ http: z.string(), https: z.string(), noProxy: z.string() });
const proxy = z.object({ mode: z.enum(proxyModes), manual: addresses });

const kept = z.object({
  format: z.literal(FORMAT),
  followHost: z.boolean().default(false),
  /** Fingerprints of the host's: taken one by one, and refused while the host is followed. */
  chosen: z.array(z.string()).default([]),
  declined: z.array(z.string()).default([]),
  /** The chosen ones as last read, for a day when the host's store cannot be read. */
  host: z.string().default(''),
  /** PEM of what was added. */
  added: z.string().default(''),
  registries: z.record(z.string(), z.object({ authorities: z.string(), clientCertificate: z.string(), clientKey: z.string() })).default({}),
  proxies: z.object({ engine: proxy, containers: proxy, builds: proxy }).default({
    engine: { mode: 'host', manual: noAddresses },
    containers: { mode: 'none', manual: noAddresses },
    builds: { mode: 'none', manual: noAddresses },
  }),
  /** What was last put into the engine's configuration and into the docker CLI's: another value there is somebody's own. */
  engineProxies: addresses.default(noAddresses),
  cliProxies: addresses.default(noAddresses),
  /** Fingerprints that the guest brings by itself, as last read. */
  guest: z.array(z.string()).default([]),
});
export type Kept = z.output<typeof kept>;

export interface TrustStore {
  get(): Kept;
  /** Rejects with `home.notWritable`; what was kept stays then. */
  set(patch: Partial<Kept>): Promise<void>;
}

export interface OpenedStore {
  readonly store: TrustStore;
  /** The file was not readable and is kept aside. */
  readonly notice?: BerthError;
}

export async function openTrustStore(folder: string, now: () => number): Promise<OpenedStore> {
  const path = join(folder, 'trust.json');
  let present: Kept = kept.parse({ format: FORMAT });
  let notice: BerthError | undefined;
  const inTurn = createQueue();
  const text = await readText(path).catch((error: unknown) => {
    throw new BerthError('home.notWritable', { path, reason: asError(error).message }, { cause: error });
  });
  if (text !== undefined) {
    const read = parse(text);
    if (read === undefined) {
      const keptAs = `${path}.corrupt-${new Date(now()).toISOString().replace(/[:.]/g, '-')}`;
      await rename(path, keptAs);
      notice = new BerthError('trust.corrupt', { path, keptAs });
    }
    present = read ?? present;
  }
  async function write(next: Kept): Promise<void> {
    try {
      await writeJson(path, next);
    } catch (cause) {
      throw new BerthError('home.notWritable', { path, reason: asError(cause).message }, { cause });
    }
    present = next;
  }

  return {
    ...(notice === undefined ? {} : { notice }),
    store: {
      get: () => present,
      set: (patch) => inTurn(() => write({ ...present, ...patch })),
    },
  };
}

function parse(text: string): Kept | undefined {
  try {
    return kept.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
