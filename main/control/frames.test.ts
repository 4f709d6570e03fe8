import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFrameSplitter, withLength } from './frames';

describe('length-prefixed frames', () => {
  it('come out as they went in, however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 97 })),
        (frames, cuts) => {
          const bytes = Buffer.concat(frames.map(withLength));
          const splitter = createFrameSplitter();
          const got: Uint8Array[] = [];
          for (let at = 0; at < bytes.length;) {
            const size = Number(cuts.next().value);
            got.push(...splitter.push(bytes.subarray(at, at + size)));
            at += size;
          }
          expect(got.map((f) => [...f])).toEqual(frames.map((f) => [...f]));
        },
      ),
    );
  });

  it('over the limit are refused by their length alone', () => {
    expect(() => createFrameSplitter().push(Buffer.from([0x7f, 0xff, 0xff, 0xff]))).toThrow('rpc.tooLarge');
    expect(() => createFrameSplitter().push(Buffer.from('GET / HTTP/1.1\r\n'))).toThrow('rpc.tooLarge');
  });
});
