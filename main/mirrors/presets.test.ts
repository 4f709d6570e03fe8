import { describe, expect, test } from 'vitest';
import { checkMirrorUrl } from './entries';
import { builtInPresets, parsePresetFile, presetOf } from './presets';

describe('the built-in presets', () => {
  const presets = builtInPresets();

  test('name each mirror once, with an address that could be kept and a date', () => {
    expect(new Set(presets.map(({ id }) => id)).size).toBe(presets.length);
    expect(new Set(presets.map(({ url }) => url)).size).toBe(presets.length);
    for (const { url, personal, checked, operator, audience } of presets) {
      expect(checkMirrorUrl(personal ? url.replace('{id}', 'abcd1234') : url)).not.toHaveProperty('error');
      expect(checked >= '2020' && checked <= '2027').toBe(true);
      expect([operator, audience.en, audience['zh-CN']]).not.toContain('');
    }
  });

  test('propose nothing that is closed, personal, or for machines of its operator only', () => {
    const proposed = presets.filter(({ proposable }) => proposable);
    expect(proposed.length).toBeGreaterThan(3);
    expect(proposed.filter(({ state, personal }) => state === 'closed' || personal)).toEqual([]);
    expect(proposed.map(({ id }) => id)).not.toContain('tencent');
    expect(presets.find(({ id }) => id === 'aliyun')).toMatchObject({ personal: true, proposable: false });
  });

  test('tell how to find the id of a personal one, in both languages', () => {
    const personal = presets.filter((preset) => preset.personal);
    expect(personal.length).toBeGreaterThan(0);
    expect(personal.filter(({ help }) => help === undefined || help.en === help['zh-CN'])).toEqual([]);
  });

  test('are found by an address, personal ones by what stands behind the id', () => {
    expect(presetOf('https://docker.1ms.run', presets)?.id).toBe('1ms');
    expect(presetOf('https://abcd1234.mirror.aliyuncs.com', presets)?.id).toBe('aliyun');
    expect(presetOf('https://mirror.example', presets)).toBeUndefined();
  });
});

test.each([
  ['', 1, 1],
  ['{', 1, 2],
  ['{"format": 1,\n "presets": [', 2, 14],
  ['{"format": 2, "presets": []}', 1, 12],
  ['{"format": 1, "presets": {}}', 1, 26],
  ['{"format": 1,\n"presets": [{"id": "a", "name": "A"}]}', 2, 13],
  ['{"format": 1,\n"presets": [{"id": "a", "name": "A", "url": "a.example/x"}]}', 2, 45],
  ['{"format": 1,\n"presets": [{"id": "a", "name": "A", "url": "https://a.example", "personal": true}]}', 2, 45],
  ['{"format": 1, "presets": [{"id": "a", "name": "A", "url": "a.example"},\n{"id": "a", "name": "B", "url": "b.example"}]}', 2, 8],
  ['{"format": 1,\n"presets": [{"id": "a", "name": "A", "url": "a.example", "stat": "open"}]}', 2, 13],
])('%j is refused at line %i, column %i', (text, line, column) => {
  const places: unknown[] = [];
  expect(() =>
    parsePresetFile(text, (reason, place) => {
      places.push([place.line, place.column]);
      return new Error(reason) as never;
    }),
  ).toThrow();
  expect(places).toEqual([[line, column]]);
});
