// The docker context `berth`: one file of the CLI's own store, kept right. Touches no other context and never chooses which one is current.
// Format: ~/.docker/contexts/meta/<sha256 of the name>/meta.json, as `docker context create` writes it.
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { BerthError } from '../../preload/contract';

export const CONTEXT_NAME = 'berth';

export type ContextState = 'selected' | 'present' | 'none';

export interface ContextDeps {
  /** `unix:///…` or `npipe:////./pipe/…`. */
  readonly dockerHost: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Writes the context where it is missing or points elsewhere. Rejects with `context.notWritable`. */
export async function keepContext({ dockerHost, env }: ContextDeps): Promise<void> {
  const path = metaPath(env);
  const meta = { Name: CONTEXT_NAME, Metadata: { Description: 'Berth' }, Endpoints: { docker: { Host: dockerHost, SkipTLSVerify: false } } };
  if ((await hostOf(path)) === dockerHost) {
    return;
  }
  const temporary = `${path}.${process.pid}`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    await writeFile(temporary, JSON.stringify(meta), { mode: 0o644 });
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new BerthError('context.notWritable', { path, reason: cause instanceof Error ? cause.message : String(cause) }, { cause });
  }
}

/** Whether a plain `docker` of this user speaks to Berth. */
export async function readContext({ dockerHost, env }: ContextDeps): Promise<ContextState> {
  if ((await hostOf(metaPath(env))) !== dockerHost) {
    return 'none';
  }
  const config = await readJson(join(configFolder(env), 'config.json'));
  const current = env['DOCKER_CONTEXT'] ?? (config as { currentContext?: unknown } | undefined)?.currentContext;
  return current === CONTEXT_NAME && env['DOCKER_HOST'] === undefined ? 'selected' : 'present';
}

function configFolder(env: ContextDeps['env']): string {
  return env['DOCKER_CONFIG'] ?? join(env['HOME'] ?? homedir(), '.docker');
}

function metaPath(env: ContextDeps['env']): string {
  return join(configFolder(env), 'contexts', 'meta', createHash('sha256').update(CONTEXT_NAME).digest('hex'), 'meta.json');
}

async function hostOf(path: string): Promise<unknown> {
  const meta = (await readJson(path)) as { Endpoints?: { docker?: { Host?: unknown } } } | undefined;
  return meta?.Endpoints?.docker?.Host;
}

/** undefined = not there, or not JSON. */
async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown;
  } catch {
    return undefined;
  }
}
