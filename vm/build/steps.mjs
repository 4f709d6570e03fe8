// Steps of a build: each is shown with its name and time, a slow one with its progress, a failing one with its last
// output. Knows nothing of what is built.
import { spawn } from 'node:child_process';

const SLOW_MS = 5000;
const LAST_LINES = 15;

export class StepError extends Error {
  constructor(step, cause) {
    super(`${step}: ${cause.message}`);
    this.step = step;
    this.output = cause.output ?? '';
    this.missing = cause.missing;
  }
}

const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`;

/** Runs `work(progress)`; `progress(text)` is remembered and shown every 5 s. */
export async function step(log, name, work) {
  const began = Date.now();
  let state = '';
  const timer = setInterval(() => log(`  ${name}: ${seconds(began)}${state && `, ${state}`}`), SLOW_MS);
  try {
    const result = await work((text) => (state = text));
    log(`${name}: done in ${seconds(began)}`);
    return result;
  } catch (error) {
    throw error instanceof StepError ? error : new StepError(name, error);
  } finally {
    clearInterval(timer);
  }
}

/** A process in a group of its own does not hear Ctrl-C: it is told when this process ends. Returns the undoing. */
function endTogether(child) {
  const end = () => {
    try {
      process.kill(-child.pid, 'SIGTERM');
    } catch {
      // It is gone already.
    }
  };
  const leave = { SIGINT: () => process.exit(130), SIGTERM: () => process.exit(143), SIGHUP: () => process.exit(129) };
  process.once('exit', end);
  for (const [signal, handler] of Object.entries(leave)) {
    process.once(signal, handler);
  }
  return () => {
    process.off('exit', end);
    for (const [signal, handler] of Object.entries(leave)) {
      process.off(signal, handler);
    }
  };
}

/**
 * Runs a program without a shell. Resolves to its stdout (a Buffer); rejects with the last lines of its output.
 * `onLine` gets each line of stderr; `limitMs` ends a program that hangs; `input` goes to its stdin; `ownGroup` is for one
 * that signals its whole process group when it fails (mmdebstrap), which would end whoever started the build.
 */
export function run(program, args, { env, input, onLine, limitMs, ownGroup = false, accept = [0] } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, detached: ownGroup, stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] });
    const letGo = ownGroup ? endTogether(child) : () => {};
    const stdout = [];
    const last = [];
    let rest = '';
    let late = false;
    const timer = limitMs && setTimeout(() => ((late = true), child.kill('SIGTERM')), limitMs);
    child.stdout?.on('data', (chunk) => stdout.push(chunk));
    child.stderr.on('data', (chunk) => {
      // apt redraws its progress with carriage returns.
      const lines = (rest + chunk).split(/[\r\n]+/);
      rest = lines.pop();
      for (const line of lines.filter((text) => text.trim())) {
        onLine?.(line);
        last.push(line);
        if (last.length > LAST_LINES) {
          last.shift();
        }
      }
    });
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
    const fail = (cause, missing = false) =>
      reject(Object.assign(new Error(cause), { missing, output: [...last, rest].filter(Boolean).join('\n') }));
    child.on('error', (error) => (error.code === 'ENOENT' ? fail(`${program} is not installed`, true) : fail(error.message)));
    child.on('close', (code, signal) => {
      letGo();
      clearTimeout(timer);
      if (late) {
        fail(`${program} took longer than ${limitMs / 60000} minutes`);
      } else if (code === null || !accept.includes(code)) {
        fail(`${program} ended with ${signal ?? code}`);
      } else {
        resolve(Buffer.concat(stdout));
      }
    });
  });
}
