// One round of one fault: everything read, the load begun, the fault put in, Berth's recovery waited for, everything read again and compared.
// A round passes only if nothing differs and exactly the messages that were announced are there.
import { setTimeout as sleep } from 'node:timers/promises';
import { createTexts } from '../../../main/lib/texts';
import type { WireError } from '../../../preload/contract';
import type { Fault } from './fault';
import { compareLedgers, readLedgers, unendedTasks, untruths } from './ledgers';
import type { Ledgers } from './ledgers';
import { startPull, startWrites } from './load';
import type { Stage } from './stage';
import { WITNESSES } from './stage';

export interface Round {
  /** Seconds from the injection's end to an engine that answers and a state without an error. */
  readonly seconds: number;
  /** What was not right; none = passed. */
  readonly failures: readonly string[];
}

const texts = createTexts('en');
/** An emulated VM that boots beside nine others takes 100 s for that alone. */
const RECOVERS_WITHIN = 300;

export async function runRound(stage: Stage, fault: Fault): Promise<Round> {
  const failures: string[] = [];
  const attempt = async (what: string, work: () => Promise<void> | void): Promise<void> => {
    try {
      await work();
    } catch (error) {
      failures.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };

  // A round that failed may have left it off.
  await stage.backend.backend.vm.start();
  await stage.untilWell(RECOVERS_WITHIN);
  // A fault that ended the VM ended this one too.
  await stage.docker('start', WITNESSES.once);
  await stage.dismissNotices();
  const before = await readLedgers(stage);
  const load = fault.under === 'writes' ? await startWrites(stage) : fault.under === 'pull' ? await startPull(stage) : undefined;

  let seconds = 0;
  try {
    await attempt('inject', () => fault.inject(stage));
    const began = performance.now();
    await attempt('recovery', () => stage.untilWell(fault.recoversWithin ?? RECOVERS_WITHIN));
    seconds = (performance.now() - began) / 1000;
    // Messages that come late are messages too.
    await sleep(1500);
    const messages = await stage.notices();
    failures.push(...judgeMessages(fault, messages));
    await attempt('check', () => fault.check?.(stage, { messages, seconds }));
  } finally {
    await attempt('clean', () => fault.clean?.(stage));
  }
  await attempt('load', async () => {
    failures.push(...((await load?.finish()) ?? []));
  });
  await attempt('ledgers', async () => {
    failures.push(...(await settled(stage, fault, before)), ...(await unendedTasks(stage)), ...(await untruths(stage)));
  });
  return { seconds, failures };
}

function judgeMessages(fault: Fault, messages: readonly WireError[]): string[] {
  const found = messages.map(({ code }) => code).sort();
  const wanted = [...fault.messages].sort();
  const words = messages.flatMap((error) => {
    const { title, kept, next } = texts.error(error);
    const whole = [title, kept, next].every((text) => text.trim() !== '');
    return whole && error.params['detail'] !== ''
      ? []
      : [`a message without its cause, what is kept or what to do: ${JSON.stringify(error)}`];
  });
  return found.join() === wanted.join() ? words : [...words, `messages: ${JSON.stringify(messages)}, not ${wanted.join(', ') || 'none'}`];
}

/** What is on its way out has its time: the last state counts. */
async function settled(stage: Stage, fault: Fault, before: Ledgers): Promise<string[]> {
  for (let left = 20; ; left -= 1) {
    const differences = compareLedgers(before, await readLedgers(stage), { endsVm: fault.endsVm === true });
    if (differences.length === 0 || left === 0) {
      return differences;
    }
    await sleep(1000);
  }
}
