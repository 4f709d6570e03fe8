// One request of a client and its answer: which rule it meets, which connection carries it, how its bytes pass both ways.
// Bytes pass as they came; only bodies of creates may be written anew.
import { BerthError, fromWireError, toWireError } from '../../preload/contract';
import { join, write, type ByteSource, type ByteStream } from '../lib/byte-source';
import { isOwn, meetSleep, type Asked } from './asleep';
import { collectBody, keepsAlive, noBody, requestFraming, responseFraming, wireBytes, type Framing } from './body';
import { ruleBody } from './create-body';
import type { EngineSocketDeps } from './engine-socket';
import { badMessage, hasToken, readResponseHead, valuesOf, withFields, type RequestHead, type ResponseHead } from './head';
import type { Known } from './known';
import type { BuildWatch, PullWatch } from '../lib/pull-guard';
import { readPullLines } from './pull-lines';
import { closeGently, errorReply, statusOf } from './reply';
import type { Route } from './routes';
import type { Upstream, Upstreams } from './upstreams';

export interface ExchangeDeps extends Pick<
  EngineSocketDeps,
  'available' | 'sleep' | 'ports' | 'pulls' | 'judge' | 'describe' | 'log' | 'containerEnv' | 'hostGateway'
> {
  readonly upstreams: Upstreams;
  readonly known: Known;
}

/** Of the bodies that are read whole. */
const MAX_CREATE_BYTES = 4 * 1024 * 1024;

/** What goes to the engine: `body` = already whole. */
interface Outgoing {
  readonly head: Buffer;
  readonly framing: Framing;
  readonly body?: Buffer;
}

/** Resolves to whether the client's connection can carry another request; closes it otherwise. */
export async function exchange(asked: Asked, deps: ExchangeDeps): Promise<boolean> {
  const { client, head, route } = asked;
  let answered = false;
  let held: string | undefined;
  let upstream: Upstream | undefined;
  let pull: PullWatch | undefined;
  let pulled = false;
  const release = async (): Promise<void> => {
    const id = held;
    held = undefined;
    await (id === undefined ? undefined : deps.ports.release(id).catch(() => undefined));
  };
  try {
    if (deps.sleep !== undefined && (await meetSleep(asked, deps.sleep, deps.known))) {
      if (keepsAlive(head)) {
        return true;
      }
      await closeGently(client);
      return false;
    }
    const unavailable = deps.available();
    if (unavailable && !(unavailable.code === 'vm.suspended' && isOwn(head))) {
      throw unavailable;
    }
    const outgoing = await applyRequestRules(client, head, route, deps);
    if (route.rule === 'start' && route.container !== undefined) {
      await deps.ports.prepare(route.container);
      held = route.container;
    }
    pull = route.pull === undefined ? undefined : deps.pulls?.watch(route.pull);
    const sent = await sendAndAwait(client, head, outgoing, route, deps);
    upstream = sent.upstream;
    const { answer } = sent;
    if (held !== undefined && answer.status < 400) {
      await deps.ports
        .confirm(held)
        .catch((error: unknown) => deps.log.warn('ports not confirmed', { container: route.container, error: String(error) }));
      held = undefined;
    }
    await release();
    if (route.rule === 'ended' && route.container !== undefined && answer.status < 300) {
      await deps.ports.changed(route.container).catch(() => undefined);
    }
    answered = true;
    if (answer.status === 101 || hijacked(route, answer)) {
      await write(client.stream, answer.bytes);
      await sent.sending;
      const build = route.builds ? deps.pulls?.watchBuild?.() : undefined;
      await join(client, build === undefined ? upstream : heardBy(build, upstream)).finally(() => build?.end());
      return false;
    }
    const listener = pull ? { payload: readPullLines(pull) } : deps.known.hear(head, route, answer);
    const more = await passAnswer(client, head, answer, sent, deps.upstreams, listener);
    pulled = answer.status < 300;
    return more;
  } catch (error) {
    upstream?.stream.destroy();
    await release();
    if (answered || !client.stream.writable) {
      client.stream.destroy();
      return false;
    }
    const known = fromWireError(toWireError(error));
    const refusal =
      known.code === 'internal.unexpected' ? new BerthError('engine.away', { reason: String(known.params['detail']) }) : known;
    await refuse(client, refusal, head.method, deps);
    return false;
  } finally {
    void pull?.end(pulled ? undefined : new Error('the client or the engine ended it'));
  }
}

function heardBy(build: BuildWatch, { stream, source }: ByteStream): ByteStream {
  return {
    stream,
    source: {
      ...source,
      async next() {
        const bytes = await source.next();
        build.heard();
        return bytes;
      },
    },
  };
}

export async function refuse(
  client: ByteStream,
  error: BerthError,
  method: string,
  deps: Pick<EngineSocketDeps, 'describe'>,
): Promise<void> {
  // A start's refusal is told in dockerd's own words.
  const message = statusOf(error) === 500 ? String(error.params['detail']) : deps.describe(error);
  await write(client.stream, errorReply(statusOf(error), message, method));
  await closeGently(client);
}

async function applyRequestRules(client: ByteStream, head: RequestHead, route: Route, deps: ExchangeDeps): Promise<Outgoing> {
  const framing = requestFraming(head);
  if (route.rule !== 'create' && route.rule !== 'binds') {
    return { head: head.bytes, framing };
  }
  if (hasToken(head.fields, 'expect', '100-continue')) {
    await write(client.stream, Buffer.from('HTTP/1.1 100 Continue\r\n\r\n'));
  }
  const body = await collectBody(client.source, framing, MAX_CREATE_BYTES);
  const text = body.toString('utf8');
  const ruled = await ruleBody(text, {
    judge: deps.judge,
    hostGateway: deps.hostGateway?.(),
    env: route.rule === 'create' ? deps.containerEnv?.() : undefined,
  });
  const changed = ruled === text ? body : Buffer.from(ruled);
  const length = { name: 'Content-Length', value: String(changed.length) };
  return { head: withFields(head, ['content-length', 'transfer-encoding', 'trailer', 'expect'], [length]), framing: noBody, body: changed };
}

interface Sent {
  readonly upstream: Upstream;
  readonly answer: ResponseHead;
  /** Resolves to whether the whole request went out; never rejects. */
  readonly sending: Promise<boolean>;
  /** From now on the client's end is no business of this upstream's. */
  forget(): void;
}

async function sendAndAwait(
  client: ByteStream,
  head: RequestHead,
  outgoing: Outgoing,
  route: Route,
  deps: ExchangeDeps,
  fresh = false,
): Promise<Sent> {
  const upstream = await deps.upstreams.take(route.lane, fresh);
  const watch = { on: true };
  const sending = send(client, upstream, outgoing, watch);
  const answer = await awaitAnswer(client, upstream).catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
  if (answer && !(answer instanceof Error)) {
    return { upstream, answer, sending, forget: () => (watch.on = false) };
  }
  watch.on = false;
  upstream.stream.destroy();
  // A kept connection that the engine closed at this very moment: nobody saw the request, so it may go again.
  const unseen = upstream.reused && !(answer instanceof BerthError);
  if (unseen && isReplayable(head, outgoing) && client.stream.writable) {
    return sendAndAwait(client, head, outgoing, route, deps, true);
  }
  throw deps.available() ?? new BerthError('engine.away', { reason: answer?.message ?? 'connection closed' }, { cause: answer });
}

function isReplayable(head: RequestHead, outgoing: Outgoing): boolean {
  return (head.method === 'GET' || head.method === 'HEAD') && outgoing.framing.kind === 'length' && outgoing.framing.bytes === 0;
}

async function send(client: ByteStream, upstream: Upstream, outgoing: Outgoing, watch: { readonly on: boolean }): Promise<boolean> {
  try {
    const body = outgoing.body ? [outgoing.body] : wireBytes(client.source, outgoing.framing);
    const whole = await writeMessage(upstream, outgoing.head, client.source, body);
    // dockerd takes a client's end as a client that left, and so it must come to know of it: `docker logs -f` ended by Ctrl-C.
    void client.source.peek().then(
      (more) => (watch.on && !more ? upstream.stream.end() : undefined),
      () => (watch.on ? upstream.stream.destroy() : undefined),
    );
    return whole;
  } catch {
    // The client left within its body, or does not keep to its framing.
    upstream.stream.destroy();
    return false;
  }
}

/** Head and what is there of the body in one write: one packet instead of two. Resolves to whether everything was taken. */
async function writeMessage(
  to: ByteStream,
  head: Buffer,
  from: ByteSource,
  body: AsyncIterable<Buffer> | readonly Buffer[],
): Promise<boolean> {
  let first: Buffer | undefined = head;
  if (!Array.isArray(body) && !from.ready()) {
    first = undefined;
    if (!(await write(to.stream, head))) {
      return false;
    }
  }
  for await (const bytes of body) {
    if (!(await write(to.stream, first ? Buffer.concat([first, bytes]) : bytes))) {
      return false;
    }
    first = undefined;
  }
  return first === undefined || (await write(to.stream, first));
}

/** The final answer's head; interim ones are passed on. undefined = the engine closed without a word. */
async function awaitAnswer(client: ByteStream, upstream: Upstream): Promise<ResponseHead | undefined> {
  for (;;) {
    const answer = await readResponseHead(upstream.source);
    if (!answer || answer.status === 101 || answer.status >= 200) {
      return answer;
    }
    await write(client.stream, answer.bytes);
  }
}

function hijacked(route: Route, answer: ResponseHead): boolean {
  return (
    route.hijacks &&
    answer.status === 200 &&
    valuesOf(answer.fields, 'transfer-encoding').length === 0 &&
    valuesOf(answer.fields, 'content-length').length === 0
  );
}

interface PayloadListener {
  /** As it passes. */
  readonly payload: (bytes: Buffer) => void;
  readonly whole?: () => void;
}

async function passAnswer(
  client: ByteStream,
  head: RequestHead,
  answer: ResponseHead,
  sent: Sent,
  upstreams: Upstreams,
  listener?: PayloadListener,
): Promise<boolean> {
  const { upstream } = sent;
  const framing = responseFraming(answer, head.method);
  const taken = await writeMessage(client, answer.bytes, upstream.source, wireBytes(upstream.source, framing, listener?.payload));
  if (!taken) {
    throw badMessage('client left');
  }
  listener?.whole?.();
  // An answer before the request's end (a build that failed at once): where the next request begins is not known then.
  const whole = await Promise.race([sent.sending, Promise.resolve(false)]);
  const delimited = framing.kind !== 'untilEnd' && keepsAlive(answer);
  if (whole && delimited && keepsAlive(head)) {
    sent.forget();
    upstreams.give(upstream);
    return true;
  }
  upstream.stream.destroy();
  await closeGently(client);
  return false;
}
