// Runs the parts of a report side by side, each with its own time, and writes what they give as files, every byte of it through the redactor.
// A part that hangs or fails is said and stops nobody. Knows no part.
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { DiagnosticsPart, DiagnosticsPartName } from '../../preload/contract';
import { asError, settledWithin } from '../lib/async';
import { writeAtomic } from '../lib/atomic-file';
import { redact, redactJson } from '../lib/redact';

/** Text as it is, anything else as JSON, by file name. */
export type Give = (file: string, content: unknown) => Promise<void>;

export interface Part {
  readonly name: DiagnosticsPartName;
  /** Gives what it has as it has it, so that what is late is less and not nothing. The signal is its time's end. */
  readonly collect: (give: Give, signal: AbortSignal) => Promise<void>;
}

export interface GatherOptions {
  readonly folder: string;
  readonly partMs: number;
  readonly signal: AbortSignal;
  readonly onChange: (parts: readonly DiagnosticsPart[]) => void;
}

export async function gather(parts: readonly Part[], { folder, partMs, signal, onChange }: GatherOptions): Promise<void> {
  const state = new Map<DiagnosticsPartName, DiagnosticsPart>(parts.map(({ name }) => [name, { name, state: 'running', files: [] }]));
  const change = (name: DiagnosticsPartName, patch: Partial<DiagnosticsPart>): void => {
    state.set(name, { ...(state.get(name) ?? { name, state: 'running', files: [] }), ...patch });
    onChange([...state.values()]);
  };
  onChange([...state.values()]);
  await Promise.all(
    parts.map(async ({ name, collect }) => {
      const over = new AbortController();
      const limit = AbortSignal.any([signal, over.signal]);
      const give: Give = async (file, content) => {
        if (limit.aborted) {
          return; // The report is closed: a file that came now would be in the folder and in no list.
        }
        const path = join(folder, name, file);
        const text = clean(content);
        await writeAtomic(path, text);
        const listed = { file: `${name}/${file}`, bytes: Buffer.byteLength(text) };
        // One that grows is given again.
        const others = (state.get(name)?.files ?? []).filter((other) => other.file !== listed.file);
        change(name, { files: [...others, listed] });
      };
      const work = collect(give, limit);
      try {
        change(name, { state: (await settledWithin(work, partMs)) ? 'done' : 'late' });
        over.abort(new Error(`no answer within ${partMs / 1000} s`));
        if (state.get(name)?.state === 'done') {
          await work;
        }
      } catch (error) {
        change(name, { state: 'failed', detail: redact(asError(error).message) });
      } finally {
        work.catch(() => undefined);
      }
    }),
  );
}

function clean(content: unknown): string {
  const text = typeof content === 'string' ? redact(content) : `${JSON.stringify(redactJson(content), null, 2)}\n`;
  // A user's name is in nearly every path, and says nothing about what is wrong.
  const home = homedir();
  return dirname(home) === home ? text : text.replaceAll(home, '~');
}
