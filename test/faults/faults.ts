// Every fault that `npm run faults` knows, in the order of docs/faults.md.
import { hostFaults } from './faults/host';
import { qemuFaults } from './faults/qemu';
import { serviceFaults } from './faults/services';
import { suspendFaults } from './faults/suspend';
import { transportFaults } from './faults/transport';
import type { Fault } from './harness/fault';

export const faults: readonly Fault[] = [...qemuFaults, ...serviceFaults, ...transportFaults, ...hostFaults, ...suspendFaults];
