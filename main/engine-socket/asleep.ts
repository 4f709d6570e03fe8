// What a request meets while the VM sleeps: an answer from what was last known, a refusal where it is no sign of use, or a wait until the engine is
// back. Knows no VM: what sleeps and wakes is handed in (main/idle).
import { BerthError } from '../../preload/contract';
import { write, type ByteStream } from '../lib/byte-source';
import { OWN_USER_AGENT } from '../lib/engine-http';
import { requestFraming } from './body';
import { hasToken, type RequestHead } from './head';
import type { Known } from './known';
import type { Route } from './routes';

export interface Sleep {
  /** `deep`: nobody has asked for the engine yet. */
  asleep(): { readonly deep: boolean } | undefined;
  /** Resolves when the engine can be dialled. */
  up(left: AbortSignal): Promise<void>;
}

export interface Asked {
  readonly client: ByteStream;
  readonly head: RequestHead;
  readonly route: Route;
  /** It is a sign of use. */
  readonly isUse: boolean;
}

/** Resolves to whether it was answered here. Rejects with `vm.asleep`, and with why the engine did not come back. */
export async function meetSleep({ client, head, route, isUse }: Asked, sleep: Sleep, known: Known): Promise<boolean> {
  const found = sleep.asleep();
  // Berth's own ping proves that the engine is back: it must reach it.
  if (found === undefined || isOwn(head)) {
    return false;
  }
  const framing = requestFraming(head);
  const answer = framing.kind === 'length' && framing.bytes === 0 ? known.answer(head, route) : undefined;
  if (answer !== undefined) {
    await write(client.stream, answer);
    return true;
  }
  // Where nothing is known yet, who asks whether the engine is there gets to know.
  if (found.deep && !isUse && route.question === undefined) {
    throw new BerthError('vm.asleep', {});
  }
  const { signal, forget } = leaving(client);
  await sleep.up(signal).finally(forget);
  return false;
}

/** The ping that proves a start, and a suspend's way back. */
export function isOwn({ fields }: RequestHead): boolean {
  return hasToken(fields, 'user-agent', OWN_USER_AGENT);
}

/** Aborted when the client has gone; one that only ended its side counts as gone, as dockerd has it. */
function leaving({ stream, source }: ByteStream): { readonly signal: AbortSignal; readonly forget: () => void } {
  const left = new AbortController();
  const leave = (): void => left.abort();
  stream.once('close', leave);
  source.peek().then((more) => (more ? undefined : leave()), leave);
  return { signal: left.signal, forget: () => stream.off('close', leave) };
}
