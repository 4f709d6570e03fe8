// The host's own shell in a pseudo terminal, with DOCKER_HOST set. The only place that knows node-pty, which is loaded when first needed:
// the browser shell never offers this, and a machine without the addon still starts.
import { homedir } from 'node:os';
import type { OpenedTerminal, TerminalProcess, TerminalSize } from '../lib/terminal-process';

export interface HostShellDeps {
  readonly dockerHost: string;
  /** Before the others in PATH, where the system has no docker of its own; "" = none. */
  readonly dockerCliFolder: string;
  readonly env?: NodeJS.ProcessEnv;
}

function shellOf(env: NodeJS.ProcessEnv): string {
  return process.platform === 'win32' ? (env['COMSPEC'] ?? 'powershell.exe') : env['SHELL'] || '/bin/sh';
}

function environment({ dockerHost, dockerCliFolder }: HostShellDeps, env: NodeJS.ProcessEnv): Record<string, string> {
  const kept = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[0] !== 'DOCKER_CONTEXT' && !entry[0].startsWith('ELECTRON_'),
  );
  const separator = process.platform === 'win32' ? ';' : ':';
  const path = env['PATH'] ?? '';
  return {
    ...Object.fromEntries(kept),
    DOCKER_HOST: dockerHost,
    PATH: dockerCliFolder === '' ? path : `${path}${separator}${dockerCliFolder}`,
    TERM: 'xterm-256color',
    COLORTERM: 'truecolor',
  };
}

export function createHostShell(deps: HostShellDeps): (size: TerminalSize) => Promise<OpenedTerminal> {
  const env = deps.env ?? process.env;
  return async ({ cols, rows }) => {
    const { spawn } = await import('node-pty');
    const shell = shellOf(env);
    // No encoding: bytes, so that a character torn between two reads stays whole.
    const pty = spawn(shell, [], { name: 'xterm-256color', cols, rows, cwd: homedir(), env: environment(deps, env), encoding: null });
    let listener: Parameters<TerminalProcess['listen']>[0] | undefined;
    let exited = false;
    const early: Uint8Array[] = [];
    pty.onData((data: string | Uint8Array) => {
      const bytes = typeof data === 'string' ? Buffer.from(data) : data;
      if (listener === undefined) {
        early.push(bytes);
      } else {
        listener.data(bytes);
      }
    });
    const exitCode = new Promise<number | undefined>((resolve) => {
      pty.onExit(({ exitCode: code, signal }) => {
        exited = true;
        listener?.end();
        resolve(signal !== undefined && signal !== 0 ? 128 + signal : code);
      });
    });
    return {
      shell,
      process: {
        exitCode,
        listen(next) {
          listener = next;
          early.splice(0).forEach((chunk) => next.data(chunk));
          if (exited) {
            next.end();
          }
        },
        write: (data) => pty.write(data),
        async resize(newCols, newRows) {
          if (!exited) {
            pty.resize(newCols, newRows);
          }
        },
        pause: () => pty.pause(),
        resume: () => pty.resume(),
        async close() {
          if (!exited) {
            pty.resume();
            pty.kill();
          }
        },
      },
    };
  };
}
