// The settings file: read once, written whole and atomically, the last good copy beside it. What cannot be read is kept aside, never dropped.
// Knows the VM's limits only as a function that it is handed.
import { copyFile, rename, stat } from 'node:fs/promises';
import { BerthError, settingsSchema, toWireError } from '../../preload/contract';
import type { BackendHandlers, Settings, VmLimits, WireError } from '../../preload/contract';
import { asError, createQueue } from '../lib/async';
import { readText, writeJson } from '../lib/atomic-file';
import type { Logger } from '../lib/logger';
import { createObservable, follow } from '../lib/observable';
import type { Observable } from '../lib/observable';
import { mergeSettings, readSettings, SETTINGS_FORMAT } from './read';
import type { RawSettings } from './read';

/** Nobody's settings are larger; a larger file is not ours. */
const MAX_FILE_BYTES = 1024 * 1024;

export interface SettingsDeps {
  readonly path: string;
  readonly log: Logger;
  notify(level: 'warn' | 'error', error: BerthError): void;
  /** The host's figures, for the check of what is set. */
  readonly limits: () => Promise<VmLimits>;
  readonly now?: () => number;
}

export interface SettingsStore {
  readonly settings: Observable<Settings>;
  readonly handlers: Pick<BackendHandlers, 'settings.changes' | 'settings.set'>;
  /** Written by whoever has looked at the folders (main/shares). */
  keepShares(folders: Settings['shares']['folders']): Promise<void>;
}

type Asked = Parameters<BackendHandlers['settings.set']>[0];
type Patch = Omit<Asked, 'shares'> & { readonly shares?: Asked['shares'] | Pick<Settings['shares'], 'folders'> };

interface State {
  readonly settings: Settings;
  readonly notice?: WireError;
}

/** Rejects with `home.notWritable` only; a bad file is answered with the last good one. */
export async function openSettings(deps: SettingsDeps): Promise<SettingsStore> {
  const lastPath = `${deps.path}.last`;
  const loaded = await load(deps, lastPath);
  const state = createObservable<State>({
    settings: loaded.settings,
    ...(loaded.notice === undefined ? {} : { notice: toWireError(loaded.notice) }),
  });
  const settings = createObservable(loaded.settings);
  let raw = loaded.raw;
  if (loaded.notice !== undefined) {
    deps.notify('warn', loaded.notice);
  }

  async function set(patch: Patch): Promise<Settings> {
    if (loaded.notice?.code === 'settings.newer') {
      throw loaded.notice;
    }
    const present = settings.get();
    const asked = settingsSchema.safeParse({
      ...present,
      ...patch,
      vm: { ...present.vm, ...patch.vm },
      ports: { ...present.ports, ...patch.ports },
      host: { ...present.host, ...patch.host },
      shares: { ...present.shares, ...patch.shares },
    });
    await checkLimits(patch, deps.limits);
    if (!asked.success) {
      const [issue] = asked.error.issues;
      throw new BerthError('settings.invalid', { field: (issue?.path ?? []).join('.'), reason: issue?.message ?? '', value: '' });
    }
    const next = mergeSettings(raw, asked.data);
    await write(deps.path, next);
    raw = next;
    settings.set(asked.data);
    state.set({ settings: asked.data });
    await write(lastPath, next).catch((error: unknown) => deps.log.warn('the last good copy of the settings was not written', { error }));
    return asked.data;
  }

  // One after the other: each is checked against what the one before left.
  const inTurn = createQueue();

  return {
    settings,
    async keepShares(folders) {
      await inTurn(() => set({ shares: { folders } }));
    },
    handlers: {
      'settings.changes': (_input, { signal }) => follow(state, signal),
      'settings.set': (patch) => inTurn(() => set(patch)),
    },
  };
}

interface Loaded {
  readonly raw: RawSettings;
  readonly settings: Settings;
  readonly notice?: BerthError;
}

async function load(deps: SettingsDeps, lastPath: string): Promise<Loaded> {
  const lastText = await readText(lastPath).catch(() => undefined);
  const lastRead = readSettings(lastText ?? '{}');
  const last = lastRead.kind === 'good' ? lastRead : { raw: { format: SETTINGS_FORMAT }, settings: settingsSchema.parse({}) };
  const text = await readSmall(deps.path);
  if (text === undefined) {
    // No file: the first start, or one that somebody removed; the last good copy is not brought back against their will.
    return { raw: { format: SETTINGS_FORMAT }, settings: settingsSchema.parse({}) };
  }
  const read = readSettings(text, last.raw);
  switch (read.kind) {
    case 'newer':
      return { ...last, notice: new BerthError('settings.newer', { path: deps.path, found: read.found, known: SETTINGS_FORMAT }) };
    case 'corrupt': {
      const keptAs = await keepAside(deps, 'move');
      await write(deps.path, last.raw);
      return { ...last, notice: new BerthError('settings.corrupt', { path: deps.path, keptAs }) };
    }
    case 'good': {
      const [first] = read.bad;
      if (first !== undefined) {
        await keepAside(deps, 'copy');
        await write(deps.path, read.raw);
      }
      if (text !== lastText || first !== undefined) {
        await write(lastPath, read.raw);
      }
      return { ...read, ...(first === undefined ? {} : { notice: new BerthError('settings.invalid', { ...first }) }) };
    }
  }
}

/** '' (which is no settings file) for one that is too large. */
async function readSmall(path: string): Promise<string | undefined> {
  try {
    const found = await stat(path).catch(() => undefined);
    return (found?.size ?? 0) > MAX_FILE_BYTES ? '' : await readText(path);
  } catch (error) {
    throw new BerthError('home.notWritable', { path, reason: asError(error).message }, { cause: error });
  }
}

async function keepAside({ path, log, now = Date.now }: SettingsDeps, how: 'move' | 'copy'): Promise<string> {
  const keptAs = `${path}.corrupt-${new Date(now()).toISOString().replace(/[:.]/g, '-')}`;
  await (how === 'move' ? rename(path, keptAs) : copyFile(path, keptAs));
  log.warn('the settings file was kept aside', { path, keptAs });
  return keptAs;
}

async function write(path: string, raw: RawSettings): Promise<void> {
  try {
    await writeJson(path, raw);
  } catch (error) {
    throw new BerthError('home.notWritable', { path, reason: asError(error).message }, { cause: error });
  }
}

async function checkLimits({ vm }: Patch, limits: () => Promise<VmLimits>): Promise<void> {
  const cpus = vm?.cpus ?? undefined;
  const memoryBytes = vm?.memoryBytes ?? undefined;
  if (cpus === undefined && memoryBytes === undefined) {
    return;
  }
  const { cpus: c, memoryBytes: m } = await limits();
  if (cpus !== undefined && !(Number.isInteger(cpus) && cpus >= c.min && cpus <= c.max)) {
    throw new BerthError('settings.cpus', { asked: cpus, min: c.min, max: c.max });
  }
  if (memoryBytes !== undefined && !(Number.isInteger(memoryBytes) && memoryBytes >= m.min && memoryBytes <= m.max)) {
    throw new BerthError('settings.memory', { askedBytes: memoryBytes, minBytes: m.min, maxBytes: m.max });
  }
}
