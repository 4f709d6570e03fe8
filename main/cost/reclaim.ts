// When the guest's cache of files goes back to the host, as a pure function of two looks: when the guest is calm and the cache does not grow. What is
// dropped costs little to read again, because the host's own cache has the data disk too; if it is read again, there is a pause, each longer than
// the one before. What is free already goes back by itself (free-page reporting), in whole blocks: a guest whose free memory lies scattered is
// asked to move what it uses together.
import type { AgentOps } from '../vm/agent';

export type GuestUsage = AgentOps['usage']['out'];

export interface ReclaimLook {
  /** Seconds, of any clock that does not jump. */
  readonly at: number;
  readonly usage: GuestUsage;
  /** The VM's size. */
  readonly memoryBytes: number;
  /** What of it the host has given; missing where this system does not tell. */
  readonly givenBytes?: number;
}

export interface ReclaimState {
  readonly last?: ReclaimLook;
  /** Asked for at the last look. */
  readonly dropped: number;
  readonly pausedUntil: number;
  readonly pause: number;
  readonly compactedAt?: number;
}

export interface ReclaimOrder {
  readonly bytes: number;
  readonly compact: boolean;
}

const MIB = 2 ** 20;
/** What the engine itself works with, and some. */
export const CACHE_FLOOR = 192 * MIB;
/** Less is not worth a wake-up of the guest. */
const LEAST = 64 * MIB;
const STEP = 512 * MIB;
/** Of one core, the guest's own account. */
const CALM_CPU = 0.5;
const GROWTH = 32 * MIB;
const SCATTERED = 128 * MIB;
const COMPACT_AGAIN_S = 600;
const FIRST_PAUSE_S = 120;
const LONGEST_PAUSE_S = 3600;

export const noReclaim: ReclaimState = { dropped: 0, pausedUntil: 0, pause: FIRST_PAUSE_S };

export function reclaim(state: ReclaimState, look: ReclaimLook): { readonly state: ReclaimState; readonly order?: ReclaimOrder } {
  const { last } = state;
  const next = { ...state, last: look, dropped: 0 };
  if (last === undefined || look.at <= last.at || look.usage.cpuSeconds < last.usage.cpuSeconds) {
    return { state: next };
  }
  const reread = look.usage.refaultBytes - last.usage.refaultBytes;
  if (state.dropped > 0 && reread > state.dropped / 8) {
    return { state: { ...next, pausedUntil: look.at + state.pause, pause: Math.min(state.pause * 2, LONGEST_PAUSE_S) } };
  }
  const { fileBytes } = look.usage;
  const cpu = (look.usage.cpuSeconds - last.usage.cpuSeconds) / (look.at - last.at);
  const calm = cpu < CALM_CPU && fileBytes - last.usage.fileBytes < GROWTH && reread < GROWTH;
  if (!calm || look.at < state.pausedUntil) {
    return { state: next };
  }
  const excess = fileBytes - CACHE_FLOOR;
  if (excess >= LEAST) {
    const bytes = Math.round(Math.min(excess, Math.max(STEP, excess / 2)));
    return { state: { ...next, dropped: bytes }, order: { bytes, compact: false } };
  }
  // Twice in a row: reporting follows two seconds behind.
  const rested = state.compactedAt === undefined || look.at - state.compactedAt >= COMPACT_AGAIN_S;
  if (rested && scattered(look) >= SCATTERED && scattered(last) >= SCATTERED) {
    return { state: { ...next, compactedAt: look.at }, order: { bytes: 0, compact: true } };
  }
  // A quiet while after the last pause: the next one begins short again.
  return { state: look.at > state.pausedUntil + LONGEST_PAUSE_S ? { ...next, pause: FIRST_PAUSE_S } : next };
}

/** Free in the guest and not with the host. */
export function scattered({ memoryBytes, givenBytes, usage }: ReclaimLook): number {
  return givenBytes === undefined ? 0 : Math.max(0, givenBytes - (memoryBytes - usage.freeBytes));
}

/** What a remedy by hand would bring, about. */
export function spare(look: ReclaimLook): number {
  return Math.max(0, look.usage.fileBytes - CACHE_FLOOR) + scattered(look);
}
