import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changedKeys, rangeOf, readValues, setAt } from './text-edit';

const text = `{
    "registry-mirrors": ["https://a.example"],
    "bip":   "172.17.0.1/16",
    "log-opts": { "max-size": "10m" }
}
`;

test('a form changes one value and leaves every other character', () => {
  expect(setAt(text, ['bip'], '172.30.0.1/16')).toBe(text.replace('172.17.0.1/16', '172.30.0.1/16'));
  expect(setAt(text, ['log-opts', 'max-size'], '20m')).toBe(text.replace('10m', '20m'));
  expect(setAt(text, ['registry-mirrors', 0], 'https://b.example')).toBe(text.replace('a.example', 'b.example'));
});

test('a new key comes last, in the indent of the text', () => {
  expect(setAt(text, ['debug'], true)).toBe(text.replace('"10m" }\n', '"10m" },\n    "debug": true\n'));
  expect(setAt('{\n\t"a": 1\n}', ['b'], 2)).toBe('{\n\t"a": 1,\n\t"b": 2\n}');
  expect(setAt('', ['debug'], true)).toBe('{\n  "debug": true\n}\n');
  expect(setAt('{}', ['default-address-pools', 0], { base: '10.0.0.0/8', size: 24 })).toBe(
    '{\n  "default-address-pools": [\n    { "base": "10.0.0.0/8", "size": 24 }\n  ]\n}',
  );
  expect(setAt(text, ['log-opts', 'max-file'], '3')).toBe(text.replace('"10m" }', '"10m", "max-file": "3" }'));
  expect(setAt(text, ['registry-mirrors', 1], 'https://b.example')).toBe(text.replace('a.example"', 'a.example", "https://b.example"'));
});

test('taking a value away takes what is empty without it', () => {
  expect(readValues(setAt(text, ['log-opts', 'max-size'], undefined))).not.toHaveProperty('log-opts');
  expect(readValues(setAt(text, ['registry-mirrors', 0], undefined))).not.toHaveProperty('registry-mirrors');
  expect(setAt(text, ['mtu'], undefined)).toBe(text);
  expect(setAt(text, ['log-opts', 'max-file'], undefined)).toBe(text);
});

test('what a form may edit is one whole object with each key once', () => {
  for (const broken of ['', '{', '{"a": 1,}', '// x\n{}', '[]', '"x"', '{"a": 1, "a": 2}', '{"o": {"a": 1, "a": 2}}', '\u{feff}{}']) {
    expect(readValues(broken), broken).toBeUndefined();
  }
  expect(readValues('{}')).toEqual({});
});

test('a place is the value, or the key of the nearest thing that holds it', () => {
  const at = (path: (string | number)[]): string | undefined => {
    const range = rangeOf(text, path);
    return range === undefined ? undefined : text.slice(range.from, range.to);
  };
  expect(at(['bip'])).toBe('"172.17.0.1/16"');
  expect(at(['registry-mirrors', 0])).toBe('"https://a.example"');
  expect(at(['log-opts', 'max-file'])).toBe('"log-opts"');
  expect(at(['mtu'])).toBeUndefined();
});

test('changed keys are those whose values differ, whatever their order', () => {
  expect(changedKeys({ a: 1, b: { x: 1, y: [1, 2] }, c: 0 }, { b: { y: [1, 2], x: 1 }, d: 1, a: 2 })).toEqual(['d', 'a', 'c']);
  expect(changedKeys({ a: [] }, { a: {} })).toEqual(['a']);
});

test('any value set at any key is read again, and the others stay', () => {
  const key = fc.string({ minLength: 1 }).filter((name) => name !== '__proto__');
  fc.assert(
    fc.property(fc.dictionary(key, fc.jsonValue(), { noNullPrototype: true }), key, fc.jsonValue(), (values, name, value) => {
      const edited = readValues(setAt(JSON.stringify(values, undefined, 2), [name], value));
      expect(edited).toEqual(JSON.parse(JSON.stringify({ ...values, [name]: value })));
    }),
  );
});
