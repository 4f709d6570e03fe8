// What is typed into the machine's fields and what it means: checked against the host's limits before anything is sent. Pure.
import type { AcceleratorName, Settings, VmLimits, WireError } from '../../../preload/contract';

export const GIB = 1024 ** 3;

export interface VmDraft {
  /** Empty text = the default. */
  readonly cpus: string;
  readonly memoryGib: string;
  readonly accelerator: AcceleratorName | 'auto';
}

export function draftOf({ vm }: Settings): VmDraft {
  return {
    cpus: vm.cpus === null ? '' : String(vm.cpus),
    memoryGib: vm.memoryBytes === null ? '' : String(round(vm.memoryBytes / GIB)),
    accelerator: vm.accelerator,
  };
}

export function sameDraft(a: VmDraft, b: VmDraft): boolean {
  return a.cpus === b.cpus && a.memoryGib === b.memoryGib && a.accelerator === b.accelerator;
}

export interface VmValues {
  readonly cpus: number | null;
  readonly memoryBytes: number | null;
  readonly accelerator: VmDraft['accelerator'];
}

export function valuesOf(draft: VmDraft): VmValues {
  return {
    cpus: draft.cpus === '' ? null : Number(draft.cpus),
    memoryBytes: draft.memoryGib === '' ? null : Math.round(Number(draft.memoryGib) * GIB),
    accelerator: draft.accelerator,
  };
}

export interface FieldErrors {
  readonly cpus?: WireError;
  readonly memory?: WireError;
}

/** The same codes that the backend would answer with, so that the words are the same. */
export function checkDraft(draft: VmDraft, limits: VmLimits): FieldErrors {
  const { cpus, memoryBytes } = valuesOf(draft);
  const cpusFit = cpus === null || (Number.isInteger(cpus) && cpus >= limits.cpus.min && cpus <= limits.cpus.max);
  const memoryFits = memoryBytes === null || (memoryBytes >= limits.memoryBytes.min && memoryBytes <= limits.memoryBytes.max);
  return {
    ...(cpusFit ? {} : { cpus: { code: 'settings.cpus', params: { asked: cpus, min: limits.cpus.min, max: limits.cpus.max } } }),
    ...(memoryFits
      ? {}
      : {
          memory: {
            code: 'settings.memory',
            params: { askedBytes: memoryBytes, minBytes: limits.memoryBytes.min, maxBytes: limits.memoryBytes.max },
          },
        }),
  };
}

/** The nearest value that works, offered as the fix. */
export function nearest(value: number, { min, max }: { readonly min: number; readonly max: number }): number {
  return Math.min(max, Math.max(min, value));
}

/** Down to a quarter, so that what is offered stays within the limit. */
export function gibWithin(bytes: number, { min, max }: { readonly min: number; readonly max: number }): number {
  const quarter = Math.floor((nearest(bytes, { min, max }) / GIB) * 4) / 4;
  return quarter * GIB < min ? Math.ceil((min / GIB) * 4) / 4 : quarter;
}

function round(gib: number): number {
  return Math.round(gib * 100) / 100;
}
