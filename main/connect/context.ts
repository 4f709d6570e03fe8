// The docker context `berth`: one file of the CLI's own store, kept right, and the CLI's choice of it, given back when it goes. Touches no other
// context; one of that name that somebody else made is theirs. Format: <folder>/contexts/meta/<sha256 of the name>/meta.json.
import { createHash } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BerthError } from '../../preload/contract';
import type { ContextState } from '../../preload/contract';
import { asError } from '../lib/async';
import { hasCode, readText } from '../lib/atomic-file';
import { changeCliConfig, cliConfigPath, cliFolder, parseCliConfig, withValue } from '../lib/docker-cli-config';
import type { Environment } from '../lib/docker-cli-config';
import type { Logger } from '../lib/logger';
import { findInPath } from './env';
import type { ConnectMemory } from './memory';

const CONTEXT_NAME = 'berth';
/** Of the context; tells Berth's from anybody else's. */
const DESCRIPTION = 'Berth';
/** The CLI's name for no context at all. */
const DEFAULT = 'default';

export interface ContextDeps {
  /** `unix:///…` or `npipe:////./pipe/…`. */
  readonly dockerHost: string;
  readonly memory: ConnectMemory;
  readonly env?: Environment;
  /** Whether anybody serves this address: another home's context is only taken over when nobody does. */
  readonly isServed: (host: string) => Promise<boolean>;
  readonly log: Logger;
}

export interface DockerContext {
  /** The CLI's folder. */
  readonly folder: string;
  get(): Promise<ContextState>;
  /** At a start: made where it is missing and was not removed, repaired where it is Berth's and leads to nobody. Rejects with `context.notWritable`. */
  keep(): Promise<void>;
  create(): Promise<void>;
  select(selected: boolean): Promise<void>;
  remove(): Promise<void>;
}

interface Found {
  readonly state: ContextState['state'];
  readonly host: string;
}

export function createDockerContext({ dockerHost, memory, env = process.env, isServed, log }: ContextDeps): DockerContext {
  const folder = cliFolder(env);
  const metaOf = (name: string): string => join(folder, 'contexts', 'meta', createHash('sha256').update(name).digest('hex'), 'meta.json');
  const path = metaOf(CONTEXT_NAME);

  async function find(): Promise<Found> {
    // What may not be read is somebody's.
    const text = await readText(path).catch((error: unknown) => (hasCode(error, 'ENOTDIR') ? undefined : ''));
    if (text === undefined) {
      return { state: 'missing', host: '' };
    }
    const { host, description } = readMeta(text);
    if (host === dockerHost) {
      return { state: 'ours', host };
    }
    return { state: description === DESCRIPTION ? 'elsewhere' : 'foreign', host };
  }

  /** A configuration that cannot be read chooses nothing: the CLI says so itself. */
  async function current(): Promise<string> {
    const { currentContext } = await readText(cliConfigPath(env))
      .then((text) => parseCliConfig(text ?? ''))
      .catch((): Record<string, unknown> => ({}));
    return typeof currentContext === 'string' && currentContext !== '' ? currentContext : DEFAULT;
  }

  /** What was selected before, as far as it is still there. */
  async function previous(): Promise<string> {
    const { previous: name = DEFAULT } = await memory.context(folder);
    return name !== DEFAULT && (await readText(metaOf(name)).catch(() => undefined)) !== undefined ? name : DEFAULT;
  }

  async function choose(name: string): Promise<void> {
    try {
      await changeCliConfig(env, (text) => withValue(text, ['currentContext'], name === DEFAULT ? undefined : name));
      log.info('selected a docker context', { folder, name });
    } catch (cause) {
      throw new BerthError('context.cliConfig', { path: cliConfigPath(env), reason: asError(cause).message }, { cause });
    }
  }

  async function write(): Promise<void> {
    const meta = {
      Name: CONTEXT_NAME,
      Metadata: { Description: DESCRIPTION },
      Endpoints: { docker: { Host: dockerHost, SkipTLSVerify: false } },
    };
    await replaceFile(path, JSON.stringify(meta)).catch((cause: unknown) => {
      throw new BerthError('context.notWritable', { path, reason: asError(cause).message }, { cause });
    });
    log.info('wrote the docker context', { path, dockerHost });
  }

  /** Nothing of somebody else's is touched. */
  async function ownState(): Promise<Exclude<Found['state'], 'foreign'>> {
    const { state, host } = await find();
    if (state === 'foreign') {
      throw new BerthError('context.foreign', { name: CONTEXT_NAME, host: host === '' ? 'unknown' : host, path });
    }
    return state;
  }

  async function create(): Promise<void> {
    const state = await ownState();
    if (state !== 'ours') {
      await write();
    }
    const { previous: before } = await memory.context(folder);
    await memory.setContext(folder, before === undefined ? {} : { previous: before });
  }

  async function deselect(): Promise<void> {
    if ((await current()) === CONTEXT_NAME) {
      await choose(await previous());
    }
  }

  return {
    folder,
    create,
    async get() {
      const [{ state, host }, now, before] = await Promise.all([find(), current(), previous()]);
      const override = overrideOf(env);
      const chosen =
        override === undefined
          ? now === CONTEXT_NAME
          : override.variable === 'DOCKER_HOST'
            ? override.value === dockerHost
            : override.value === CONTEXT_NAME;
      const cli = findInPath('docker', env['PATH']);
      return {
        name: CONTEXT_NAME,
        folder,
        state,
        host,
        current: now,
        previous: before,
        selected: chosen && (state === 'ours' || override?.variable === 'DOCKER_HOST'),
        ...(override === undefined ? {} : { override }),
        ...(cli === undefined ? {} : { cli }),
      };
    },
    async keep() {
      const { state, host } = await find();
      const { removed = false } = await memory.context(folder);
      if ((state === 'missing' && !removed) || (state === 'elsewhere' && !(await isServed(host)))) {
        await write();
      }
    },
    async select(selected) {
      if (!selected) {
        await deselect();
        return;
      }
      const state = await ownState();
      if (state !== 'ours') {
        throw new BerthError('context.missing', { name: CONTEXT_NAME });
      }
      const before = await current();
      if (before !== CONTEXT_NAME) {
        await choose(CONTEXT_NAME);
        await memory.setContext(folder, { previous: before });
      }
    },
    async remove() {
      await ownState();
      // First the choice: a chosen context that is missing makes every `docker` fail.
      await deselect();
      await rm(dirname(path), { recursive: true, force: true }).catch((cause: unknown) => {
        throw new BerthError('context.notWritable', { path, reason: asError(cause).message }, { cause });
      });
      await memory.setContext(folder, { removed: true });
      log.info('removed the docker context', { path });
    },
  };
}

/** As the CLI weighs them; an empty one is none. */
function overrideOf(env: Environment): ContextState['override'] {
  for (const variable of ['DOCKER_HOST', 'DOCKER_CONTEXT'] as const) {
    const value = env[variable] ?? '';
    if (value !== '') {
      return { variable, value };
    }
  }
  return undefined;
}

/** As far as it is what the CLI writes. */
interface Meta {
  readonly Metadata?: { readonly Description?: unknown } | null;
  readonly Endpoints?: { readonly docker?: { readonly Host?: unknown } | null } | null;
}

function readMeta(text: string): { readonly host: string; readonly description: unknown } {
  let meta: Meta | null = null;
  try {
    meta = JSON.parse(text) as Meta | null;
  } catch {
    // Somebody's all the same.
  }
  const host = meta?.Endpoints?.docker?.Host;
  return { host: typeof host === 'string' ? host : '', description: meta?.Metadata?.Description };
}

/** With the rights that the CLI gives it: it holds no secret. */
async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    await writeFile(temporary, text, { mode: 0o644 });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}
