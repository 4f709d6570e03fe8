// Every fault that `npm run faults` knows, in the order of docs/faults.md.
import { qemuFaults } from './faults/qemu';
import { serviceFaults } from './faults/services';
import { transportFaults } from './faults/transport';
import type { Fault } from './harness/fault';

export const faults: readonly Fault[] = [...qemuFaults, ...serviceFaults, ...transportFaults];
