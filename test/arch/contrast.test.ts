// WCAG AA by computation, in both themes: words 4.5:1 on every ground they stand on, marks and edges of controls 3:1.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const css = readFileSync('renderer/styles/tokens.css', 'utf8');
const block = (selector: string): ReadonlyMap<string, string> => {
  const start = css.indexOf(`${selector} {`);
  const body = css.slice(start, css.indexOf('\n}', start));
  return new Map([...body.matchAll(/--b-([\w-]+): (#[0-9a-f]{6})/g)].map(([, name = '', value = '']) => [name, value]));
};
const themes = { light: block(':root'), dark: new Map([...block(':root'), ...block('[data-mantine-color-scheme="dark"]')]) };

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

const grounds = ['bg', 'bg-frame', 'bg-sunken', 'bg-raised', 'bg-hover', 'bg-selected'];
const words: readonly (readonly [string, readonly string[]])[] = [
  ...['text', 'text-2', 'text-3', 'accent-text'].map((name) => [name, grounds] as const),
  ...['run', 'pause', 'warn', 'bad'].map((state) => [`${state}-text`, ['bg', 'bg-sunken', 'bg-raised', `${state}-soft`]] as const),
  ['text-2', ['bad-soft', 'warn-soft', 'accent-soft']],
  ['idle-text', ['idle-soft']],
  ['code-value', ['bg', 'bg-sunken', 'run-soft', 'bad-soft']],
  ['on-accent', ['accent', 'accent-hover']],
  ['on-bad', ['bad-fill', 'bad-fill-hover']],
  ['term-text', ['term-bg', 'term-bar']],
  ['term-dim', ['term-bg', 'term-bar']],
];
const marks: readonly (readonly [string, readonly string[]])[] = [
  ...['run', 'pause', 'warn', 'bad', 'accent', 'focus'].map((name) => [name, ['bg', 'bg-frame', 'bg-sunken']] as const),
  ['control-line', ['bg']],
];

function failing(pairs: typeof words, least: number, theme: ReadonlyMap<string, string>): readonly string[] {
  return pairs.flatMap(([front, backs]) =>
    backs.flatMap((back) => {
      const ratio = contrast(theme.get(front) ?? '', theme.get(back) ?? '');
      return ratio >= least ? [] : [`${front} on ${back}: ${ratio.toFixed(2)}`];
    }),
  );
}

test.each(Object.entries(themes))('words and marks can be read in the %s theme', (_name, theme) => {
  expect(theme.size).toBeGreaterThan(60);
  expect(failing(words, 4.5, theme)).toEqual([]);
  expect(failing(marks, 3, theme)).toEqual([]);
});
