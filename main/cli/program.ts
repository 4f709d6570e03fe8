// The commands' grammar: names, options, help, in the user's language. Usage errors end with 2.
import { Command, CommanderError } from 'commander';
import { logSources } from '../../preload/contract';
import type { Commands } from './commands';
import type { ConfigCommands } from './config';
import type { ConnectCommands } from './connect';
import type { CostCliFlags } from './cost';
import type { DiagnosticsFlags } from './diagnostics';
import type { DiskCommands } from './disk';
import type { MirrorsCommands } from './mirrors';
import type { JsonFlag } from './kit';
import { EXIT } from './output';
import type { Output } from './output';
import type { PrefixFlags } from './prefixes';
import type { AddCommand } from './program-engine';
import {
  addConfigCommands,
  addConnectCommands,
  addDiskCommands,
  addHostCommands,
  addMirrorsCommands,
  addSharesCommands,
  addTrustCommands,
} from './program-engine';
import type { HostCommands } from './host';
import type { PortsFlags } from './ports';
import type { PullFlags } from './pull';
import type { RepairCommands } from './repair';
import { addRepairCommands } from './program-repair';
import type { SharesCommands } from './shares';
import type { TrustCommands } from './trust';

export interface AllCommands extends Commands {
  readonly config: ConfigCommands;
  readonly connect: ConnectCommands;
  readonly disk: DiskCommands;
  diagnostics(flags: DiagnosticsFlags): Promise<void>;
  readonly mirrors: MirrorsCommands;
  readonly host: HostCommands;
  readonly repair: RepairCommands;
  readonly shares: SharesCommands;
  readonly trust: TrustCommands;
  prefixes(registry: string | undefined, prefix: string | undefined, flags: PrefixFlags): Promise<void>;
  ports(flags: PortsFlags): Promise<void>;
  cost(flags: CostCliFlags): Promise<void>;
  boots(flags: JsonFlag): Promise<void>;
  pull(reference: string, flags: PullFlags): Promise<void>;
}

export interface ProgramOptions {
  readonly output: Output;
  /** Made when a command runs, with the home that was asked for. */
  readonly commands: (home: string | undefined) => AllCommands;
}

/** Resolves with the exit code of a usage error or of help; rejects with what a command threw. */
export async function runProgram(argv: readonly string[], { output, commands }: ProgramOptions): Promise<number> {
  const text = (key: string, params?: Readonly<Record<string, string | number>>): string => output.texts.text('cli', key, params);
  const program = new Command('berth');
  const own = (): AllCommands => commands(program.opts<{ home?: string }>().home);
  program
    .description(text('about'))
    .option('--home <folder>', text('option.home'))
    .helpOption('-h, --help', text('option.help'))
    .helpCommand(false)
    .addHelpText('after', `\n${text('exits')}`)
    .showHelpAfterError(false)
    .exitOverride();

  /** `name` may be two words: a command below another one. */
  const add: AddCommand = (name, parent = program) =>
    parent
      .command(name.split(' ').at(-1) ?? name)
      .description(text(`command.${name}`))
      .helpOption('-h, --help', text('option.help'))
      .helpCommand(false)
      .allowExcessArguments(false)
      .exitOverride();

  add('start').action(() => own().start());
  add('stop')
    .option('--shutdown', text('option.shutdown'), false)
    .action((options: { shutdown: boolean }) => own().stop(options));
  add('restart')
    .option('--engine', text('option.engine'), false)
    .action((options: { engine: boolean }) => own().restart(options));
  add('status')
    .option('--json', text('option.json'), false)
    .action((options: { json: boolean }) => own().status(options));
  add('boots')
    .option('--json', text('option.json'), false)
    .action((flags: JsonFlag) => own().boots(flags));
  add('env')
    .option('--shell <name>', text('option.shell'))
    .action(({ shell }: { shell?: string }) => own().env({ shell }));
  addConnectCommands(add, text, () => own().connect);
  add('open').action(() => own().open());
  add('logs')
    .option('-f, --follow', text('option.follow'), false)
    .option('--source <name>', text('option.source', { sources: logSources.join(', ') }), 'berth')
    .option('-n, --lines <count>', text('option.lines'), '200')
    .action((options: { follow: boolean; source: string; lines: string }) => own().logs(options));
  add('pull')
    .argument('<reference>')
    .option('--via <prefix>', text('option.via'))
    .option('--platform <platform>', text('option.platform'))
    .option('--json', text('option.json'), false)
    .action((reference: string, flags: PullFlags) => own().pull(reference, flags));
  add('cost')
    .option('--give-back', text('option.giveBack'), false)
    .option('--json', text('option.json'), false)
    .action((flags: CostCliFlags) => own().cost(flags));
  add('ports')
    .option('--probe', text('option.probe'), false)
    .option('--json', text('option.json'), false)
    .action((flags: PortsFlags) => own().ports(flags));
  addMirrorsCommands(add, text, own);
  addConfigCommands(add, text, () => own().config);
  addHostCommands(add, text, () => own().host);
  addSharesCommands(add, text, () => own().shares);
  addRepairCommands(add, text, () => own().repair);
  addDiskCommands(add, text, () => own().disk);
  addTrustCommands(add, text, () => own().trust);
  add('doctor').action(() => own().doctor());
  add('diagnostics')
    .option('-o, --output <file>', text('option.output'))
    .option('--list', text('option.listOnly'), false)
    .action(({ output: file, list }: { output?: string; list: boolean }) => own().diagnostics({ output: file, list }));
  add('version').action(() => own().version());

  try {
    await program.parseAsync(argv, { from: 'user' });
    return EXIT.done;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has written the help or what is wrong; no command at all is a usage error too.
      return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    }
    throw error;
  }
}
