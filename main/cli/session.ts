// The command line's way to a backend: the control socket of the home, or a new headless backend put into the background.
import { spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BerthError, isBerthError } from '../../preload/contract';
import { createClient } from '../../preload/rpc/client';
import type { RpcClient } from '../../preload/rpc/client';
import { connectControl } from '../control/connect';
import { readOwner } from '../control/lock';
import { settledWithin } from '../lib/async';
import type { HomeFiles } from '../lib/home';

/** A backend says hello as soon as it holds the lock; then the rest of its start has a voice of its own. */
const SPAWN_DEADLINE_MS = 60_000;
const QUIET_MS = 5000;
/** A hello needs a millisecond; who says none for this long hangs. */
const HELLO_DEADLINE_MS = 10_000;
const RETRY_MS = 50;

export interface SessionDeps {
  readonly files: HomeFiles;
  readonly build: string;
}

/** Undefined where no backend owns the home. */
export async function findBackend({ files, build }: SessionDeps): Promise<RpcClient | undefined> {
  const transport = await connectControl(files.run.control);
  if (transport === undefined) {
    return undefined;
  }
  const client = createClient(transport, { build, client: 'cli' });
  try {
    if (!(await settledWithin(client.ready, HELLO_DEADLINE_MS))) {
      client.close();
      const owner = await readOwner(files.lock);
      throw new BerthError('backend.notAnswering', { pid: owner?.pid ?? 0, seconds: HELLO_DEADLINE_MS / 1000 });
    }
    await client.ready;
    return client;
  } catch (error) {
    if (isBerthError(error) && error.code === 'rpc.disconnected') {
      return undefined; // It was ending just then.
    }
    throw error;
  }
}

export interface SpawnDeps extends SessionDeps {
  /** The bundle to run. */
  readonly headless: string;
  readonly onSlow: () => void;
}

/** Finds the backend or starts one, which outlives this process. Rejects with its last words where it ends at once. */
export async function findOrSpawn(deps: SpawnDeps): Promise<RpcClient> {
  const found = await findBackend(deps);
  if (found !== undefined) {
    return found;
  }
  const { files } = deps;
  let child: Child | undefined;
  const startedAt = performance.now();
  let told = false;
  for (;;) {
    // An owner that does not listen is starting or ending; a second one would only attach to it.
    if (child === undefined && (await readOwner(files.lock)) === undefined) {
      child = spawnHeadless(deps);
    }
    const client = await findBackend(deps);
    if (client !== undefined) {
      child?.unref();
      return client;
    }
    const waited = performance.now() - startedAt;
    if (child?.failed() === true || waited > SPAWN_DEADLINE_MS) {
      throw new BerthError('backend.notStarted', { detail: child?.lastWords() ?? '' });
    }
    if (!told && waited > QUIET_MS) {
      told = true;
      deps.onSlow();
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

interface Child {
  /** Not where it ended because another one was faster. */
  failed(): boolean;
  lastWords(): string;
  unref(): void;
}

function spawnHeadless({ files, headless }: SpawnDeps): Child {
  mkdirSync(files.logs.folder, { recursive: true, mode: 0o700 });
  const words = join(files.logs.folder, 'headless.log');
  const output = openSync(words, 'w', 0o600);
  const child = spawn(process.execPath, [headless, '--no-window', '--home', files.root], {
    detached: true,
    stdio: ['ignore', output, output],
    cwd: '/',
    windowsHide: true,
  });
  let failed = false;
  child.on('error', () => {
    failed = true;
  });
  child.on('exit', (code) => {
    failed = code !== 0;
  });
  return { failed: () => failed, lastWords: () => readFileSync(words, 'utf8').trim().slice(-1000), unref: () => child.unref() };
}
