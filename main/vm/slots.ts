// Which guest and which QEMU a cold boot takes: the application's own, or, where those did not start, the ones before. A pair is current once `_ping`
// answered on it; another one that the application brings is a trial, and the current one stays until the trial is confirmed.
// Knows files and hashes; what a boot is, is handed in. docs/upgrade.md tells the whole of it.
import { basename } from 'node:path';
import { z } from 'zod';
import { BerthError, toWireError } from '../../preload/contract/errors';
import type { BootPhaseName, ErrorCode, Notice, WireError } from '../../preload/contract';
import { asError } from '../lib/async';
import { readJsonOr, writeJson } from '../lib/atomic-file';
import type { Logger } from '../lib/logger';
import { freeSlot, keepPair, slotFolder } from './kept-resources';
import type { SlotName } from './kept-resources';
import { readManifest } from './resources';
import type { Resources } from './resources';

export interface Hashes {
  readonly guestHash: string;
  readonly bundleHash: string;
}

export interface Choice {
  readonly resources: Resources;
  readonly hashes: Hashes;
  /** Never confirmed, and there is another pair to go back to. */
  readonly trial: boolean;
}

export interface Slots {
  /** What was chosen last, read anew by whoever starts something; the application's own at first. */
  readonly inUse: Resources;
  /** A cold boot begins: what it takes. A trial is counted. */
  begin(): Promise<Choice>;
  /** `_ping` answered on what began. */
  confirmed(): Promise<void>;
  /** What began did not start. True: it was a trial, and the next `begin` gives the pair before it. */
  failed(error: unknown): Promise<boolean>;
  /** The pair before did not start either, so the trial was not the cause: it may be tried again. */
  undecided(): Promise<void>;
  /** The user wants the application's own pair again. */
  tryAgain(): Promise<void>;
  /** This very pair is in use from now on, for memory that was saved on it; where it is not there any more, whole by its manifests, nothing changes. */
  use(hashes: Hashes): Promise<void>;
  /** Resolves when nothing is written any more. */
  dispose(): Promise<void>;
}

export interface SlotsDeps {
  /** state/system.json. */
  readonly record: string;
  /** Folder of the pairs that are kept. */
  readonly folder: string;
  /** What the application came with. */
  readonly app: Resources;
  readonly log: Logger;
  notify(level: Notice['level'], error: BerthError): void;
  /** How long after its confirmation a pair is copied, so that no start waits for the disk. */
  readonly keepAfterMs?: number;
}

const hashesSchema = z.object({ guestHash: z.string(), bundleHash: z.string() });
const pairSchema = hashesSchema.extend({
  resources: z.object({ guest: z.string(), bundle: z.string() }),
  /** Milliseconds since the epoch, of the confirmation. */
  at: z.number(),
  kept: z.enum(['a', 'b']).optional(),
});
const recordSchema = z.object({
  format: z.literal(1),
  current: pairSchema.optional(),
  previous: pairSchema.optional(),
  /** Boots that began and of which nothing more was heard: a computer that hung, a backend that was killed. */
  trial: hashesSchema.extend({ begun: z.number() }).optional(),
  refused: hashesSchema.extend({ at: z.number(), detail: z.string() }).optional(),
  /** Came along but not in time, at its last trial: a machine that was busy, or a system that hangs. The next trial tells. */
  slow: hashesSchema.optional(),
});
type Pair = z.output<typeof pairSchema>;
type SlotRecord = z.output<typeof recordSchema>;

/** A trial that takes the backend or the computer down with it is not begun for ever. */
const MAX_BEGUN = 2;
const KEEP_AFTER_MS = 20_000;

/** What another guest and another QEMU would meet in the same way. */
const NOT_THE_SYSTEM: ReadonlySet<ErrorCode> = new Set(['vm.notEnoughMemory', 'vm.notEnoughDisk', 'rpc.cancelled', 'ssh.hostKeyChanged']);
const NOT_THE_SYSTEM_DOMAIN = /^(?:disk|home|settings)\./;
/** A start that hangs here has shown nothing of the new guest; in any other phase the host was at work, or the guest had spoken. */
const UNHEARD: ReadonlySet<BootPhaseName> = new Set(['qemu', 'kernel']);

export function createSlots(deps: SlotsDeps): Slots {
  const { app, log } = deps;
  const disposing = new AbortController();
  let using = app;
  let begun: Choice | undefined;
  /** Not to be tried in the start that is under way. */
  let postponed: Hashes | undefined;
  /** Told once, when the pair before it runs. */
  let wentBack: BerthError | undefined;
  let keeping: NodeJS.Timeout | undefined;
  let copying: Promise<void> = Promise.resolve();

  // Lost, it costs one boot without a way back, never data.
  const read = (): Promise<SlotRecord> => readJsonOr(deps.record, (value) => recordSchema.parse(value), { format: 1 });
  let changing: Promise<unknown> = Promise.resolve();
  const change = (make: (record: SlotRecord) => SlotRecord): Promise<void> => {
    const done = changing.then(async () => writeJson(deps.record, make(await read())));
    changing = done.catch(() => undefined);
    return done;
  };

  const hashesOf = async ({ guest, bundle }: Resources): Promise<Hashes | undefined> => {
    try {
      const [{ hash: guestHash }, { hash: bundleHash }] = await Promise.all([readManifest(guest), readManifest(bundle)]);
      return { guestHash, bundleHash };
    } catch {
      return undefined;
    }
  };

  /** Where a pair is now: in its slot, or where it was confirmed, if nothing else lies there meanwhile. */
  const find = async (pair: Pair): Promise<Resources | undefined> => {
    const places = [...(pair.kept === undefined ? [] : [slotFolder(deps.folder, pair.kept)]), pair.resources];
    for (const place of places) {
      if (same(await hashesOf(place), pair)) {
        return place;
      }
    }
    return undefined;
  };

  const choose = async (): Promise<Choice> => {
    const [record, own] = await Promise.all([read(), hashesOf(app)]);
    const { current, refused } = record;
    const ownChoice: Choice = { resources: app, hashes: own ?? { guestHash: '', bundleHash: '' }, trial: false };
    if (current === undefined || same(own, current)) {
      return ownChoice;
    }
    const before = await find(current);
    if (before === undefined) {
      return ownChoice;
    }
    const passedOver = own === undefined || same(own, refused) || same(own, postponed) || isSpent(record, own);
    return passedOver ? { resources: before, hashes: hashesIn(current), trial: false } : { ...ownChoice, trial: true };
  };

  const refuse = async (pair: Hashes, detail: string): Promise<void> => {
    await change(({ trial: _, slow: __, ...record }) => ({ ...record, refused: { ...hashesIn(pair), at: Date.now(), detail } }));
    wentBack = new BerthError('vm.systemWentBack', { detail });
  };

  /** The pair that runs gets a slot of its own, unless its folders can never come to hold another one. */
  const keep = async (): Promise<void> => {
    const { current, previous } = await read();
    if (current === undefined || current.kept !== undefined || lasting(current)) {
      return;
    }
    const slot: SlotName = await freeSlot(deps.folder, previous?.kept);
    // The application may be replaced meanwhile: what was copied then is not what is running.
    const isThere = async (): Promise<boolean> => same(await hashesOf(current.resources), current);
    if (
      (await isThere()) &&
      (await keepPair(current.resources, slotFolder(deps.folder, slot), { log, signal: disposing.signal })) &&
      (await isThere())
    ) {
      await change((record) => (same(record.current, current) ? { ...record, current: { ...current, kept: slot } } : record));
      log.info('guest and QEMU are kept', { slot, ...hashesIn(current) });
    }
  };

  const resourcesFor = async (wanted: Hashes): Promise<Resources | undefined> => {
    if (same(await hashesOf(app), wanted)) {
      return app;
    }
    const { current, previous } = await read();
    const pair = [current, previous].find((each) => same(each, wanted));
    return pair === undefined ? undefined : find(pair);
  };

  return {
    inUse: {
      get guest() {
        return using.guest;
      },
      get bundle() {
        return using.bundle;
      },
    },
    async begin() {
      const choice = await choose();
      if (choice.trial) {
        await change((record) => ({
          ...record,
          trial: { ...choice.hashes, begun: same(record.trial, choice.hashes) ? (record.trial?.begun ?? 0) + 1 : 1 },
        }));
        log.info('another guest or QEMU is tried', { ...choice.hashes });
      }
      const { trial } = await read();
      if (!choice.trial && trial !== undefined && !same(trial, choice.hashes)) {
        await refuse(trial, `begun ${trial.begun} times and never heard of again`);
      }
      begun = choice;
      postponed = undefined;
      using = choice.resources;
      return choice;
    },
    async confirmed() {
      if (begun === undefined || begun.hashes.guestHash === '') {
        return;
      }
      const { hashes, resources } = begun;
      const { current } = await read();
      if (!same(current, hashes)) {
        await change(({ trial: _, slow: __, refused, ...record }) => ({
          ...record,
          ...(refused === undefined || same(refused, hashes) ? {} : { refused }),
          ...(current === undefined ? {} : { previous: current }),
          current: { ...hashes, resources: { ...resources }, at: Date.now() },
        }));
      }
      if (wentBack !== undefined) {
        deps.notify('warn', wentBack);
        wentBack = undefined;
      }
      clearTimeout(keeping);
      keeping = setTimeout(() => {
        copying = copying.then(keep).catch((error: unknown) => log.warn('guest and QEMU were not kept', { error }));
      }, deps.keepAfterMs ?? KEEP_AFTER_MS);
      keeping.unref();
    },
    async failed(error) {
      if (begun?.trial !== true) {
        return false;
      }
      const { hashes } = begun;
      const wire = toWireError(error);
      const { code, params } = wire;
      const detail = [code, ...Object.values(params)].join(' ');
      begun = undefined;
      if (NOT_THE_SYSTEM.has(code) || NOT_THE_SYSTEM_DOMAIN.test(code)) {
        await change(({ trial: _, ...record }) => record);
        return false;
      }
      if (isSlow(wire) && !same(hashes, (await read()).slow)) {
        log.warn('what was tried did not start in time; the guest and QEMU before it are booted, and it is tried once more', {
          ...hashes,
          error,
        });
        await change(({ trial: _, ...record }) => ({ ...record, slow: hashesIn(hashes) }));
        postponed = hashes;
        wentBack = new BerthError('vm.systemSlow', { detail });
        return true;
      }
      log.error('what was tried did not start; the guest and QEMU before it are booted', { ...hashes, error: asError(error) });
      await refuse(hashes, detail);
      return true;
    },
    async undecided() {
      wentBack = undefined;
      await change(({ refused: _, slow: __, ...record }) => record);
    },
    tryAgain: () => change(({ refused: _, trial: __, slow: ___, ...record }) => record),
    async use(wanted) {
      using = (await resourcesFor(wanted)) ?? using;
    },
    async dispose() {
      clearTimeout(keeping);
      disposing.abort();
      await copying;
    },
  };
}

/** A cold boot on the pair that is next; where that was a trial and failed, on the one before, at once. */
export async function bootOn<T>(slots: Slots, boot: (choice: Choice) => Promise<T>, signal: AbortSignal): Promise<T> {
  const once = async (): Promise<T> => {
    const result = await boot(await slots.begin());
    await slots.confirmed();
    return result;
  };
  try {
    return await once();
  } catch (error) {
    if (!(await slots.failed(error)) || signal.aborted) {
      throw error;
    }
    try {
      return await once();
    } catch (second) {
      await slots.undecided();
      throw second;
    }
  }
}

function same(one: Hashes | undefined, other: Hashes | undefined): boolean {
  return one !== undefined && one.guestHash === other?.guestHash && one.bundleHash === other.bundleHash;
}

/** It came along, and not in time. What ends, panics or says that it failed has other codes. */
function isSlow({ code, params }: WireError): boolean {
  return code === 'vm.phaseTimeout' && !UNHEARD.has(params['phase'] as BootPhaseName);
}

function isSpent({ trial }: SlotRecord, own: Hashes): boolean {
  return same(own, trial) && Number(trial?.begun) >= MAX_BEGUN;
}

function hashesIn({ guestHash, bundleHash }: Hashes): Hashes {
  return { guestHash, bundleHash };
}

/** Folders that are named by their own hash, as the build's are, are never filled with something else. */
function lasting({ resources: { guest, bundle }, guestHash, bundleHash }: Pair): boolean {
  return basename(guest).endsWith(`-${guestHash}`) && basename(bundle).endsWith(`-${bundleHash}`);
}
