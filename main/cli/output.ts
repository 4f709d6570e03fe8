// What the command line says and where: words and progress on stderr, results on stdout, errors as title, what is kept, what to do.
import { toWireError } from '../../preload/contract';
import type { ErrorCode, WireError } from '../../preload/contract';
import type { Texts } from '../lib/texts';

export const EXIT = { done: 0, failed: 1, usage: 2, notRunning: 3 } as const;

/** What a backend says whose engine does not run. */
const NOT_RUNNING: ReadonlySet<ErrorCode> = new Set(['vm.notRunning', 'engine.away']);

export interface Output {
  readonly texts: Texts;
  readonly print: (line: string) => void;
  readonly say: (line: string) => void;
  readonly error: (error: WireError) => void;
}

export function createOutput(texts: Texts): Output {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  return {
    texts,
    say,
    print: (line) => void process.stdout.write(`${line}\n`),
    error(error) {
      const { title, kept, next } = texts.error(error);
      say(texts.text('cli', 'error.title', { title }));
      say(texts.text('cli', 'error.kept', { text: kept }));
      say(texts.text('cli', 'error.next', { text: next }));
    },
  };
}

/** Ends the command with this exit code; what there is to say was said. */
export class Exit extends Error {
  constructor(readonly code: number) {
    super(`exit ${code}`);
  }
}

/** The exit code of whatever a command threw. */
export function reportFailure(error: unknown, output: Output): number {
  if (error instanceof Exit) {
    return error.code;
  }
  const wire = toWireError(error);
  output.error(wire);
  return NOT_RUNNING.has(wire.code) ? EXIT.notRunning : EXIT.failed;
}
