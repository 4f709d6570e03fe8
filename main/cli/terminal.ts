// The terminal of a command: questions, lines that are painted over, what comes in by stdin, the user's editor. Says nothing by itself.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { text as readAll } from 'node:stream/consumers';

export interface Terminal {
  /** Somebody is there to be asked, and lines on stderr may be painted over. */
  readonly interactive: boolean;
  readonly rows: number;
  readonly columns: number;
  /** What was typed; empty at the end of the input. */
  ask(question: string): Promise<string>;
  /** Shows these lines in the place of those that the last call showed. Nothing = leave them standing. */
  paint(lines: readonly string[] | undefined): void;
  /** All of stdin. */
  input(): Promise<string>;
  /** $VISUAL, $EDITOR or vi on the file; its exit code. */
  edit(path: string): Promise<number>;
}

export function createTerminal(environment: Readonly<Record<string, string | undefined>>): Terminal {
  const { stdin, stderr } = process;
  let painted = 0;
  return {
    interactive: stdin.isTTY && stderr.isTTY,
    rows: stderr.rows,
    columns: stderr.columns,

    async ask(question) {
      const lines = createInterface({ input: stdin, output: stderr });
      const closed = once(lines, 'close').then(() => '');
      try {
        return await Promise.race([lines.question(question), closed]);
      } finally {
        lines.close();
      }
    },

    paint(lines) {
      if (lines === undefined) {
        painted = 0;
        return;
      }
      const up = painted === 0 ? '' : `\u001b[${painted}A`;
      stderr.write(up + lines.map((line) => `\r\u001b[K${line}\n`).join(''));
      painted = lines.length;
    },

    input: () => readAll(stdin),

    async edit(path) {
      const command = editorOf(environment);
      // The variable may hold options ("code --wait"), so the shell splits it, and never the path.
      const child =
        process.platform === 'win32'
          ? spawn(`${command} "${path}"`, { shell: true, stdio: 'inherit' })
          : spawn('/bin/sh', ['-c', `${command} "$1"`, 'sh', path], { stdio: 'inherit' });
      const [code] = (await once(child, 'exit')) as [number | null];
      return code ?? 1;
    },
  };
}

function editorOf(environment: Readonly<Record<string, string | undefined>>): string {
  const named = [environment['VISUAL'], environment['EDITOR']].find((value) => value !== undefined && value.trim() !== '');
  return named ?? (process.platform === 'win32' ? 'notepad' : 'vi');
}
