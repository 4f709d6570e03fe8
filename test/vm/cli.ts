// The bundled docker CLI as users run it: a process with stdin, stdout and an exit code, on one engine socket.
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { Resources } from '../../main/vm/resources';
import { testResources } from './open-vm';

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly input?: Buffer | string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** In a terminal of its own, by script(1); stdin stays open. */
  readonly tty?: boolean;
  /** stdin stays open after the input. */
  readonly open?: boolean;
}

export interface DockerHost {
  readonly dockerHost: string;
  readonly resources?: Resources;
}

export interface RunningCli {
  readonly child: ChildProcess;
  readonly done: Promise<CliResult>;
  /** Resolves once stdout contains the text. */
  until(text: string): Promise<void>;
}

export async function runDocker(box: DockerHost, args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return (await startDocker(box, args, options)).done;
}

export async function startDocker(
  { dockerHost, resources }: DockerHost,
  args: readonly string[],
  { input, cwd, env, tty = false, open = tty }: CliOptions = {},
): Promise<RunningCli> {
  const { bundle } = resources ?? (await testResources());
  const docker = join(bundle, 'bin', 'docker');
  const [command, argv] = tty ? ['script', ['-qec', [docker, ...args].map(quoted).join(' '), '/dev/null']] : [docker, args];
  const child = spawn(command, argv, { cwd, env: { ...process.env, DOCKER_HOST: dockerHost, ...env } });
  let stdout = '';
  let stderr = '';
  let wake: () => void = () => undefined;
  child.stdout.on('data', (bytes: Buffer) => {
    stdout += bytes.toString('latin1');
    wake();
  });
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()));
  child.stdin.on('error', () => undefined);
  child.stdin.write(input ?? '');
  if (!open) {
    child.stdin.end();
  }
  const done = new Promise<CliResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ code: code ?? -1, stdout, stderr });
      wake();
    });
  });
  return {
    child,
    done,
    async until(text) {
      while (!stdout.includes(text)) {
        if (child.exitCode !== null) {
          throw new Error(`docker ${args.join(' ')} ended before ${JSON.stringify(text)}: ${stdout}${stderr}`);
        }
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
