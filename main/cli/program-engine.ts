// The grammar of `berth mirrors`, `berth config`, `berth trust` and `berth proxy`: names, arguments, options, help. What they do is elsewhere.
import type { Command } from 'commander';
import type { ChangeFlags } from './config-apply';
import type { ConfigCommands } from './config';
import type { JsonFlag } from './kit';
import type { AddFlags, MirrorsCommands } from './mirrors';
import type { TestFlags } from './mirrors-test';
import type { PrefixFlags } from './prefixes';
import type { ProxyFlags, TrustCommands } from './trust';

/** Adds a command with its help; a name of two words goes below the parent. */
export type AddCommand = (name: string, parent?: Command) => Command;
type Text = (key: string) => string;

export function addMirrorsCommands(
  add: AddCommand,
  text: Text,
  own: () => {
    readonly mirrors: MirrorsCommands;
    prefixes(registry: string | undefined, prefix: string | undefined, flags: PrefixFlags): Promise<void>;
  },
): void {
  const group = add('mirrors');
  const sub = (name: string): Command => add(`mirrors ${name}`, group).option('--json', text('option.json'), false);
  sub('list')
    .option('--presets', text('option.presets'), false)
    .action((flags: JsonFlag & { presets: boolean }) => own().mirrors.list(flags));
  sub('add')
    .argument('<url...>')
    .option('--name <name>', text('option.mirrorName'))
    .option('--note <note>', text('option.mirrorNote'))
    .option('--disabled', text('option.disabled'), false)
    .option('--first', text('option.first'), false)
    .action((urls: string[], flags: AddFlags) => own().mirrors.add(urls, flags));
  sub('remove')
    .argument('<mirror...>')
    .action((names: string[], flags: JsonFlag) => own().mirrors.remove(names, flags));
  sub('move')
    .argument('<mirror>')
    .argument('<position>')
    .action((name: string, position: string, flags: JsonFlag) => own().mirrors.move(name, position, flags));
  sub('enable')
    .argument('<mirror...>')
    .action((names: string[], flags: JsonFlag) => own().mirrors.enable(names, flags));
  sub('disable')
    .argument('<mirror...>')
    .action((names: string[], flags: JsonFlag) => own().mirrors.disable(names, flags));
  sub('use')
    .argument('[url...]')
    .option('--none', text('option.none'), false)
    .action((urls: string[], flags: JsonFlag & { none: boolean }) => own().mirrors.use(urls, flags));
  sub('test')
    .argument('[url...]')
    .option('--all', text('option.allMirrors'), false)
    .option('--image <reference>', text('option.testImage'))
    .option('--apply', text('option.applyOrder'), false)
    .action((urls: string[], flags: TestFlags) => own().mirrors.test(urls, flags));
  sub('prefix')
    .argument('[registry]')
    .argument('[prefix]')
    .option('--always', text('option.always'), false)
    .option('--remove', text('option.removePrefix'), false)
    .action((registry: string | undefined, prefix: string | undefined, flags: PrefixFlags) => own().prefixes(registry, prefix, flags));
}

export function addConfigCommands(add: AddCommand, text: Text, own: () => ConfigCommands): void {
  const group = add('config');
  const sub = (name: string): Command => add(`config ${name}`, group).option('--json', text('option.json'), false);
  const change = (name: string): Command => sub(name).option('-y, --yes', text('option.yes'), false);
  sub('get')
    .argument('[key]')
    .action((key: string | undefined, flags: JsonFlag) => own().get(key, flags));
  change('set')
    .argument('<key>')
    .argument('<value...>')
    .action((key: string, values: string[], flags: ChangeFlags) => own().set(key, values, flags));
  change('unset')
    .argument('<key>')
    .action((key: string, flags: ChangeFlags) => own().unset(key, flags));
  change('edit').action((flags: ChangeFlags) => own().edit(flags));
  sub('diff')
    .argument('[file]')
    .action((file: string | undefined, flags: JsonFlag) => own().diff(file, flags));
  change('apply')
    .argument('<file>')
    .action((file: string, flags: ChangeFlags) => own().apply(file, flags));
  sub('history').action((flags: JsonFlag) => own().history(flags));
  change('restore')
    .argument('<id>')
    .action((id: string, flags: ChangeFlags) => own().restore(id, flags));
  change('settle')
    .argument('<decision>')
    .action((decision: string, flags: ChangeFlags) => own().settle(decision, flags));
}

export function addTrustCommands(add: AddCommand, text: Text, own: () => TrustCommands): void {
  const group = add('trust');
  const sub = (name: string): Command => add(`trust ${name}`, group).option('--json', text('option.json'), false);
  sub('list').action((flags: JsonFlag) => own().list(flags));
  sub('add')
    .argument('<certificate>')
    .action((given: string, flags: JsonFlag) => own().add(given, flags));
  sub('remove')
    .argument('<fingerprint>')
    .action((given: string, flags: JsonFlag) => own().remove(given, flags));
  add('proxy')
    .argument('[user]')
    .argument('[mode]')
    .option('--http <address>', text('option.httpProxy'))
    .option('--https <address>', text('option.httpsProxy'))
    .option('--noproxy <addresses>', text('option.noProxy'))
    .option('--json', text('option.json'), false)
    .action((user: string | undefined, mode: string | undefined, flags: ProxyFlags) => own().proxy(user, mode, flags));
}
