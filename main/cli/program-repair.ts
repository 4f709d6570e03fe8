// The grammar of `berth repair`: without a step the ladder is listed.
import type { AddCommand } from './program-engine';
import type { JsonFlag } from './kit';
import type { RepairCommands, RepairFlags } from './repair';

export function addRepairCommands(add: AddCommand, text: (key: string) => string, own: () => RepairCommands): void {
  const group = add('repair')
    .argument('[step]')
    .option('-y, --yes', text('option.yesRepair'), false)
    .option('--type <word>', text('option.typeWord'))
    .option('--fsck <how>', text('option.fsck'))
    .option('--folder <folder>', text('option.exportFolder'))
    .option('--volumes <names>', text('option.exportVolumes'))
    .option('--no-images', text('option.noImages'))
    .option('--json', text('option.json'), false)
    .action((step: string | undefined, flags: RepairFlags) => (step === undefined ? own().list(flags) : own().run(step, flags)));
  add('repair delete', group)
    .argument('<disk>')
    .option('--type <word>', text('option.typeWord'))
    .action((name: string, flags: Omit<JsonFlag, 'json'> & { type?: string }) => own().discard(name, { json: false, ...flags }));
}
