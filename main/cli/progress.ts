// A start as words on stderr: each phase with its time as it ends, a stuck one with the tail of its log.
import type { BootTimeline, Client } from '../../preload/contract';
import type { Output } from './output';

/** Reads `vm.status` until the signal aborts or the transport ends. Phases of earlier starts are not told again. */
export async function tellPhases(client: Client, output: Output, signal: AbortSignal): Promise<void> {
  const { texts, say } = output;
  const told = new Set<string>();
  let first: number | undefined;
  try {
    for await (const { boot, state } of client.stream('vm.status', {}, { signal })) {
      if (boot === undefined || (first === undefined && state !== 'starting' && state !== 'resuming')) {
        first ??= boot?.at ?? 0;
        continue;
      }
      if (boot.at !== first || state === 'starting' || state === 'resuming') {
        first ??= 0;
        tell(boot);
      }
    }
  } catch {
    // The call that is waited for says what happened.
  }

  function tell(boot: BootTimeline): void {
    for (const { name, startedAt, endedAt, deadline, stuck } of boot.phases) {
      const shown = texts.text('vm', `phase.${name}`);
      if (endedAt !== undefined && !told.has(`${boot.at} ${name}`)) {
        told.add(`${boot.at} ${name}`);
        say(texts.text('cli', 'phase', { name: shown, seconds: (endedAt - startedAt).toFixed(2) }));
      }
      if (stuck !== undefined && !told.has(`${boot.at} ${name} stuck`)) {
        told.add(`${boot.at} ${name} stuck`);
        say(texts.text('cli', 'phaseStuck', { name: shown, seconds: deadline }));
        stuck.lines.slice(-10).forEach((line) => say(`    ${line}`));
      }
    }
  }
}
