// Shells in containers by exec: finds the one that exists, and gives it the shape of a terminal's process.
// What the user typed goes into Cmd as it is; no shell ever parses it.
import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { BerthError } from '../../preload/contract';
import { deferred, settledWithin, sleep } from '../lib/async';
import type { OpenedTerminal, TerminalProcess, TerminalSize } from '../lib/terminal-process';
import type { Connection } from './connection';
import { engineError } from './errors';
import { number, record, text } from '../lib/json';

export interface ExecRequest extends TerminalSize {
  readonly container: string;
  /** A path or name, or "auto": the first of bash, ash, sh. */
  readonly shell: string;
  readonly user: string;
}

const AUTO = ['bash', 'ash', 'sh'] as const;
/** How dockerd tells, in the terminal's own stream, that nothing was started. */
const REFUSAL = 'OCI runtime exec failed';
const REFUSAL_LIMIT = 8 * 1024;
/** A shell that prints nothing has no event to tell that it runs: asked at these times instead. */
const ASK_AFTER_MS = [100, 200, 400, 800, 1600, 3200, 6400];
const CLOSE_GRACE_MS = 500;
const MARK = 'BERTH_TERMINAL';

/** Ends what a closed terminal left: dockerd ends no exec by itself. $1 is our own random mark; the container's sh runs it. */
const HANG_UP = `for e in /proc/[0-9]*/environ; do p=\${e#/proc/}; p=\${p%/environ}; if tr '\\0' '\\n' <"$e" 2>/dev/null | grep -qx "${MARK}=$1"; then kill -HUP "$p"; fi; done`;

type Listener = Parameters<TerminalProcess['listen']>[0];

/** Keeps what comes before anybody listens, and tells the first bytes and the end to whoever waits for them. */
function createOutput(raw: Duplex) {
  const early: Buffer[] = [];
  let listener: Listener | undefined;
  let ended = false;
  let wake: () => void = () => undefined;
  const end = deferred<undefined>();
  raw.on('data', (chunk: Buffer) => {
    if (listener === undefined) {
      early.push(chunk);
    } else {
      listener.data(chunk);
    }
    wake();
  });
  const onEnd = (): void => {
    if (!ended) {
      ended = true;
      listener?.end();
      end.resolve(undefined);
      wake();
    }
  };
  raw.on('end', onEnd);
  raw.on('close', onEnd);
  raw.on('error', onEnd);
  return {
    end: end.promise,
    isEnded: () => ended,
    early: () => Buffer.concat(early),
    changed: () => new Promise<void>((resolve) => (wake = resolve)),
    listen(next: Listener) {
      listener = next;
      for (const chunk of early.splice(0)) {
        next.data(chunk);
      }
      if (ended) {
        next.end();
      }
    },
  };
}

type Output = ReturnType<typeof createOutput>;

export function createExec(connection: Connection) {
  async function inspect(id: string): Promise<{ readonly running: boolean; readonly pid: number; readonly exitCode: number | undefined }> {
    const raw = record(await connection.json({ method: 'GET', path: `/exec/${id}/json`, lane: 'terminal' }));
    return { running: raw['Running'] === true, pid: number(raw['Pid']) ?? 0, exitCode: number(raw['ExitCode']) };
  }

  async function create(request: ExecRequest, shell: string, mark: string): Promise<string> {
    const body = {
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      Tty: true,
      ConsoleSize: [request.rows, request.cols],
      Cmd: [shell],
      User: request.user,
      Env: ['TERM=xterm-256color', `${MARK}=${mark}`],
    };
    const answer = await connection.json({
      method: 'POST',
      path: `/containers/${request.container}/exec`,
      body,
      lane: 'terminal',
      about: { container: request.container },
    });
    return text(record(answer)['Id']);
  }

  /** The stream's end may come before dockerd has noted the code. */
  async function exitCode(id: string, output: Output): Promise<number | undefined> {
    await output.end;
    for (const wait of [0, 50, 100, 200, 400, 800, 1600]) {
      await sleep(wait);
      const state = await inspect(id).catch(() => undefined);
      if (state?.running !== true) {
        return state?.exitCode;
      }
    }
    return undefined;
  }

  /** Resolves when it is known to run; else rejects with why it does not. */
  async function started(id: string, output: Output): Promise<void> {
    const deadlines = ASK_AFTER_MS.values();
    let ask = sleep(deadlines.next().value ?? 0);
    for (;;) {
      const early = output.early().toString('utf8');
      if (early !== '' && !early.startsWith(REFUSAL.slice(0, early.length)) ? true : early.length > REFUSAL_LIMIT) {
        return;
      }
      if (output.isEnded()) {
        const code = await exitCode(id, output);
        if (early.startsWith(REFUSAL) || code === 126 || code === 127) {
          throw engineError(400, early.trim() || `exit ${String(code)}`);
        }
        return;
      }
      const asked = await Promise.race([output.changed().then(() => false), ask.then(() => true)]);
      if (asked) {
        const state = await inspect(id);
        const wait = deadlines.next().value;
        if ((state.running && state.pid > 0 && early === '') || wait === undefined) {
          return;
        }
        ask = sleep(wait);
      }
    }
  }

  async function open(request: ExecRequest, shell: string): Promise<OpenedTerminal> {
    const mark = randomUUID();
    const id = await create(request, shell, mark);
    const body = { Detach: false, Tty: true, ConsoleSize: [request.rows, request.cols] };
    const raw = await connection.upgrade({ method: 'POST', path: `/exec/${id}/start`, body, about: { container: request.container } });
    const output = createOutput(raw);
    try {
      await started(id, output);
    } catch (error) {
      raw.destroy();
      throw error;
    }
    raw.pause();
    return { shell, process: processOf({ id, mark, request, raw, output }) };
  }

  function processOf({
    id,
    mark,
    request,
    raw,
    output,
  }: {
    id: string;
    mark: string;
    request: ExecRequest;
    raw: Duplex;
    output: Output;
  }): TerminalProcess {
    const ended = exitCode(id, output);
    async function hangUp(): Promise<void> {
      const path = `/containers/${request.container}/exec`;
      const answer = await connection.json({
        method: 'POST',
        path,
        lane: 'terminal',
        body: { Cmd: ['sh', '-c', HANG_UP, 'sh', mark], User: request.user },
      });
      await connection.json({
        method: 'POST',
        path: `/exec/${text(record(answer)['Id'])}/start`,
        lane: 'terminal',
        body: { Detach: true },
      });
    }
    return {
      listen(listener) {
        output.listen(listener);
        raw.resume();
      },
      write: (data) => void raw.write(data),
      async resize(cols, rows) {
        if (!output.isEnded()) {
          await connection.json({ method: 'POST', path: `/exec/${id}/resize`, query: { h: rows, w: cols }, lane: 'terminal' });
        }
      },
      pause: () => void raw.pause(),
      resume: () => void raw.resume(),
      exitCode: ended,
      async close() {
        raw.resume();
        if (!output.isEnded() && raw.writable) {
          // What a person would do: break off what runs, then leave the shell.
          raw.write('\u0003\u0004');
          if (!(await settledWithin(output.end, CLOSE_GRACE_MS))) {
            await hangUp().catch(() => undefined);
          }
        } else if (output.isEnded() && (await ended) === undefined) {
          // Only the connection ended: the shell still waits for somebody to type.
          await hangUp().catch(() => undefined);
        }
        raw.destroy();
      },
    };
  }

  return async function openExec(request: ExecRequest): Promise<OpenedTerminal> {
    if (request.shell !== 'auto') {
      return open(request, request.shell);
    }
    let last: unknown;
    for (const shell of AUTO) {
      try {
        return await open(request, shell);
      } catch (error) {
        if (!(error instanceof BerthError && error.code === 'engine.noCommand')) {
          throw error;
        }
        last = error;
      }
    }
    const detail = last instanceof BerthError ? String(last.params['detail'] ?? '') : '';
    throw new BerthError('engine.noCommand', { command: AUTO.join(', '), detail }, { cause: last });
  };
}
