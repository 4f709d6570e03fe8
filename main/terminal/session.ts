// Terminal sessions as the handlers of terminal.*: they outlive tabs and pages, and stay listed after their end until closed.
// Knows nothing of Docker or node-pty: both are handed to it as ways to open a TerminalProcess.
import { randomUUID } from 'node:crypto';
import { BerthError } from '../../preload/contract';
import type { BackendHandlers, TerminalSession } from '../../preload/contract';
import { settledWithin } from '../lib/async';
import type { OpenedTerminal, Pauses, TerminalProcess, TerminalSize } from '../lib/terminal-process';
import { createFanOut } from './fan-out';
import { lastingProcess } from './lasting';
import type { FanOut } from './fan-out';

const MAX_SESSIONS = 64;
/** A process is given this long to be seen off when everything ends. */
const DISPOSE_MS = 2000;

export interface TerminalDeps {
  readonly openExec: (
    request: TerminalSize & { readonly container: string; readonly shell: string; readonly user: string },
  ) => Promise<OpenedTerminal>;
  /** Missing = what containers run in is never paused. */
  readonly pauses?: Pauses;
  /** Missing where the shell offers no terminal of the host. */
  readonly openHost?: (size: TerminalSize) => Promise<OpenedTerminal>;
}

export interface Terminals {
  readonly handlers: Pick<BackendHandlers, Extract<keyof BackendHandlers, `terminal.${string}`>>;
  dispose(): Promise<void>;
}

type OpenInput = Parameters<BackendHandlers['terminal.open']>[0];

interface Live {
  session: TerminalSession;
  readonly process: TerminalProcess;
  readonly output: FanOut;
  ended: boolean;
}

export function createTerminals({ openExec, openHost, pauses }: TerminalDeps): Terminals {
  const sessions = new Map<string, Live>();
  let opening = 0;

  function found(id: string): Live {
    const live = sessions.get(id);
    if (live === undefined) {
      throw new BerthError('terminal.gone', { session: id });
    }
    return live;
  }

  async function start(input: OpenInput): Promise<OpenedTerminal> {
    if (input.kind === 'exec') {
      return openExec(input);
    }
    if (openHost === undefined) {
      throw new BerthError('rpc.unavailableHere', { what: 'hostTerminal' });
    }
    return openHost(input);
  }

  async function open(input: OpenInput): Promise<TerminalSession> {
    if (sessions.size + opening >= MAX_SESSIONS) {
      throw new BerthError('terminal.tooMany', { limit: MAX_SESSIONS });
    }
    opening += 1;
    let opened: OpenedTerminal;
    try {
      opened = await start(input);
    } finally {
      opening -= 1;
    }
    const { shell } = opened;
    const id = randomUUID();
    const exec = input.kind === 'exec' ? input : undefined;
    const process =
      exec === undefined || pauses === undefined
        ? opened.process
        : lastingProcess(opened.process, exec, (size) => openExec({ ...exec, ...size, shell }), pauses);
    const session: TerminalSession = {
      id,
      kind: input.kind,
      ...(exec && { container: exec.container }),
      shell,
      user: exec?.user ?? '',
      startedAt: Date.now(),
    };
    const live: Live = {
      session,
      process,
      ended: false,
      output: createFanOut(process, () => {
        live.ended = true;
      }),
    };
    sessions.set(id, live);
    void process.exitCode.then((exitCode) => {
      // 128 + SIGHUP: nobody saw its end, e.g. because the connection broke.
      live.session = { ...live.session, exitCode: exitCode ?? 129 };
    });
    return session;
  }

  async function* output(id: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const live = found(id);
    yield* live.output.read(signal);
    if (!signal.aborted) {
      // Who reads to the end asks for the exit code next.
      await live.process.exitCode;
    }
  }

  async function close(id: string): Promise<void> {
    const live = sessions.get(id);
    sessions.delete(id);
    await live?.process.close();
  }

  return {
    handlers: {
      'terminal.open': open,
      'terminal.output': ({ session }, { signal }) => output(session, signal),
      'terminal.input': ({ session, data }) => {
        const live = found(session);
        if (!live.ended) {
          live.process.write(data);
        }
      },
      'terminal.resize': async ({ session, cols, rows }) => {
        const live = found(session);
        if (!live.ended) {
          await live.process.resize(cols, rows);
        }
      },
      'terminal.close': ({ session }) => close(session),
      'terminal.list': ({ container }) =>
        [...sessions.values()].map((live) => live.session).filter((session) => container === undefined || session.container === container),
    },
    async dispose() {
      await settledWithin(Promise.all([...sessions.keys()].map(close)), DISPOSE_MS);
    },
  };
}
