import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isBerthError } from '../contract';
import { decodeFrame, encodeFrame, MAX_FRAME_BYTES } from './frames';
import type { Frame } from './frames';

const id = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const payload = fc.uint8Array({ maxLength: 2000 });
const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({
    t: fc.constant('hello' as const),
    protocol: fc.nat(),
    build: fc.string(),
    client: fc.constantFrom('electron', 'browser', 'cli', 'backend'),
  }),
  fc.record({ t: fc.constant('call' as const), id, method: fc.string({ unit: 'binary' }), input: fc.jsonValue() }),
  fc.record({ t: fc.constant('open' as const), id, method: fc.string(), input: fc.jsonValue(), credit: fc.nat() }),
  fc.record({ t: fc.constantFrom('cancel' as const, 'end' as const), id }),
  fc.record({ t: fc.constant('credit' as const), id, bytes: fc.nat() }),
  fc.record({ t: fc.constant('up' as const), id, payload }),
  fc.record({ t: fc.constant('item' as const), id, payload }),
  fc.record({ t: fc.constant('item' as const), id, value: fc.jsonValue() }),
  fc.record({ t: fc.constant('result' as const), id, value: fc.jsonValue() }),
);

/** JSON knows no -0 and no lone surrogates kept apart; compare what survives it. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, v: unknown) => (v instanceof Uint8Array ? [...v] : v))) as unknown;
}

function codeOf(bytes: Uint8Array): string {
  try {
    decodeFrame(bytes);
    return 'decoded';
  } catch (error) {
    return isBerthError(error) ? error.code : `crash: ${String(error)}`;
  }
}

describe('frames', () => {
  it('come back as they were sent', () => {
    fc.assert(
      fc.property(frame, (f) => {
        expect(plain(decodeFrame(encodeFrame(f)))).toEqual(plain(f));
      }),
    );
  });

  it('never crash the decoder, whatever is done to their bytes', () => {
    const mutation = fc.tuple(frame, fc.array(fc.tuple(fc.nat(5000), fc.nat(255)), { maxLength: 8 }), fc.nat(3000));
    fc.assert(
      fc.property(mutation, ([f, changes, cut]) => {
        const bytes = encodeFrame(f).slice(0, cut);
        for (const [at, value] of changes) {
          if (at < bytes.length) {
            bytes[at] = value;
          }
        }
        expect(['decoded', 'rpc.badFrame']).toContain(codeOf(bytes));
      }),
      { numRuns: 1000 },
    );
  });

  it('refuses what is over the limit, both ways', () => {
    expect(codeOf(new Uint8Array(MAX_FRAME_BYTES + 1))).toBe('rpc.tooLarge');
    expect(() => encodeFrame({ t: 'up', id: 1, payload: new Uint8Array(MAX_FRAME_BYTES) })).toThrow('rpc.tooLarge');
  });

  const raw = (header: string, rest = ''): Uint8Array => {
    const text = new TextEncoder().encode(header);
    const bytes = new Uint8Array(4 + text.length + rest.length);
    new DataView(bytes.buffer).setUint32(0, text.length);
    bytes.set(text, 4);
    return bytes;
  };
  it.each([
    ['nothing', new Uint8Array()],
    ['text', new TextEncoder().encode('GET / HTTP/1.1\r\n\r\n')],
    ['an array', raw('[]')],
    ['null', raw('null')],
    ['no id', raw('{"t":"call","method":"app.info"}')],
    ['id 0', raw('{"t":"call","id":0,"method":"app.info"}')],
    ['a huge id', raw('{"t":"call","id":1e300,"method":"app.info"}')],
    ['a method that is no text', raw('{"t":"call","id":1,"method":{}}')],
    ['negative credit', raw('{"t":"credit","id":1,"bytes":-5}')],
    ['an unknown kind', raw('{"t":"__proto__","id":1}')],
    ['a payload that was not announced', raw('{"t":"cancel","id":1}', 'abc')],
    ['a payload where none may be', raw('{"t":"cancel","id":1,"bin":true}', 'abc')],
    ['an upload without bytes', raw('{"t":"up","id":1}')],
    ['an error without a code', raw('{"t":"error","id":1,"error":{"params":{}}}')],
  ])('refuses %s', (_, bytes) => {
    expect(codeOf(bytes)).toBe('rpc.badFrame');
  });

  it('takes an unknown code of a newer peer as unexpected', () => {
    expect(decodeFrame(raw('{"t":"error","id":1,"error":{"code":"new.code","params":{}}}'))).toMatchObject({
      error: { code: 'internal.unexpected', params: { detail: 'new.code' } },
    });
  });

  it('survives 10,000 levels', () => {
    expect(codeOf(raw(`{"t":"call","id":1,"method":"a","input":${'['.repeat(10_000)}${']'.repeat(10_000)}}`))).toBe('decoded');
  });
});
