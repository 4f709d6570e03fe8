// A terminal's process that outlives a pause of the VM: dockerd lets nobody attach to an exec again, so after a resume a new shell goes on in the same
// session, behind a mark that says so. Knows nothing of the VM: whether a pause ended the process is handed in.
import { deferred } from '../lib/async';
import type { OpenedTerminal, Pauses, TerminalProcess, TerminalSize } from '../lib/terminal-process';

const MAX_TYPED = 4096;

type Listener = Parameters<TerminalProcess['listen']>[0];

/** `open` opens the same shell again. */
export function lastingProcess(
  first: TerminalProcess,
  size: TerminalSize,
  open: (size: TerminalSize) => Promise<OpenedTerminal>,
  pauses: Pauses,
): TerminalProcess {
  let current: TerminalProcess | undefined = first;
  let now = size;
  const closing = new AbortController();
  let held = false;
  /** What is typed behind the mark, before the new shell reads. */
  let typed = '';
  let opening = false;
  const exit = deferred<number | undefined>();

  const follow = (process: TerminalProcess, listener: Listener): void => {
    const end = (): void => {
      listener.end();
      void process.exitCode.then((code) => exit.resolve(code));
    };
    process.listen({
      data: (chunk) => listener.data(chunk),
      end() {
        const over = closing.signal.aborted ? undefined : pauses.over();
        if (over === undefined) {
          end();
          return;
        }
        current = undefined;
        void goOn(process, over, listener).then((next) => (next === undefined ? end() : follow(next, listener)));
      },
    });
    if (held) {
      process.pause();
    }
  };

  const goOn = async (
    before: TerminalProcess,
    over: Promise<string | undefined>,
    listener: Listener,
  ): Promise<TerminalProcess | undefined> => {
    const words = await over;
    if (words === undefined || closing.signal.aborted) {
      return undefined;
    }
    // The earlier shell still waits in its container for somebody to type.
    void before.close().catch(() => undefined);
    listener.data(Buffer.from(`\x1b[0m\r\n\x1b[90m── ${words} ──\x1b[39m\r\n`));
    opening = true;
    try {
      const { process } = await open(now);
      // A close comes while it opens, too.
      if ((closing.signal as { readonly aborted: boolean }).aborted) {
        await process.close();
        return undefined;
      }
      current = process;
      if (typed !== '') {
        process.write(typed);
      }
      return process;
    } catch {
      // Its container is gone, or has no shell any more.
      return undefined;
    } finally {
      opening = false;
      typed = '';
    }
  };

  return {
    listen: (listener) => follow(first, listener),
    write(data) {
      if (current !== undefined) {
        current.write(data);
      } else if (opening && typed.length < MAX_TYPED) {
        typed += data;
      }
    },
    async resize(cols, rows) {
      now = { cols, rows };
      await current?.resize(cols, rows);
    },
    pause() {
      held = true;
      current?.pause();
    },
    resume() {
      held = false;
      current?.resume();
    },
    exitCode: exit.promise,
    async close() {
      closing.abort();
      await current?.close();
    },
  };
}
