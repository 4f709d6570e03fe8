// `berth config`: the engine's configuration read, changed, compared, its history. Every change goes by config-apply.ts.
import { readFile } from 'node:fs/promises';
import { daemonKeys } from '../../preload/contract';
import type { Client, ConfigState } from '../../preload/contract';
import { valueAt } from '../lib/json';
import type { Json } from '../lib/json';
import { editConfig } from './config-edit';
import { followChange, makeChange } from './config-apply';
import type { Accept, ChangeFlags } from './config-apply';
import { changeLines, checkJson, costLines, differenceLines, historyLines, problemLine } from './config-show';
import { placeOf, valueOf, withValue } from './config-value';
import { errorJson, first, session, wrongUsage } from './kit';
import type { JsonFlag, Kit } from './kit';
import { Exit, EXIT } from './output';

export interface ConfigCommands {
  get(key: string | undefined, flags: JsonFlag): Promise<void>;
  set(key: string, words: readonly string[], flags: ChangeFlags): Promise<void>;
  unset(key: string, flags: ChangeFlags): Promise<void>;
  edit(flags: ChangeFlags): Promise<void>;
  diff(file: string | undefined, flags: JsonFlag): Promise<void>;
  apply(file: string, flags: ChangeFlags): Promise<void>;
  history(flags: JsonFlag): Promise<void>;
  restore(id: string, flags: ChangeFlags): Promise<void>;
  settle(decision: string, flags: ChangeFlags): Promise<void>;
}

const DOCUMENT = 'daemon.json';

export function createConfigCommands(kit: Kit): ConfigCommands {
  const { output } = kit;
  const { print, say, texts } = output;
  const cli = (key: string, params?: Readonly<Record<string, string | number>>): string => texts.text('cli', key, params);
  const printJson = (value: unknown): void => print(JSON.stringify(value));
  const open = (json: boolean, work: (client: Client) => Promise<void>): Promise<void> => session(kit, { json, needs: 'backend' }, work);

  /** The document that is set; a text that is none ends here with its errors. */
  async function documentOf(client: Client, { text }: ConfigState): Promise<Json> {
    try {
      return text.trim() === '' ? {} : (JSON.parse(text) as Json);
    } catch {
      const { problems } = await client.call('config.check', { text });
      problems.forEach((problem) => say(problemLine(problem, DOCUMENT, output)));
      throw new Exit(EXIT.failed);
    }
  }

  function apply(client: Client, state: ConfigState, text: string, name: string, flags: ChangeFlags): Promise<void> {
    return makeChange(kit, client, {
      text,
      name,
      flags,
      send: (accept) => client.call('config.apply', { text, revision: state.revision, origin: 'cli', accept }),
    });
  }

  async function change(key: string, flags: ChangeFlags, value: unknown): Promise<void> {
    await open(flags.json, async (client) => {
      const state = await first(client, 'config.changes', {});
      const document = withValue(await documentOf(client, state), placeOf(key).path, value);
      await apply(client, state, `${JSON.stringify(document, null, 2)}\n`, DOCUMENT, flags);
    });
  }

  async function fileOf(name: string): Promise<string> {
    return name === '-'
      ? kit.terminal.input()
      : readFile(name, 'utf8').catch((error: unknown) => {
          throw wrongUsage(output, 'usage.file', { name, detail: error instanceof Error ? error.message : String(error) });
        });
  }

  return {
    get: (key, { json }) =>
      open(json, async (client) => {
        const state = await first(client, 'config.changes', {});
        if (key === undefined) {
          if (json) {
            printJson({
              text: state.text,
              revision: state.revision,
              inForce: state.inForce ?? null,
              guestEdit: state.guestEdit ?? null,
              task: state.task ?? null,
            });
          } else {
            print(state.text.trimEnd());
          }
          return;
        }
        const { path } = placeOf(key);
        const value = valueAt(await documentOf(client, state), path);
        const preset = path.length === 1 ? daemonKeys.find(({ name }) => name === key)?.default : undefined;
        if (json) {
          const difference = state.inForce?.differences.find((each) => each.key === path[0]);
          printJson({ key, set: value !== undefined, value: value ?? null, default: preset ?? null, difference: difference ?? null });
        } else if (value !== undefined) {
          print(typeof value === 'string' ? value : JSON.stringify(value));
        } else {
          say(preset === undefined ? cli('config.notSet', { key }) : cli('config.notSetDefault', { key, value: JSON.stringify(preset) }));
        }
        if (value === undefined) {
          throw new Exit(EXIT.failed);
        }
      }),

    async set(key, words, flags) {
      const { type } = placeOf(key);
      const value = valueOf(words, type);
      if (value === undefined) {
        throw wrongUsage(output, 'usage.value', { key, given: words.join(' '), type: cli(`config.type.${type ?? 'object'}`) });
      }
      await change(key, flags, value);
    },

    unset: (key, flags) => change(key, flags, undefined),

    edit: (flags) =>
      open(flags.json, async (client) => {
        const state = await first(client, 'config.changes', {});
        await editConfig(kit, client, state.text, (text, name) => apply(client, state, text, name, flags));
      }),

    diff: (file, { json }) =>
      open(json, async (client) => {
        if (file !== undefined) {
          const check = await client.call('config.check', { text: await fileOf(file) });
          check.problems.forEach((problem) => say(problemLine(problem, file, output)));
          if (json) {
            printJson(checkJson(check, output));
          } else {
            changeLines(check.changes).forEach(print);
            costLines(check, output).forEach(say);
          }
          if (check.problems.some(({ severity }) => severity === 'error')) {
            throw new Exit(EXIT.failed);
          }
          return;
        }
        const { inForce, guestEdit } = await first(client, 'config.changes', {});
        if (json) {
          printJson({ inForce: inForce ?? null, differences: inForce?.differences ?? [], guestEdit: guestEdit ?? null });
        } else {
          differenceLines(inForce?.differences ?? []).forEach(print);
          if (guestEdit !== undefined) {
            say(cli('config.guestEdit'));
            changeLines(guestEdit.changes).forEach(print);
          } else if (inForce?.differences.length === 0) {
            say(cli('config.asSet'));
          }
        }
        if (inForce === undefined) {
          say(cli('config.engineOff'));
          throw new Exit(EXIT.notRunning);
        }
      }),

    apply: (file, flags) =>
      open(flags.json, async (client) => {
        const text = await fileOf(file);
        const state = await first(client, 'config.changes', {});
        await apply(client, state, text, file === '-' ? 'stdin' : file, flags);
      }),

    history: ({ json }) =>
      open(json, async (client) => {
        const entries = await client.call('config.history', {});
        if (json) {
          printJson(entries.map((entry) => ({ ...entry, ...(entry.error && { error: errorJson(entry.error, output) }) })));
        } else {
          historyLines(entries, output).forEach(print);
        }
      }),

    restore: (id, flags) =>
      open(flags.json, async (client) => {
        const entries = await client.call('config.history', {});
        const found = entries.filter((entry) => entry.id.startsWith(id));
        const entry = entries.find((each) => each.id === id) ?? found[0];
        if (entry === undefined || (entry.id !== id && found.length > 1)) {
          throw wrongUsage(output, 'usage.historyId', { given: id });
        }
        const { revision } = await first(client, 'config.changes', {});
        await makeChange(kit, client, {
          text: entry.text,
          name: entry.id,
          flags,
          send: (accept) => client.call('config.restore', { id: entry.id, revision, accept }),
        });
      }),

    async settle(decision, flags) {
      if (decision !== 'take' && decision !== 'drop') {
        throw wrongUsage(output, 'usage.decision', { given: decision });
      }
      await open(flags.json, async (client) => {
        const { revision, guestEdit } = await first(client, 'config.changes', {});
        if (guestEdit === undefined) {
          say(cli('config.noGuestEdit'));
          return;
        }
        const settle = (accept: Accept): Promise<{ readonly task: string }> =>
          client.call('config.settleGuestEdit', { decision, revision, accept });
        if (decision === 'take') {
          await makeChange(kit, client, { text: guestEdit.text, name: DOCUMENT, flags, send: settle });
        } else {
          const { task } = await settle({ warnings: flags.yes, disruptive: flags.yes });
          await followChange(kit, client, task, flags.json);
        }
      });
    },
  };
}
