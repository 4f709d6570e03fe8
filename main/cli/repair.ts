// `berth repair`: the ladder as a list, and one rung run to its end. What it keeps is said before, what it did after; what gives something up is typed.
import { rungNames } from '../../preload/contract';
import type { Client, RepairReport, RepairState, RungName, Task } from '../../preload/contract';
import { columns, errorJson, first, session, shownTime, wrongUsage } from './kit';
import type { JsonFlag, Kit } from './kit';
import { Exit, EXIT } from './output';
import { followTask } from './task';

export interface RepairFlags extends JsonFlag {
  /** Asks nothing. */
  readonly yes: boolean;
  /** What would be typed to confirm. */
  readonly type?: string;
  readonly fsck?: string;
  readonly folder?: string;
  readonly volumes?: string;
  readonly images: boolean;
}

export interface RepairCommands {
  list(flags: JsonFlag): Promise<void>;
  run(rung: string, flags: RepairFlags): Promise<void>;
  discard(name: string, flags: JsonFlag & { readonly type?: string }): Promise<void>;
}

const FSCK = ['copy', 'noCopy'] as const;

export function createRepairCommands(kit: Kit): RepairCommands {
  const { output, terminal } = kit;
  const { texts, print, say } = output;
  const text = (key: string, params?: Readonly<Record<string, string | number>>): string => texts.text('repair', key, params);

  function tellLadder({ rungs, error, kept }: RepairState): void {
    if (error !== undefined) {
      output.error(error);
    }
    const rows = rungs.map(({ name, recommended, seconds, obstacle }) => [
      text('cli.rung', { mark: recommended ? text('cli.recommended') : ' ', name }),
      text(`rung.${name}.title`),
      seconds === undefined ? text('dependsOnSize') : text('seconds', { seconds }),
      obstacle === undefined ? text(`rung.${name}.text`) : text('cli.obstacle', { why: text(`why.${obstacle}`) }),
    ]);
    columns(rows).forEach(print);
    if (rungs.some(({ recommended }) => recommended)) {
      say(text('cli.state'));
    }
    kept.forEach(({ name, hostBytes }) => print(`${text('cli.kept')}  ${name}  ${texts.bytes(hostBytes)}`));
  }

  const reportJson = ({ error, ...report }: RepairReport): unknown => ({
    ...report,
    error: error === undefined ? null : errorJson(error, output),
  });

  function tellReport(report: RepairReport): void {
    report.words.forEach((line) => say(`    ${line}`));
    say(text('cli.result', { rung: text(`rung.${report.rung}.title`), result: text(`result.${report.result}`) }));
    report.facts.forEach(({ key, params }) => print(text(`did.${key}`, params)));
    if (report.result === 'damaged') {
      say(text('cli.mendHow'));
    }
    if (report.error !== undefined) {
      output.error(report.error);
    }
  }

  async function typedWord(word: string, { type }: { readonly type?: string }): Promise<string> {
    return type ?? (terminal.interactive ? (await terminal.ask(text('cli.type', { word }))).trim() : '');
  }

  /** Resolves with what was typed, where something must be; ends the command where the answer is no. */
  async function consent(rung: RungName, typed: boolean, word: string, flags: RepairFlags): Promise<string> {
    say(text('cli.asked', { text: text(`before.${rung}`) }));
    if (typed) {
      return typedWord(word, flags);
    }
    if (!flags.yes && terminal.interactive && !/^\s*(y|yes|是)\s*$/i.test(await terminal.ask(text('cli.confirm')))) {
      say(text('cli.left'));
      throw new Exit(EXIT.failed);
    }
    return '';
  }

  async function begin(client: Client, rung: RungName, flags: RepairFlags): Promise<string> {
    const { confirmWord } = await first(client, 'repair.changes', {});
    const fsck = FSCK.find((each) => each === flags.fsck);
    if (flags.fsck !== undefined && fsck === undefined) {
      throw wrongUsage(output, 'usage.unknownFsck', { given: flags.fsck, known: FSCK.join(', ') });
    }
    if (rung === 'rescue' && flags.folder === undefined) {
      say(text('cli.needsFolder'));
      throw new Exit(EXIT.usage);
    }
    const confirm = await consent(rung, rung === 'reset' || fsck === 'noCopy', confirmWord, flags);
    const order = (): Promise<{ readonly task: string }> => {
      switch (rung) {
        case 'checkDisk':
          return client.call('repair.run', { rung, ...(fsck === undefined ? {} : { fsck }), confirm });
        case 'rescue': {
          const volumes = flags.volumes?.split(/[\s,]+/).filter((name) => name !== '');
          const { folder = '', images } = flags;
          return client.call('repair.run', { rung, folder, images, ...(volumes === undefined ? {} : { volumes }) });
        }
        case 'reset':
          return client.call('repair.run', { rung, confirm });
        default:
          return client.call('repair.run', { rung });
      }
    };
    return (await order()).task;
  }

  /** Each step as it ends. */
  function stepTeller(): (task: Task) => void {
    const told = new Map<string, string>();
    return ({ steps = [] }) => {
      for (const { name, state, seconds = 0 } of steps) {
        if (told.get(name) !== `${state} ${seconds}` && (state === 'done' || state === 'failed')) {
          told.set(name, `${state} ${seconds}`);
          say(text(state === 'done' ? 'cli.step' : 'cli.stepFailed', { name: text(`step.${name}`), seconds: seconds.toFixed(1) }));
        }
      }
    };
  }

  return {
    list: (flags) =>
      session(kit, { ...flags, needs: 'backend' }, async (client) => {
        const shown = await first(client, 'repair.changes', {});
        if (flags.json) {
          const { error, reports, ...rest } = shown;
          print(
            JSON.stringify({ ...rest, error: error === undefined ? null : errorJson(error, output), reports: reports.map(reportJson) }),
          );
          return;
        }
        tellLadder(shown);
        const [last] = shown.reports;
        if (last !== undefined) {
          say(`${text('cli.last')}: ${shownTime(last.startedAt, output)}`);
          tellReport({ ...last, words: [] });
        }
      }),
    run: (given, flags) =>
      session(kit, { ...flags, needs: 'backend' }, async (client) => {
        const rung = rungNames.find((name) => name === given);
        if (rung === undefined) {
          say(text('cli.unknown', { given, known: rungNames.join(', ') }));
          throw new Exit(EXIT.usage);
        }
        const task = await begin(client, rung, flags);
        await followTask(kit, client, task, stepTeller());
        const report = (await first(client, 'repair.changes', {})).reports.find((each) => each.task === task);
        if (report === undefined) {
          throw new Error('the repair left no report');
        }
        if (flags.json) {
          print(JSON.stringify(reportJson(report)));
        } else {
          tellReport(report);
        }
        if (report.result !== 'done') {
          // Damage that was found and left is no success for a script.
          throw new Exit(EXIT.failed);
        }
      }),
    discard: (name, flags) =>
      session(kit, { ...flags, needs: 'backend' }, async (client) => {
        const confirm = await typedWord(name, flags);
        const kept = (await first(client, 'repair.changes', {})).kept.find((each) => each.name === name);
        await client.call('repair.discard', { name, confirm });
        say(text('cli.deleted', { path: kept?.path ?? name }));
      }),
  };
}
