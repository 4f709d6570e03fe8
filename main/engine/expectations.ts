// What an event says a row must show. dockerd tells of a pause, and of others, before its list does (seen on Engine 28.5: up to a second on a
// slow machine), so a row read at once may be the old one, and no further event would come. Pure.
import type { ContainerSummary } from '../../preload/contract';

export interface Expectation {
  readonly state?: 'running' | 'paused' | 'down' | 'gone';
  readonly health?: string;
  readonly name?: string;
  /** How often it was read in vain. */
  readonly tries: number;
}

/** By container id. */
export type Expectations = Map<string, Expectation>;

const STATES: Readonly<Record<string, NonNullable<Expectation['state']>>> = {
  start: 'running',
  unpause: 'running',
  pause: 'paused',
  die: 'down',
  destroy: 'gone',
};

/** A later event overrides an earlier one where both speak of the same. */
export function expect(expected: Expectations, id: string, action: string, name: string): void {
  const state = STATES[action];
  const health = /^health_status: (healthy|unhealthy)$/.exec(action)?.[1];
  if (state !== undefined) {
    expected.set(id, { state, tries: 0 });
  } else if (health !== undefined) {
    expected.set(id, { ...expected.get(id), health, tries: 0 });
  } else if (action === 'rename' && name !== '') {
    expected.set(id, { ...expected.get(id), name, tries: 0 });
  }
}

export function isMet({ state, health, name }: Expectation, row: ContainerSummary | undefined): boolean {
  if (state === 'gone' || row === undefined) {
    return row === undefined;
  }
  const down = row.state !== 'running' && row.state !== 'paused';
  const stateMet = state === undefined || (state === 'down' ? down : row.state === state);
  return stateMet && (health === undefined || down || row.health === health) && (name === undefined || row.name === name);
}
