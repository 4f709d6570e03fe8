// `berth config edit`: the document in the user's editor, again and again until it is good or given up. What was typed is never lost:
// whatever ends the command otherwise leaves the file and names it.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Client, ConfigProblem } from '../../preload/contract';
import { problemLine } from './config-show';
import type { Kit } from './kit';
import { Exit, EXIT } from './output';

/** Lines above the document, taken off again: JSON has no comments of its own. */
const MARK = '// berth: ';

export async function editConfig(
  kit: Kit,
  client: Client,
  original: string,
  apply: (text: string, name: string) => Promise<void>,
): Promise<void> {
  const { output, terminal } = kit;
  const { texts, say } = output;
  const file = join(await mkdtemp(join(tmpdir(), 'berth-')), 'daemon.json');
  let text = original;
  let notes: readonly string[] = [];
  let done = false;
  try {
    for (;;) {
      await writeFile(file, notes.map((note) => `${MARK}${note}\n`).join('') + text, { mode: 0o600 });
      const code = await terminal.edit(file);
      const edited = withoutNotes(await readFile(file, 'utf8'));
      if (code !== 0) {
        say(texts.text('cli', 'config.editorFailed', { code }));
        text = edited;
        throw new Exit(EXIT.failed);
      }
      if (edited === original) {
        say(texts.text('cli', 'config.unchanged'));
        done = true;
        return;
      }
      const sameAsBefore = edited === text && notes.length > 0;
      text = edited;
      const { problems } = await client.call('config.check', { text });
      const wrong = problems.filter(({ severity }) => severity === 'error');
      if (wrong.length === 0) {
        break;
      }
      // Lines are counted in the file as it is opened the next time: below the notes, of which the hint is one.
      const shift = wrong.length + 1;
      const lines = wrong.map((problem) => problemLine(moved(problem, shift), 'daemon.json', output));
      if (sameAsBefore) {
        lines.forEach(say);
        throw new Exit(EXIT.failed);
      }
      notes = [...lines.map((line) => line.replaceAll('\n', ' ')), texts.text('cli', 'config.editHint')];
    }
    await apply(text, 'daemon.json');
    done = true;
  } finally {
    if (done || text === original) {
      await rm(dirname(file), { recursive: true, force: true });
    } else {
      await writeFile(file, text);
      say(texts.text('cli', 'config.editKept', { file }));
    }
  }
}

function withoutNotes(text: string): string {
  const lines = text.split('\n');
  const from = lines.findIndex((line) => !line.startsWith(MARK.trimEnd()));
  return lines.slice(Math.max(0, from)).join('\n');
}

/** Lines that are said in words, too. */
const LINES: readonly string[] = ['line', 'firstLine'];

function moved(problem: ConfigProblem, lines: number): ConfigProblem {
  const { place, error } = problem;
  const params = Object.entries(error.params).map(([name, value]) =>
    LINES.includes(name) && typeof value === 'number' ? [name, value + lines] : [name, value],
  );
  return {
    ...problem,
    error: { ...error, params: Object.fromEntries(params) as typeof error.params },
    ...(place && { place: { ...place, line: place.line + lines, endLine: place.endLine + lines } }),
  };
}
