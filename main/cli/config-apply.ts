// One change of the engine's configuration from the command line: checked, shown, asked about where it costs something, followed to its end.
// The backend decides and undoes; this only shows, asks and waits.
import { isBerthError, toWireError } from '../../preload/contract';
import type { Client, ConfigCheck, Task } from '../../preload/contract';
import { changeLines, checkJson, costLines, problemLine } from './config-show';
import { errorJson } from './kit';
import type { JsonFlag, Kit } from './kit';
import { Exit, EXIT } from './output';
import { followTask, stepTeller } from './task';

export interface ChangeFlags extends JsonFlag {
  /** Accepts warnings and disruptive changes. */
  readonly yes: boolean;
}

export interface Accept {
  readonly warnings: boolean;
  readonly disruptive: boolean;
}

export interface WantedChange {
  readonly text: string;
  /** The file's name in front of line and column. */
  readonly name: string;
  readonly flags: ChangeFlags;
  readonly send: (accept: Accept) => Promise<{ readonly task: string }>;
}

export type ConfigResult = 'applied' | 'kept' | 'unchanged' | 'refused' | 'rolledBack' | 'cancelled';

/** Resolves when the change is made or was none; else says why and rejects. */
export async function makeChange(kit: Kit, client: Client, { text, name, flags, send }: WantedChange): Promise<void> {
  const { output, terminal } = kit;
  const check = await client.call('config.check', { text });
  const result = (word: ConfigResult, more: Record<string, unknown> = {}): void => {
    if (flags.json) {
      output.print(JSON.stringify({ result: word, ...checkJson(check, output), steps: [], error: null, ...more }));
    }
  };

  check.problems.forEach((problem) => output.say(problemLine(problem, name, output)));
  if (check.problems.some(({ severity }) => severity === 'error')) {
    result('refused');
    throw new Exit(EXIT.failed);
  }
  if (check.class === 'none' && check.changes.length === 0) {
    output.say(output.texts.text('cli', 'config.unchanged'));
    result('unchanged');
    return;
  }
  [...changeLines(check.changes), ...costLines(check, output)].forEach(output.say);

  const costs = needsConsent(check);
  let accepted = flags.yes;
  if (!accepted && costs && terminal.interactive) {
    accepted = /^\s*(y|yes|是)\s*$/i.test(await terminal.ask(output.texts.text('cli', 'config.ask')));
    if (!accepted) {
      output.say(output.texts.text('cli', 'config.leftAsItWas'));
      result('cancelled');
      throw new Exit(EXIT.failed);
    }
  }
  let task: string;
  try {
    ({ task } = await send({ warnings: accepted, disruptive: accepted }));
  } catch (error) {
    if (flags.json && isBerthError(error)) {
      result('refused', { error: errorJson(toWireError(error), output) });
      output.error(toWireError(error));
      throw new Exit(EXIT.failed);
    }
    throw error;
  }
  const ended = await followTask(kit, client, task, stepTeller(output));
  const word = resultOf(ended);
  result(word, {
    steps: ended.steps ?? [],
    error: ended.error === undefined ? null : errorJson(ended.error, output),
  });
  tellEnd(kit, word, ended);
}

/** Follows a change that another part of Berth has made out of something else: a list of mirrors, a certificate, a proxy. */
export async function followChange(kit: Kit, client: Client, task: string, json: boolean): Promise<void> {
  const ended = await followTask(kit, client, task, stepTeller(kit.output));
  const result = resultOf(ended);
  if (json) {
    const error = ended.error === undefined ? null : errorJson(ended.error, kit.output);
    kit.output.print(JSON.stringify({ result, steps: ended.steps ?? [], error }));
  }
  tellEnd(kit, result, ended);
}

function tellEnd({ output }: Kit, result: ConfigResult, ended: Task): void {
  output.say(output.texts.text('cli', `config.ended.${result}`));
  if (ended.error !== undefined) {
    output.error(ended.error);
  }
  if (result !== 'applied' && result !== 'kept') {
    throw new Exit(EXIT.failed);
  }
}

export function needsConsent({ problems, class: cost }: ConfigCheck): boolean {
  return cost === 'disruptive' || problems.some(({ severity }) => severity === 'warning');
}

function resultOf({ state, steps = [] }: Task): ConfigResult {
  const was = (name: string, ...states: readonly string[]): boolean =>
    steps.some((step) => step.name === name && states.includes(step.state));
  switch (state) {
    case 'cancelled':
      return 'cancelled';
    case 'failed':
      return was('rollBack', 'done', 'failed') ? 'rolledBack' : 'refused';
    default:
      // Written and not asked about: the engine is off, and its next start tries the document.
      return was('ping', 'done') || was('readBack', 'done') ? 'applied' : 'kept';
  }
}
