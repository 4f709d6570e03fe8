// From the results of all mirrors to an order: matching content first, then the time that a pull would take; with the reason. Pure.
import { DIRECT } from '../../preload/contract';
import type { MirrorProposal, MirrorTest } from '../../preload/contract';

export interface Candidate {
  readonly url: string;
  readonly name: string;
  readonly limited: boolean;
  readonly test: MirrorTest;
  readonly created: number | undefined;
  readonly privateNetwork: boolean;
}

/** The size of image by which rate and delay are weighed against each other. */
const TYPICAL_BYTES = 10_000_000;
const DAY_MS = 86_400_000;

/** Those whose image is not the one that Docker Hub, or else most mirrors, have for the tag. */
export function findStale(candidates: readonly Candidate[]): readonly Candidate[] {
  const good = candidates.filter(works);
  const reference = good.find(({ url }) => url === DIRECT) ?? mostCommon(good);
  if (reference === undefined) {
    return [];
  }
  return good
    .filter(({ test }) => test.digest !== reference.test.digest)
    .map((candidate) => {
      const days =
        reference.created === undefined || candidate.created === undefined
          ? 0
          : Math.round((reference.created - candidate.created) / DAY_MS);
      return { ...candidate, test: { ...candidate.test, verdict: 'stale', ...(days > 0 ? { olderDays: days } : {}) } };
    });
}

/** Docker Hub itself is in the order, where it works, under its name `DIRECT`. */
export function proposeOrder(candidates: readonly Candidate[]): readonly MirrorProposal[] {
  const ordered = candidates.filter(works).sort((a, b) => rank(a) - rank(b) || seconds(a) - seconds(b));
  const [best] = ordered;
  return best === undefined
    ? []
    : ordered.map((candidate) => ({ url: candidate.url, name: candidate.name, reason: reasonOf(candidate, best) }));
}

function works({ test }: Candidate): boolean {
  return test.verdict === 'works' || test.verdict === 'slow' || test.verdict === 'stale';
}

function mostCommon(good: readonly Candidate[]): Candidate | undefined {
  const groups = [...new Set(good.map(({ test }) => test.digest))].map((digest) => good.filter(({ test }) => test.digest === digest));
  const newest = (group: readonly Candidate[]): number => Math.max(...group.map(({ created = 0 }) => created));
  // As many of each: then the newer image.
  groups.sort((a, b) => b.length - a.length || newest(b) - newest(a));
  return groups[0]?.[0];
}

/** A private network is left some day, a limited mirror serves its own cloud's machines, and a stale one gives old images. */
function rank({ test, privateNetwork, limited }: Candidate): number {
  return test.verdict === 'stale' ? 3 : limited ? 2 : privateNetwork ? 1 : 0;
}

function seconds({ test }: Candidate): number {
  const delay = test.steps.reduce((sum, step) => sum + (step.name === 'layer' ? 0 : step.milliseconds), 0) / 1000;
  return delay + TYPICAL_BYTES / Math.max(1, test.bytesPerSecond ?? 1);
}

function reasonOf(candidate: Candidate, best: Candidate): MirrorProposal['reason'] {
  const { test, privateNetwork, limited } = candidate;
  const params = { bytesPerSecond: test.bytesPerSecond ?? 0, milliseconds: test.totalMilliseconds };
  if (test.verdict === 'stale') {
    return { key: 'stale', params: { ...params, days: test.olderDays ?? 0 } };
  }
  if (limited) {
    return { key: 'limited', params };
  }
  if (privateNetwork) {
    return { key: 'privateNetwork', params };
  }
  return candidate === best
    ? { key: 'fastest', params }
    : { key: 'slower', params: { ...params, times: Math.round((seconds(candidate) / seconds(best)) * 10) / 10 } };
}
