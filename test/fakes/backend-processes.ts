// Real processes over a fake engine: the command line and headless backends, bundled as the application's are.
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { isAlive } from '../../main/lib/process';
import type { Resources } from '../../main/vm/resources';
import { startFakeDockerd } from './dockerd/server';
import type { FakeDockerd } from './dockerd/server';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Processes {
  readonly folder: string;
  readonly home: string;
  readonly engine: FakeDockerd;
  berth(...args: string[]): Promise<Ran>;
  /** As `berth`, with another environment. */
  berthWith(env: Record<string, string>, ...args: string[]): Promise<Ran>;
  /** A command that is not waited for. */
  spawn(env: Record<string, string>, ...args: string[]): ChildProcess;
  /** A headless backend in the foreground of the test. */
  headless(...args: string[]): ChildProcess;
  /** Of the home's lock. */
  owner(): number;
  /** Ends what still runs. */
  dispose(): Promise<void>;
}

const external = ['node-pty', 'cpu-features', '*.node', 'electron'];

export interface ProcessesOptions {
  /** The real VM, of these resources; else a fake one over a fake engine. */
  readonly resources?: Resources;
}

export async function startProcesses({ resources }: ProcessesOptions = {}): Promise<Processes> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-proc-'));
  const main = join(folder, 'dist', 'main');
  mkdirSync(join(folder, 'dist', 'renderer'), { recursive: true });
  writeFileSync(join(folder, 'dist', 'renderer', 'index.html'), '<!doctype html><title>Berth</title>');
  for (const [entry, name] of [
    ['main/cli.ts', 'cli.cjs'],
    [resources === undefined ? 'test/fakes/headless.ts' : 'main/headless.ts', 'headless.cjs'],
  ] as const) {
    await build({
      entryPoints: [resolve(entry)],
      outfile: join(main, name),
      bundle: true,
      platform: 'node',
      format: 'cjs',
      target: 'node20',
      external,
      // As scripts/lib/bundle.mjs has it.
      alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
      logLevel: 'error',
    });
  }
  if (resources !== undefined) {
    writeFileSync(join(folder, 'dist', 'resources.json'), JSON.stringify(resources));
  }
  const home = join(folder, 'home');
  const socket = join(folder, 'engine.sock');
  const engine = await startFakeDockerd(socket, { containers: 3 });
  const environment = {
    ...process.env,
    BERTH_HOME: home,
    BERTH_FAKE_ENGINE: socket,
    DOCKER_CONFIG: join(folder, 'docker'),
    LANG: 'C.UTF-8',
    LC_ALL: '',
    DISPLAY: '',
    WAYLAND_DISPLAY: '',
  };
  const children = new Set<ChildProcess>();
  const seen = new Set<number>();

  const owner = (): number => {
    const { pid } = JSON.parse(readFileSync(join(home, 'lock'), 'utf8')) as { pid: number };
    seen.add(pid);
    return pid;
  };
  const berthWith: Processes['berthWith'] = (env, ...args) =>
    new Promise((done) => {
      execFile(
        process.execPath,
        [join(main, 'cli.cjs'), ...args],
        { env: { ...environment, ...env }, timeout: 240_000 },
        (error, stdout, stderr) => {
          try {
            owner();
          } catch {
            // None.
          }
          done({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 128, stdout, stderr });
        },
      );
    });

  return {
    folder,
    home,
    engine,
    owner,
    berthWith,
    berth: (...args) => berthWith({}, ...args),
    spawn(env, ...args) {
      const child = spawn(process.execPath, [join(main, 'cli.cjs'), ...args], {
        env: { ...environment, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      children.add(child);
      return child;
    },
    headless(...args) {
      const child = spawn(process.execPath, [join(main, 'headless.cjs'), ...args], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
      children.add(child);
      return child;
    },
    async dispose() {
      await berthWith({}, 'stop');
      for (const child of children) {
        child.kill('SIGKILL');
      }
      for (const pid of seen) {
        if (isAlive(pid) && pid !== process.pid) {
          process.kill(pid, 'SIGKILL');
        }
      }
      await engine.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The first line of a child's stdout. */
export function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((done, failed) => {
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end !== -1) {
        done(text.slice(0, end));
      }
    });
    child.on('exit', () => failed(new Error(`ended after ${JSON.stringify(text)}`)));
  });
}
