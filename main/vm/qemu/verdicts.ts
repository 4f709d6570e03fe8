// What a proof's evidence means, as pure functions: evidence in, a reason in words (locale `vm`, accelerator.reason.*) out.
import type { AcceleratorName, AcceleratorVerdict } from '../../../preload/contract';

export type Reason = AcceleratorVerdict['reason'];

/** What a probe boot showed. */
export interface Evidence {
  readonly outcome: 'ok' | 'exited' | 'internal-error' | 'timeout' | 'spawn-failed';
  readonly command?: string;
  /** QEMU's stderr. */
  readonly stderr: string;
  /** What the guest wrote to its console. */
  readonly serial: string;
  readonly seconds: number;
}

/** Every accelerator that QEMU has on a system, best first. */
export function acceleratorsOf(platform: NodeJS.Platform): readonly AcceleratorName[] {
  const native: Partial<Record<NodeJS.Platform, AcceleratorName>> = { linux: 'kvm', darwin: 'hvf', win32: 'whpx' };
  const found = native[platform];
  return found === undefined ? ['tcg'] : [found, 'tcg'];
}

export function platformOf(name: AcceleratorName): string {
  return { kvm: 'Linux', hvf: 'macOS', whpx: 'Windows', tcg: '' }[name];
}

export function explain(name: AcceleratorName, evidence: Evidence, holder: string): Reason {
  const seconds = Math.round(evidence.seconds * 10) / 10;
  const detail = lastLine(evidence.stderr);
  switch (evidence.outcome) {
    case 'ok':
      return { key: name === 'tcg' ? 'software' : 'proved', params: { seconds } };
    case 'internal-error':
      return { key: 'internalError', params: { seconds, detail } };
    case 'timeout':
      return evidence.serial === ''
        ? { key: 'noProgress', params: { seconds } }
        : { key: 'stuck', params: { seconds, detail: lastLine(evidence.serial) } };
    case 'spawn-failed':
      return { key: 'spawnFailed', params: { detail, path: evidence.command ?? '' } };
    case 'exited':
      if (/KVM_CREATE_VM.*(busy|EBUSY|16 )|Device or resource busy/i.test(evidence.stderr)) {
        return { key: holder === '' ? 'busy' : 'busyBy', params: holder === '' ? {} : { holder } };
      }
      if (/internal error/i.test(evidence.stderr)) {
        return { key: 'internalError', params: { seconds, detail } };
      }
      return { key: 'refused', params: { detail } };
  }
}

export function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.trim().slice(0, 300) ?? '';
}

/** Another QEMU, another host kernel or other rights may decide otherwise: then it is proved again. */
export function verdictKey(facts: {
  readonly bundle: string;
  readonly guest: string;
  readonly kernel: string;
  readonly device: string;
}): string {
  return [facts.bundle, facts.guest, facts.kernel, facts.device].join(' ');
}

/** The first that works, best first; or the one that the user set, if it works. */
export function choose(asked: AcceleratorName | 'auto', verdicts: readonly AcceleratorVerdict[]): AcceleratorVerdict | undefined {
  return asked === 'auto' ? verdicts.find(({ works }) => works) : verdicts.find(({ name, works }) => works && name === asked);
}
