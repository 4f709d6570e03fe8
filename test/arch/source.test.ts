// What keeps the source as it is meant: electron in its places only, sizes, names, no work hidden in the product for tests.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
/** Tracked and new files; what .gitignore names is none of ours. */
const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '');
const code = files.filter((file) => /\.(ts|tsx|mjs|cjs|js)$/.test(file));
const product = code.filter((file) => /^(main|preload|renderer)\//.test(file) && !file.includes('.test.'));
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const lines = (file: string): number => read(file).split('\n').length - 1;
const isTest = (file: string): boolean => file.startsWith('test/') || file.startsWith('bench/') || file.includes('.test.');

describe('the source', () => {
  it('imports electron in its three places only', () => {
    const importing = product.filter((file) => /(?:from|import|require)\s*\(?\s*['"]electron(?:\/[^'"]*)?['"]/.test(read(file)));
    const allowed = /^(main\/electron\.ts|main\/electron\/.+|preload\/electron\.ts)$/;
    expect(importing.length).toBeGreaterThan(3);
    expect(importing.filter((file) => !allowed.test(file))).toEqual([]);
  });

  it('keeps files small: 400 lines, tests 600; median 120, nine of ten below 300', () => {
    expect(code.filter((file) => lines(file) > (isTest(file) ? 600 : 400))).toEqual([]);
    const sizes = product.map(lines).sort((a, b) => a - b);
    expect(sizes[Math.floor(sizes.length / 2)]).toBeLessThanOrEqual(120);
    expect(sizes[Math.floor(sizes.length * 0.9)]).toBeLessThanOrEqual(300);
  });

  it('names files in kebab-case', () => {
    const named = files.filter((file) => /^(main|preload|renderer|test|bench|scripts|vm)\//.test(file) && /\.(ts|tsx|mjs|css)$/.test(file));
    expect(named.filter((file) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*$/.test(basename(file)))).toEqual([]);
  });

  it('begins each module of the product with what it owns', () => {
    const bare = product.filter((file) => /\.tsx?$/.test(file) && !file.endsWith('.d.ts') && !/^(\/\/|\/\*)/.test(read(file)));
    expect(bare).toEqual([]);
  });

  it('puts no HTML from data into the page', () => {
    const doors = /dangerouslySetInnerHTML|\.innerHTML\s*=|\.outerHTML\s*=|insertAdjacentHTML|document\.write\(/;
    expect(product.filter((file) => doors.test(read(file)))).toEqual([]);
  });

  it('holds nothing of the machine that it was written on', () => {
    const foreign = files.filter((file) => /\.(ts|tsx|mjs|cjs|js|json|yml|md|sh)$/.test(file) && file !== 'test/arch/source.test.ts');
    const traces = /\/tmp\/w\/|\/work\/(main|shared)/;
    expect(foreign.filter((file) => traces.test(read(file)))).toEqual([]);
  });
});
