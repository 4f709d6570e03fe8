// The test of one mirror, from its name to the first of a layer: what is asked for in which order, and what ends it.
// As few processes in the guest as can be: each curl is a tenth of a second of an emulated CPU. Knows nothing of the other mirrors but the plans they share.
import type { MirrorTestStep, MirrorTestStepName } from '../../preload/contract';
import { readChain } from './probe-certificate';
import type { Curl, CurlAnswer, CurlRequest } from './probe-curl';
import { ACCEPT, createdOf, digestOf, MAX_MANIFEST_BYTES, planOf, platformOf, SAMPLE_BYTES } from './probe-image';
import type { LayerPlan, ProbeImage } from './probe-image';
import { isPrivateAddress } from './probe-network';
import type { Route } from './probe-network';
import { tokenOf, tokenPlace } from './probe-token';
import { failureOf, isNameless, isRegistry, refusalOf } from './probe-verdict';
import type { Failure } from './probe-verdict';

export interface Limits {
  readonly connectSeconds: number;
  readonly idleSeconds: number;
  readonly requestSeconds: number;
  readonly totalSeconds: number;
}

export interface MirrorJob {
  /** `https://registry-1.docker.io` for Docker Hub itself. */
  readonly url: string;
  readonly isDirect: boolean;
  readonly image: ProbeImage;
  readonly architecture: string;
  readonly limits: Limits;
  /** Only whether it answers and has the image. */
  readonly quick: boolean;
  readonly curl: Curl;
  readonly route: (url: string) => Route;
  /** What to fetch of the image of this digest; `ask` is for the first who wants to know. */
  readonly plan: (digest: string, ask: () => Promise<LayerPlan | Failure>) => Promise<LayerPlan | Failure>;
  readonly signal: AbortSignal;
  readonly onStep: (step: MirrorTestStep) => void;
}

/** What was found out, whether or not it came to an end. */
export interface Findings {
  failure?: Failure;
  steps: MirrorTestStep[];
  bytesPerSecond?: number;
  digest?: string;
  issuer?: string;
  intercepted?: boolean;
  /** Of the image, in milliseconds since the epoch. */
  created?: number;
  privateNetwork: boolean;
}

const NOTHING: Failure = { verdict: 'silent', words: '' };
const MAX_ANSWER = 64 * 1024;
/** A sample that did not come in time at more than this was slow, at less it stood still. */
const STANDSTILL_BYTES_PER_SECOND = 10_000;

export async function probeMirror(job: MirrorJob): Promise<Findings> {
  const found: Findings = { steps: [], privateNetwork: false };
  const deadline = AbortSignal.timeout(job.limits.totalSeconds * 1000);
  const signal = AbortSignal.any([job.signal, deadline]);
  const ends = performance.now() + job.limits.totalSeconds * 1000;
  try {
    const step: Walk['step'] = (name, milliseconds, ok, status = 0) => {
      const made = { name, milliseconds: Math.max(0, Math.round(milliseconds)), ok, ...(status === 0 ? {} : { status }) };
      found.steps.push(made);
      job.onStep(made);
    };
    const failure = await walk({ ...job, signal, step, secondsLeft: () => (ends - performance.now()) / 1000 }, found);
    if (failure !== undefined) {
      found.failure = failure;
    }
  } catch (error) {
    if (job.signal.aborted) {
      found.failure = { verdict: 'cancelled', words: '' };
    } else if (deadline.aborted && found.steps.length > 0) {
      found.failure = { verdict: 'silent', words: `no answer within ${job.limits.totalSeconds} s` };
    } else if (deadline.aborted) {
      // curl's own limits are shorter: it is the guest that is too busy, which says nothing of the mirror.
      found.failure = { verdict: 'cancelled', words: `curl did not run within ${job.limits.totalSeconds} s` };
    } else {
      throw error;
    }
  }
  return found;
}

interface Walk extends MirrorJob {
  readonly secondsLeft: () => number;
  readonly step: (name: MirrorTestStepName, milliseconds: number, ok: boolean, status?: number) => void;
}

/** A mirror that has the image. */
interface Reached {
  /** As the mirror says; some do not. */
  readonly digest: string | undefined;
  readonly headers: readonly string[];
}

async function walk(job: Walk, found: Findings): Promise<Failure | undefined> {
  const reached = await reach(job, found);
  if ('verdict' in reached || job.quick) {
    return 'verdict' in reached ? reached : undefined;
  }
  const plan = await job.plan(reached.digest ?? manifestUrl(job), () => makePlan(job, reached));
  if ('verdict' in plan) {
    return plan;
  }
  found.digest = reached.digest ?? plan.manifest;
  return takeSample(job, plan, reached, found);
}

/** To the answer for the image's manifest, with a token where one is wanted. */
async function reach(job: Walk, found: Findings): Promise<Reached | Failure> {
  const head = (headers: readonly string[]): CurlRequest => ({
    url: manifestUrl(job),
    method: 'HEAD',
    headers,
    maxBytes: MAX_MANIFEST_BYTES,
  });
  let headers: readonly string[] = [ACCEPT];
  const api: CurlRequest = { url: `${job.url}/v2/`, keepBody: true, maxBytes: MAX_ANSWER };
  const [answer, first] = await ask(job, [api, head(headers)], (each, index) => {
    if (index === 0) {
      stepsOfConnection(each, job);
    }
  });
  if (answer === undefined) {
    return NOTHING;
  }
  found.privateNetwork = !job.isDirect && isPrivateAddress(answer.remoteAddress);
  if (answer.exit !== 0) {
    return failedConnection(job, answer, found);
  }
  learnIssuer(answer, job, found);
  let manifest = first;
  const challenged = [answer, manifest].find((each) => each?.status === 401);
  if (challenged !== undefined) {
    const token = await fetchToken(job, challenged);
    if (typeof token !== 'string') {
      return token;
    }
    headers = [ACCEPT, `Authorization: Bearer ${token}`];
    [manifest] = await ask(job, [head(headers)]);
  }
  const refused = (answer.status === 401 ? undefined : judgedApi(answer)) ?? judged(manifest);
  job.step('manifest', manifest?.times.total ?? 0, refused === undefined, manifest?.status);
  return refused ?? { digest: manifest?.header('docker-content-digest'), headers };
}

/** Manifest and configuration are proved by their digests, the layer shows the rate. */
async function takeSample(job: Walk, plan: LayerPlan, { headers }: Reached, found: Findings): Promise<Failure | undefined> {
  const repository = `${job.url}/v2/${job.image.repository}`;
  const manifest = { digest: plan.manifest, url: `${repository}/manifests/${plan.manifest}`, maxBytes: MAX_MANIFEST_BYTES };
  const config = {
    digest: plan.config.digest,
    url: `${repository}/blobs/${plan.config.digest}`,
    maxBytes: Math.max(plan.config.size, MAX_ANSWER),
  };
  // Docker Hub counts manifests against an anonymous quota, and what it says of its own images needs no proof.
  const proofs = job.isDirect ? [config] : [manifest, config];
  const sample: CurlRequest = {
    url: `${repository}/blobs/${plan.layer.digest}`,
    headers,
    maxBytes: Math.max(plan.layer.size, SAMPLE_BYTES),
    range: `0-${SAMPLE_BYTES - 1}`,
  };
  const answers = await ask(job, [...proofs.map(({ url, maxBytes }) => ({ url, maxBytes, headers, keepBody: true })), sample]);
  for (const [index, { digest }] of proofs.entries()) {
    const wrong = judged(answers[index]) ?? mismatch(answers[index], digest);
    if (wrong !== undefined) {
      job.step('layer', answers[index]?.times.total ?? 0, false, answers[index]?.status);
      return wrong;
    }
  }
  const created = createdOf(answers[proofs.length - 1]?.body ?? '');
  if (created !== undefined) {
    found.created = created;
  }
  const layer = answers[proofs.length];
  const late = layer?.exit === 28 && (layer.bytes * 1000) / layer.times.total > STANDSTILL_BYTES_PER_SECOND;
  const failure = late ? undefined : judged(layer);
  if (failure === undefined && layer !== undefined) {
    found.bytesPerSecond = Math.round((layer.bytes * 1000) / Math.max(1, layer.times.total - layer.times.sent));
  }
  job.step('layer', layer?.times.total ?? 0, failure === undefined, layer?.status);
  return failure;
}

function manifestUrl({ url, image }: Walk): string {
  return `${url}/v2/${image.repository}/manifests/${image.name}`;
}

/** All requests go to one host, but for redirects. */
function ask(
  job: Walk,
  requests: readonly CurlRequest[],
  onAnswer?: (answer: CurlAnswer, index: number) => void,
): Promise<readonly CurlAnswer[]> {
  const route = job.route(requests[0]?.url ?? job.url);
  // curl's own end comes before the deadline's, because it says how far it got.
  const requestSeconds = Math.max(0.5, Math.min(job.limits.requestSeconds, job.secondsLeft() - 0.5));
  return job.curl.run(
    requests.map((request) => (route.insecure ? { ...request, insecure: true } : request)),
    { ...route, ...job.limits, requestSeconds },
    job.signal,
    onAnswer,
  );
}

function judgedApi(answer: CurlAnswer): Failure | undefined {
  return refusalOf(answer, 'closed') ?? (isRegistry(answer) ? undefined : { verdict: 'notARegistry', words: `HTTP ${answer.status}` });
}

function judged(answer: CurlAnswer | undefined): Failure | undefined {
  if (answer === undefined) {
    return NOTHING;
  }
  return answer.exit === 0 ? refusalOf(answer, 'noImage') : failureOf(answer);
}

function mismatch(answer: CurlAnswer | undefined, digest: string): Failure | undefined {
  const got = digestOf(answer?.body ?? '');
  return got === digest ? undefined : { verdict: 'wrongDigest', words: `${digest} / ${got}` };
}

async function fetchToken(job: Walk, challenged: CurlAnswer): Promise<string | Failure> {
  const place = tokenPlace(challenged.header('www-authenticate'), job.image.repository);
  if (place === undefined) {
    return { verdict: 'wantsLogin', words: `HTTP ${challenged.status}` };
  }
  const [answer] = await ask(job, [{ url: place, keepBody: true, maxBytes: MAX_ANSWER }]);
  if (answer?.exit !== 0) {
    return answer === undefined ? NOTHING : failureOf(answer);
  }
  // 400 and 403 are how token services say that nobody is no account of theirs.
  if ([400, 403].includes(answer.status)) {
    return { verdict: 'wantsLogin', words: `HTTP ${answer.status}` };
  }
  return refusalOf(answer, 'closed') ?? tokenOf(answer.body) ?? { verdict: 'notARegistry', words: '' };
}

async function makePlan(job: Walk, { digest, headers }: Reached): Promise<LayerPlan | Failure> {
  const fetchManifest = async (wanted: string | undefined): Promise<string | Failure> => {
    const url = wanted === undefined ? manifestUrl(job) : `${job.url}/v2/${job.image.repository}/manifests/${wanted}`;
    const [answer] = await ask(job, [{ url, headers, keepBody: true, maxBytes: MAX_MANIFEST_BYTES }]);
    return judged(answer) ?? (wanted === undefined ? undefined : mismatch(answer, wanted)) ?? answer?.body ?? '';
  };
  const nonsense: Failure = { verdict: 'notARegistry', words: '' };
  const first = await fetchManifest(digest);
  if (typeof first !== 'string') {
    return first;
  }
  const wanted = platformOf(first, job.architecture);
  if (wanted === undefined) {
    return first.includes('"manifests"') ? { verdict: 'noImage', words: job.architecture } : nonsense;
  }
  const second = wanted === digestOf(first) ? first : await fetchManifest(wanted);
  return typeof second === 'string' ? (planOf(second) ?? nonsense) : second;
}

function stepsOfConnection(answer: CurlAnswer, { url, step }: Walk): void {
  const tls = url.startsWith('https:');
  const { exit, times, status } = answer;
  if (isNameless(answer)) {
    step('dns', times.total, false);
    return;
  }
  step('dns', times.dns, true);
  if (!answer.connected || times.tcp > 0) {
    step('tcp', (answer.connected ? times.tcp : times.total) - times.dns, answer.connected);
  }
  if (!answer.connected) {
    return;
  }
  const secured = !tls || times.tls > 0;
  if (tls) {
    step('tls', secured ? times.tls - times.tcp : times.total - Math.max(times.tcp, times.dns), secured);
  }
  if (secured) {
    step('api', times.total - Math.max(times.tls, times.tcp), exit === 0, status);
  }
}

/** A connection that could not be made; where the certificate is the reason, it is looked at once more without believing it, to name its issuer. */
async function failedConnection(job: Walk, api: CurlAnswer, found: Findings): Promise<Failure> {
  const failure = failureOf(api);
  if (failure.verdict !== 'certificate') {
    return failure;
  }
  const [shown] = await ask(job, [{ url: `${job.url}/v2/`, method: 'HEAD', insecure: true, maxBytes: MAX_ANSWER }]);
  const chain = readChain(shown?.chain ?? []);
  if (chain === undefined) {
    return failure;
  }
  found.issuer = chain.issuer;
  return chain.isMiddlebox || (job.isDirect && !chain.isPublic) ? { ...failure, verdict: 'intercepted' } : failure;
}

/** A company's own mirror has a company's certificate; what should be public and is signed by nobody public was opened on its way, with the guest's consent. */
function learnIssuer(api: CurlAnswer, job: MirrorJob, found: Findings): void {
  const chain = readChain(api.chain);
  if (chain !== undefined) {
    found.issuer = chain.issuer;
    if (!chain.isPublic && (chain.isMiddlebox || job.isDirect || (api.remoteAddress !== '' && !found.privateNetwork))) {
      found.intercepted = true;
    }
  }
}
