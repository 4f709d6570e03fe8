// `berth status`: one object with names that stay, whether a backend runs or not. Scripts read it, so fields are only ever added.
import type { AppInfo, BootTimeline, VmStatus, WireError } from '../../preload/contract';
import type { RpcClient } from '../../preload/rpc/client';
import type { Texts } from '../lib/texts';
import { first } from './kit';

export interface StatusJson {
  readonly state: string;
  /** The phase of a start under way. */
  readonly phase: string | null;
  readonly error: (WireError & { readonly text: string }) | null;
  readonly dockerHost: string;
  readonly engine: { readonly version: string; readonly apiVersion: string } | null;
  readonly vm: {
    readonly driver: string;
    readonly accelerator: string | null;
    readonly reason: string | null;
    readonly cpus: number;
    readonly memoryBytes: number;
    readonly pid: number | null;
  } | null;
  /** Whose memory is saved: `by` is `user`, `idle` (wakes by use) or `quit`. */
  readonly suspended: { readonly at: number; readonly by: string; readonly bytes: number } | null;
  /** The last start: each phase with its length in seconds; null = it has not ended. */
  readonly boot: {
    readonly at: number;
    readonly kind: string;
    readonly seconds: number | null;
    /** Why saved memory was not used. */
    readonly notResumed: string | null;
    readonly phases: readonly { readonly phase: string; readonly seconds: number | null }[];
  } | null;
  readonly home: string;
  readonly shells: readonly string[];
}

export async function readStatus(client: RpcClient): Promise<{ readonly info: AppInfo; readonly vm: VmStatus }> {
  return { info: await client.call('app.info', {}), vm: await first(client, 'vm.status', {}) };
}

/** `off`: the state where no backend runs. */
export function statusJson(
  info: Pick<AppInfo, 'home' | 'dockerHost' | 'shells'>,
  vm: VmStatus | undefined,
  texts: Texts,
  off = 'stopped',
): StatusJson {
  const accelerator = vm?.accelerator;
  return {
    state: vm?.state ?? off,
    phase: vm?.phase ?? null,
    error: vm?.error === undefined ? null : { ...vm.error, text: texts.error(vm.error).title },
    dockerHost: info.dockerHost,
    engine: vm?.engine ?? null,
    vm:
      vm === undefined
        ? null
        : {
            driver: vm.driver,
            accelerator: accelerator?.name ?? null,
            reason: accelerator === undefined ? null : reasonText(accelerator.reason, texts),
            cpus: vm.cpus,
            memoryBytes: vm.memoryBytes,
            pid: vm.pid ?? null,
          },
    suspended: vm?.suspended ?? null,
    boot: vm?.boot === undefined ? null : bootJson(vm.boot),
    home: info.home,
    shells: info.shells,
  };
}

export function reasonText(
  { key, params }: { readonly key: string; readonly params: Readonly<Record<string, string | number>> },
  texts: Texts,
): string {
  return texts.text('vm', `accelerator.reason.${key}`, params);
}

export function bootJson(boot: BootTimeline): NonNullable<StatusJson['boot']> {
  return {
    at: boot.at,
    kind: boot.kind,
    seconds: boot.seconds ?? null,
    notResumed: boot.notResumed?.key ?? null,
    phases: boot.phases.map(({ name, startedAt, endedAt }) => ({
      phase: name,
      seconds: endedAt === undefined ? null : Math.round((endedAt - startedAt) * 1000) / 1000,
    })),
  };
}

/** For people: one line a fact. */
export function statusLines(status: StatusJson, texts: Texts): string[] {
  const line = (key: string, value: string): string => `${texts.text('cli', `status.${key}`)}: ${value}`;
  const { vm, engine, boot } = status;
  const state = texts.text('vm', `state.${status.state}`);
  return [
    line('state', status.phase === null ? state : `${state} (${texts.text('vm', `phase.${status.phase}`)})`),
    ...(status.suspended === null
      ? []
      : [line('suspended', texts.text('cli', `status.suspendedBy.${status.suspended.by}`, { memoryBytes: status.suspended.bytes }))]),
    ...(engine === null ? [] : [line('engine', texts.text('cli', 'status.engineText', engine))]),
    ...(vm === null ? [] : [line('vm', texts.text('cli', 'status.vmText', { cpus: vm.cpus, memoryBytes: vm.memoryBytes }))]),
    ...(vm?.accelerator ? [line('accelerator', `${texts.text('vm', `accelerator.name.${vm.accelerator}`)}: ${vm.reason ?? ''}`)] : []),
    ...(boot?.seconds ? [line('boot', texts.text('cli', `status.bootText.${boot.kind}`, { seconds: boot.seconds }))] : []),
    line('dockerHost', status.dockerHost),
    line('home', status.home),
    ...(status.shells.length === 0 ? [] : [line('shells', status.shells.join(', '))]),
  ];
}
