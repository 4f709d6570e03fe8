// Child processes for the scripts: never a shell, never stdin (but where a person must answer), bounded in time, their last lines kept.
import { spawn } from 'node:child_process';

const children = new Set();
process.on('exit', () => {
  for (const child of children) {
    child.kill('SIGTERM');
  }
});

/**
 * Resolves with { code, signal, output, timedOut }, whatever the program does; `output` is the end of what it wrote (64 KiB).
 * `onLine` sees each line of both channels as it comes.
 */
export function run(command, args, { cwd, env, timeoutMs, onLine, stdio = ['ignore', 'pipe', 'pipe'] } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env: env ?? process.env, stdio });
    children.add(child);
    let output = '';
    let timedOut = false;
    let rest = '';
    const take = (chunk) => {
      output = (output + chunk).slice(-65_536);
      if (onLine === undefined) {
        return;
      }
      const lines = (rest + chunk).split(/\r?\n|\r/);
      rest = lines.pop();
      for (const line of lines) {
        onLine(line);
      }
    };
    for (const channel of [child.stdout, child.stderr]) {
      channel?.setEncoding('utf8').on('data', take);
    }
    const timer =
      timeoutMs &&
      setTimeout(() => {
        timedOut = true;
        child.kill('SIGTERM');
        setTimeout(() => child.kill('SIGKILL'), 5000).unref();
      }, timeoutMs);
    const finish = (result) => {
      clearTimeout(timer);
      children.delete(child);
      if (rest !== '' && onLine !== undefined) {
        onLine(rest);
      }
      resolve({ output, timedOut, ...result });
    };
    child.on('error', (error) => finish({ code: 127, signal: null, output: `${command}: ${error.message}` }));
    child.on('close', (code, signal) => finish({ code: code ?? 128, signal }));
  });
}

export function lastLines(text, count = 12) {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}

/** Runs in the foreground with the terminal handed over; resolves with the exit code. Ctrl-C goes to the child, which ends in order. */
export function handOver(command, args, { env, cwd } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: 'inherit', env: env ?? process.env, cwd });
    // The terminal sends SIGINT to both; only the child may decide when it is over.
    const onInterrupt = () => {};
    const onTerminate = () => child.kill('SIGTERM');
    process.on('SIGINT', onInterrupt);
    process.on('SIGTERM', onTerminate);
    child.on('error', (error) => {
      process.stderr.write(`${command}: ${error.message}\n`);
      resolve(127);
    });
    child.on('exit', (code) => {
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onTerminate);
      resolve(code ?? 1);
    });
  });
}
