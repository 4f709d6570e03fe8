// What commands share: a backend to talk to, a terminal to ask on, errors as `--json` shows them.
// Knows no command.
import { isBerthError, toWireError } from '../../preload/contract';
import type { Client, StreamNames, WireError } from '../../preload/contract';
import type { ItemOf, InputOf, Contract } from '../../preload/contract';
import { first as firstOf } from '../lib/async';
import { Exit, EXIT } from './output';
import type { Output } from './output';
import type { Terminal } from './terminal';

export interface Kit {
  readonly output: Output;
  readonly terminal: Terminal;
  /** Aborted by Ctrl-C. */
  readonly interrupted: AbortSignal;
  /** As `Reach` has them. */
  need(): Promise<Client>;
  needOrSpawn(): Promise<Client>;
}

export interface JsonFlag {
  /** Results as one JSON object. */
  readonly json: boolean;
}

export interface SessionOptions extends JsonFlag {
  /** `engine`: the command is of no use without a running backend. */
  readonly needs: 'engine' | 'backend';
}

/** Runs a command with a client and closes it. */
export async function session(kit: Kit, { json, needs }: SessionOptions, work: (client: Client) => Promise<void>): Promise<void> {
  const client = await (needs === 'engine' ? kit.need() : kit.needOrSpawn());
  await refusable(kit.output, json, () => work(client)).finally(() => client.close());
}

/** Under `--json` a refusal is an object on stdout too. */
export async function refusable(output: Output, json: boolean, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (json && isBerthError(error)) {
      output.print(JSON.stringify({ error: errorJson(toWireError(error), output) }));
    }
    throw error;
  }
}

/** What a `latest` stream says first. */
export async function first<K extends StreamNames>(client: Client, name: K, input: InputOf<Contract[K]>): Promise<ItemOf<Contract[K]>> {
  const item = await firstOf(client.stream(name, input));
  if (item === undefined) {
    throw new Error(`the backend says nothing of ${name}`);
  }
  return item;
}

export function errorJson(error: WireError, { texts }: Output): WireError & { readonly text: string } {
  return { ...error, text: texts.error(error).title };
}

/** Ends with 2; the text is of `cli`. */
export function wrongUsage({ texts, say }: Output, key: string, params: Readonly<Record<string, string | number>> = {}): Exit {
  say(texts.text('cli', key, params));
  return new Exit(EXIT.usage);
}

/** Columns under each other; what is Chinese takes two places a character. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => width(row[column] ?? ''))));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : `${cell}${' '.repeat((widths[column] ?? 0) - width(cell))}`))
      .join('  ')
      .trimEnd(),
  );
}

const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/g;

function width(text: string): number {
  return text.length + (text.match(WIDE)?.length ?? 0);
}

/** Local time, to the minute. */
export function shownTime(at: number, { texts }: Output): string {
  return new Intl.DateTimeFormat(texts.language, { dateStyle: 'short', timeStyle: 'short' }).format(at);
}
