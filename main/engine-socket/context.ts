// The docker context `berth`: one file of the CLI's own store, kept right. Touches no other context and never chooses which one is current.
// Format: ~/.docker/contexts/meta/<sha256 of the name>/meta.json, as `docker context create` writes it.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { BerthError } from '../../preload/contract';
import type { AppInfo } from '../../preload/contract';
import type { Logger } from '../lib/logger';

const CONTEXT_NAME = 'berth';

export interface ContextDeps {
  /** `unix:///…` or `npipe:////./pipe/…`. */
  readonly dockerHost: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly log: Logger;
}

export interface DockerContext {
  readonly name: string;
  /** `context.notWritable`: everything but the context works. */
  readonly error?: BerthError;
  /** Whether a plain `docker` of this user speaks to Berth, as of now. */
  state(): AppInfo['context'];
}

/** Writes the context where it is missing or points elsewhere. */
export async function openDockerContext({ dockerHost, env = process.env, log }: ContextDeps): Promise<DockerContext> {
  const folder = env['DOCKER_CONFIG'] ?? join(env['HOME'] ?? homedir(), '.docker');
  const path = join(folder, 'contexts', 'meta', createHash('sha256').update(CONTEXT_NAME).digest('hex'), 'meta.json');

  const isRight = (): boolean => {
    const meta = readJson(path) as { Endpoints?: { docker?: { Host?: unknown } } } | undefined;
    return meta?.Endpoints?.docker?.Host === dockerHost;
  };
  const state = (): AppInfo['context'] => {
    if (!isRight()) {
      return 'none';
    }
    const chosen =
      env['DOCKER_CONTEXT'] ?? (readJson(join(folder, 'config.json')) as { currentContext?: unknown } | undefined)?.currentContext;
    return chosen === CONTEXT_NAME && env['DOCKER_HOST'] === undefined ? 'selected' : 'present';
  };

  if (isRight()) {
    return { name: CONTEXT_NAME, state };
  }
  try {
    const meta = {
      Name: CONTEXT_NAME,
      Metadata: { Description: 'Berth' },
      Endpoints: { docker: { Host: dockerHost, SkipTLSVerify: false } },
    };
    await replaceFile(path, JSON.stringify(meta));
    log.info('wrote the docker context', { path, dockerHost });
    return { name: CONTEXT_NAME, state };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return { name: CONTEXT_NAME, state, error: new BerthError('context.notWritable', { path, reason }, { cause }) };
  }
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

/** undefined = not there, or not JSON. */
function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as unknown;
  } catch {
    return undefined;
  }
}
