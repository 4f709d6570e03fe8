// What a fault is: how it is put in, what may be said about it, and what must hold of it alone. What must hold after every fault is the round's
// (round.ts). One small module a fault in test/faults/faults, all of them in test/faults/faults.ts.
import type { ErrorCode, WireError } from '../../../preload/contract';
import type { Stage } from './stage';

export interface Fault {
  /** As `npm run faults -- NAME` has it. */
  readonly name: string;
  /** The row of docs/faults.md. */
  readonly what: string;
  /** The messages that it leaves, each exactly once, with a cause; any other one fails the round. */
  readonly messages: readonly ErrorCode[];
  /** Runs from before the fault: `writes` may lose nothing that was said to be written, `pull` must end as a task. */
  readonly under?: 'writes' | 'pull';
  /** The VM ends with it, and containers without a restart policy too. Without this every container must run on, started when it was. */
  readonly endsVm?: boolean;
  /** From the injection's end to an engine that answers and a state without an error; 300 s by default, for an emulated VM on a busy machine. */
  readonly recoversWithin?: number;
  /** Not in the short form that `npm test` runs: what is special about it is tested nearer to the code, or by another fault. */
  readonly long?: boolean;
  /** Resolves when the fault is in, or over where it is one that passes. */
  inject(stage: Stage): Promise<void>;
  /** What must hold of this fault alone, once the engine answers again. Throws. */
  check?(stage: Stage, left: Aftermath): Promise<void> | void;
  /** Whatever happened: takes away what the fault put in place. */
  clean?(stage: Stage): Promise<void>;
}

export interface Aftermath {
  readonly messages: readonly WireError[];
  /** Seconds from the injection's end to an engine that answered. */
  readonly seconds: number;
}
