// `berth boots`: the last starts, newest first: when, how, how long, where the time went, and why one was no resume or failed.
import type { BootTimeline } from '../../preload/contract';
import { columns, session, shownTime } from './kit';
import type { JsonFlag, Kit } from './kit';
import { bootJson } from './status';

/** Of the phases, those that took the most. */
const LONGEST = 3;

export async function boots(kit: Kit, { json }: JsonFlag): Promise<void> {
  const { output } = kit;
  const { texts, print, say } = output;
  await session(kit, { json, needs: 'backend' }, async (client) => {
    const all = await client.call('vm.boots', {});
    if (json) {
      print(JSON.stringify(all.map((boot) => ({ ...bootJson(boot), error: boot.error ?? null }))));
    } else if (all.length === 0) {
      say(texts.text('cli', 'boots.none'));
    } else {
      const rows = columns(all.map((boot) => [shownTime(boot.at, output), ...row(boot, kit)]));
      all.forEach((boot, index) => {
        print(rows[index] ?? '');
        const why = whyNot(boot, kit);
        if (why !== undefined) {
          print(`    ${why}`);
        }
      });
    }
  });
}

function row(boot: BootTimeline, { output: { texts } }: Kit): readonly string[] {
  const kind = texts.text('cli', `boots.kind.${boot.error === undefined ? boot.kind : 'failed'}`);
  const seconds = boot.seconds === undefined ? '–' : texts.text('cli', 'boots.seconds', { seconds: boot.seconds.toFixed(1) });
  const longest = bootJson(boot)
    .phases.flatMap(({ phase, seconds: length }) => (length === null ? [] : [{ phase, length }]))
    .sort((a, b) => b.length - a.length)
    .slice(0, LONGEST)
    .map(({ phase, length }) => `${texts.text('vm', `phase.${phase}`)} ${length.toFixed(1)}`);
  return [kind, seconds, longest.join(' · ')];
}

function whyNot({ error, notResumed }: BootTimeline, { output: { texts } }: Kit): string | undefined {
  if (error !== undefined) {
    return texts.error(error).title;
  }
  return notResumed === undefined ? undefined : texts.text('vm', `notResumed.${notResumed.key}`, notResumed.params);
}
