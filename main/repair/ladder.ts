// The ladder as data: which rung can be used now, what each keeps, and which one the present error asks for. Pure.
import { rungNames } from '../../preload/contract';
import type { RepairFate, RepairObstacle, RepairReport, RepairSubject, Rung, RungName, VmStatus, WireError } from '../../preload/contract';

export interface LadderFacts {
  readonly status: Pick<VmStatus, 'state' | 'pid' | 'boot'>;
  readonly error: WireError | undefined;
  readonly hasDisk: boolean;
  /** Containers outlive dockerd's restart. */
  readonly liveRestore: boolean;
  readonly last: RepairReport | undefined;
}

/** Where no start was measured yet. */
const USUAL_BOOT = 20;

export function ladder(facts: LadderFacts): readonly Rung[] {
  const rungs = rungNames.map((name) => rung(name, facts));
  const usable = rungs.filter(({ obstacle }) => obstacle === undefined).map(({ name }) => name);
  const recommended = recommend(facts.error, facts.last, usable);
  return rungs.map((each) => ({ ...each, recommended: each.name === recommended }));
}

function rung(name: RungName, facts: LadderFacts): Omit<Rung, 'recommended'> {
  const obstacle = obstacleOf(name, facts);
  const seconds = secondsOf(name, facts.status.boot?.seconds ?? USUAL_BOOT);
  return {
    name,
    fates: fatesOf(name, facts),
    ...(obstacle === undefined ? {} : { obstacle }),
    ...(seconds === undefined ? {} : { seconds }),
  };
}

function obstacleOf(name: RungName, { status, hasDisk }: LadderFacts): RepairObstacle | undefined {
  switch (name) {
    case 'reconnect':
    case 'engine':
      return status.pid === undefined ? 'notRunning' : undefined;
    case 'checkDisk':
    case 'rescue':
      return hasDisk ? undefined : 'noDisk';
    default:
      return undefined;
  }
}

function secondsOf(name: RungName, boot: number): number | undefined {
  switch (name) {
    case 'reconnect':
      return 2;
    case 'engine':
      return Math.ceil(boot / 2);
    case 'checkDisk':
    case 'rescue':
      return undefined;
    default:
      return Math.ceil(boot) + 5;
  }
}

function fatesOf(name: RungName, { liveRestore }: LadderFacts): Readonly<Record<RepairSubject, RepairFate>> {
  const kept = { images: 'kept', volumes: 'kept', settings: 'kept' } as const;
  switch (name) {
    case 'reconnect':
      return { containers: 'runs', ...kept };
    case 'engine':
      return { containers: liveRestore ? 'runs' : 'restart', ...kept };
    case 'reboot':
    case 'system':
      return { containers: 'restart', ...kept };
    case 'checkDisk':
      return { containers: 'stop', ...kept };
    case 'lastGood':
      return { containers: 'restart', ...kept, settings: 'lastGood' };
    case 'rescue':
      return { containers: 'stop', images: 'export', volumes: 'export', settings: 'kept' };
    case 'reset':
      return { containers: 'aside', images: 'aside', volumes: 'aside', settings: 'kept' };
  }
}

/** The mildest that can help against the error; a reset is never recommended. */
export function recommend(error: WireError | undefined, last: RepairReport | undefined, usable: readonly RungName[]): RungName | undefined {
  if (last?.result === 'damaged') {
    return usable.includes('checkDisk') ? 'checkDisk' : undefined;
  }
  if (error === undefined) {
    return undefined;
  }
  const wanted = cureOf(error);
  // One that was tried last and did not help is not proposed again; one that was cut off was not tried.
  const tried = last !== undefined && last.result !== 'running' && last.rung === wanted && error.code !== 'repair.interrupted';
  const from = rungNames.indexOf(wanted) + (tried ? 1 : 0);
  return rungNames.slice(from, rungNames.indexOf('reset')).find((name) => usable.includes(name));
}

function cureOf({ code, params }: WireError): RungName {
  switch (code) {
    case 'ssh.unreachable':
      return 'reconnect';
    case 'engine.exited':
    case 'engine.notAnswering':
    case 'engine.away':
      return 'engine';
    case 'disk.damaged':
    case 'repair.interrupted':
    case 'repair.fsckFailed':
      return 'checkDisk';
    case 'disk.wrongUuid':
    case 'disk.newer':
    case 'repair.diskNotOpened':
      return 'rescue';
    case 'vm.imageMissing':
    case 'vm.imageDamaged':
    case 'vm.bundleDamaged':
      return 'system';
    case 'vm.phaseTimeout':
      return params['phase'] === 'data' ? 'checkDisk' : params['phase'] === 'dockerd' ? 'lastGood' : 'reboot';
    default:
      return code.startsWith('config.') ? 'lastGood' : 'reboot';
  }
}
