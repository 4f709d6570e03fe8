// Every call and stream of the contract against 40 nasty inputs and some generated ones: refused with a typed error or parsed by its schema,
// never a crash; nothing that the schema refuses reaches a handler. The list of methods is the contract's own, so that none is missed.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTransportPair } from '../../test/fakes/transport-pair';
import { contract } from '../contract';
import type { BackendHandlers } from '../contract';
import { decodeFrame, encodeFrame, PROTOCOL } from './frames';
import type { Frame } from './frames';
import { serve } from './server';

const deep = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as unknown;
const keyed = (value: unknown): Record<string, unknown> => ({
  id: value,
  name: value,
  session: value,
  data: value,
  reference: value,
  url: value,
  spec: value,
  container: value,
  source: value,
});
const nasties: readonly unknown[] = [
  null,
  0,
  -0,
  1e308,
  2 ** 53,
  '',
  'x',
  true,
  [],
  [[]],
  {},
  { extra: 1 },
  deep(1000),
  'x'.repeat(1_000_000),
  Array.from({ length: 100_000 }, () => 0),
  JSON.parse('{"__proto__":{"id":"a"}}'),
  JSON.parse('{"constructor":{"prototype":{"id":"a"}}}'),
  JSON.parse('{"id":"a","__proto__":null}'),
  { toString: 'x' },
  { valueOf: 1 },
  { then: 'x' },
  ...[
    '\0',
    '../../etc/passwd',
    '-rf',
    '--help',
    'a,b',
    'C:..',
    `/${'p'.repeat(5000)}`,
    '\ud800',
    '\u202e',
    'a\nb',
    '$(reboot)',
    '%00',
    ' ',
    {},
    [],
    null,
    -1,
    1.5,
    1e9,
    false,
  ].map(keyed),
];

const methods = Object.entries(contract);

function connect(): { readonly reached: string[]; readonly errors: unknown[]; ask(frames: readonly Frame[]): Promise<Frame[]> } {
  const pair = createTransportPair();
  const reached: string[] = [];
  const errors: unknown[] = [];
  const handlers = Object.fromEntries(
    methods.map(([name, def]) => [
      name,
      (input: unknown) => {
        reached.push(name);
        // What comes through was parsed, and parses again.
        def.input.parse(input);
        return def.kind === 'call'
          ? undefined
          : { [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }) };
      },
    ]),
  );
  serve(pair.server, { build: 't', accept: () => handlers as unknown as BackendHandlers, onError: (_, error) => errors.push(error) });
  const answers: Frame[] = [];
  let wake: () => void = () => undefined;
  pair.client.start({
    message(bytes) {
      answers.push(decodeFrame(bytes));
      wake();
    },
    fault: () => undefined,
    close: () => wake(),
  });
  pair.client.send(encodeFrame({ t: 'hello', protocol: PROTOCOL, build: 't', client: 'cli' }));
  return {
    reached,
    errors,
    async ask(frames) {
      answers.splice(0);
      frames.forEach((frame) => pair.client.send(encodeFrame(frame)));
      const ends = (): Frame[] => answers.filter(({ t }) => t === 'result' || t === 'error' || t === 'end');
      while (ends().length < frames.length) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return ends();
    },
  };
}

let id = 0;
const frameFor = (method: string, kind: 'call' | 'stream', input: unknown): Frame =>
  kind === 'call' ? { t: 'call', id: ++id, method, input } : { t: 'open', id: ++id, method, input, credit: 1000 };

describe.each(methods)('%s', (method, def) => {
  it('answers every nasty input with a code or by its schema', async () => {
    const { ask, reached, errors } = connect();
    const accepted = nasties.filter((input) => def.input.safeParse(JSON.parse(JSON.stringify(input))).success).length;
    const answers = await ask(nasties.map((input) => frameFor(method, def.kind, input)));
    const codes = answers.map((answer) => (answer.t === 'error' ? answer.error.code : 'ok'));
    expect(codes.filter((code) => code === 'rpc.badRequest')).toHaveLength(nasties.length - accepted);
    expect(reached).toHaveLength(accepted);
    expect(errors).toEqual([]);
  });

  it('answers generated input in the same way', async () => {
    const { ask, errors } = connect();
    const values = fc.sample(
      fc.oneof(
        fc.jsonValue(),
        fc.dictionary(fc.constantFrom('id', 'name', 'force', 'spec', 'data', 'session', 'lines', 'vm', '__proto__'), fc.jsonValue()),
      ),
      100,
    );
    const answers = await ask(values.map((input) => frameFor(method, def.kind, input)));
    expect(answers.filter((answer) => answer.t === 'error' && answer.error.code !== 'rpc.badRequest')).toEqual([]);
    expect(errors).toEqual([]);
  });
});
