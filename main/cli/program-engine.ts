// The grammar of `berth mirrors`, `config`, `trust`, `proxy`, `context`, `socket` and `shares`: names, arguments, options, help. What they do is elsewhere.
import type { Command } from 'commander';
import type { ChangeFlags } from './config-apply';
import type { ConfigCommands } from './config';
import type { ConnectCommands, UseFlags } from './connect';
import type { DiskCommands, PruneFlags } from './disk';
import type { HostAccessFlags, HostCommands } from './host';
import type { JsonFlag } from './kit';
import type { AddFlags, MirrorsCommands } from './mirrors';
import type { TestFlags } from './mirrors-test';
import type { PrefixFlags } from './prefixes';
import type { ShareAddFlags, ShareRemoveFlags, SharesCommands } from './shares';
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

export function addConnectCommands(add: AddCommand, text: Text, own: () => ConnectCommands): void {
  const withJson = (name: string, parent?: Command): Command => add(name, parent).option('--json', text('option.json'), false);
  /** The group's own action is the look; its option is what stands behind the word. */
  const context = withJson('context').action((flags: JsonFlag) => own().context(flags));
  const sub = (name: string): Command => withJson(`context ${name}`, context);
  sub('create').action((_flags: JsonFlag, command: Command) => own().createContext(command.optsWithGlobals<JsonFlag>()));
  sub('use')
    .option('--undo', text('option.undo'), false)
    .action((_flags: UseFlags, command: Command) => own().useContext(command.optsWithGlobals<UseFlags>()));
  sub('remove').action((_flags: JsonFlag, command: Command) => own().removeContext(command.optsWithGlobals<JsonFlag>()));
  const socket = withJson('socket').action((flags: JsonFlag) => own().socket(flags));
  const part = (name: string): Command => withJson(`socket ${name}`, socket);
  part('status').action((_flags: JsonFlag, command: Command) => own().socket(command.optsWithGlobals<JsonFlag>()));
  part('take').action((_flags: JsonFlag, command: Command) => own().takeSocket(command.optsWithGlobals<JsonFlag>()));
  part('release').action((_flags: JsonFlag, command: Command) => own().releaseSocket(command.optsWithGlobals<JsonFlag>()));
}

export function addHostCommands(add: AddCommand, text: Text, own: () => HostCommands): void {
  const withJson = (name: string, parent?: Command): Command => add(name, parent).option('--json', text('option.json'), false);
  const group = withJson('host').action((flags: JsonFlag) => own().show(flags));
  withJson('host access', group)
    .argument('<mode>')
    .option('--ports <list>', text('option.hostPorts'))
    .action((mode: string, _flags: HostAccessFlags, command: Command) => own().access(mode, command.optsWithGlobals<HostAccessFlags>()));
  withJson('host dns', group).action((_flags: JsonFlag, command: Command) => own().dns(command.optsWithGlobals<JsonFlag>()));
}

export function addSharesCommands(add: AddCommand, text: Text, own: () => SharesCommands): void {
  const withJson = (name: string, parent?: Command): Command => add(name, parent).option('--json', text('option.json'), false);
  /** The group's own action is the list; its option is what stands behind the word. */
  const group = withJson('shares').action((flags: JsonFlag) => own().list(flags));
  const sub = (name: string): Command => withJson(`shares ${name}`, group);
  sub('list').action((_flags: JsonFlag, command: Command) => own().list(command.optsWithGlobals<JsonFlag>()));
  sub('add')
    .argument('<folder>')
    .option('--read-only', text('option.readOnly'), false)
    .action((path: string, _flags: ShareAddFlags, command: Command) => own().add(path, command.optsWithGlobals<ShareAddFlags>()));
  sub('remove')
    .argument('<folder>')
    .option('-f, --force', text('option.forceShare'), false)
    .action((path: string, _flags: ShareRemoveFlags, command: Command) => own().remove(path, command.optsWithGlobals<ShareRemoveFlags>()));
  sub('driver')
    .argument('<name>')
    .action((name: string, _flags: JsonFlag, command: Command) => own().driver(name, command.optsWithGlobals<JsonFlag>()));
}

export function addDiskCommands(add: AddCommand, text: Text, own: () => DiskCommands): void {
  const withJson = (name: string, parent?: Command): Command => add(name, parent).option('--json', text('option.json'), false);
  const group = withJson('disk').action((flags: JsonFlag) => own().show(flags));
  const sub = (name: string): Command => withJson(`disk ${name}`, group);
  sub('trim').action((_flags: JsonFlag, command: Command) => own().trim(command.optsWithGlobals<JsonFlag>()));
  sub('prune')
    .option('--containers', text('option.pruneContainers'), false)
    .option('--images', text('option.pruneImages'), false)
    .option('--all-images', text('option.pruneAllImages'), false)
    .option('--build-cache', text('option.pruneBuildCache'), false)
    .option('--volume <name...>', text('option.pruneVolume'), [])
    .action((_flags: PruneFlags, command: Command) => own().prune(command.optsWithGlobals<PruneFlags>()));
  sub('grow')
    .argument('<size>')
    .action((size: string, _flags: JsonFlag, command: Command) => own().grow(size, command.optsWithGlobals<JsonFlag>()));
  sub('move')
    .argument('<folder>')
    .action((folder: string, _flags: JsonFlag, command: Command) => own().move(folder, command.optsWithGlobals<JsonFlag>()));
  sub('forget-old')
    .argument('<path>')
    .action((path: string, _flags: JsonFlag, command: Command) => own().forget(path, command.optsWithGlobals<JsonFlag>()));
}
