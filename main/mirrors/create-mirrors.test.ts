import { readFile, readdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { startMirrorBench } from '../../test/fakes/mirror-bench';
import type { MirrorBench } from '../../test/fakes/mirror-bench';
import { malformedEntries } from '../../test/fakes/mirror-entries';
import { context } from '../../test/fakes/streams';
import type { MirrorsState } from '../../preload/contract';

const A = 'https://a.example';
const B = 'https://b.example';
const C = 'https://c.example:5000';

let bench: MirrorBench;
afterEach(() => bench.dispose());

const rows = (state: MirrorsState): readonly string[] => state.mirrors.map(({ url, enabled }) => `${enabled ? '+' : '-'}${url}`);

describe('the list', () => {
  test('is kept, normalised, and put in force in its order', async () => {
    bench = await startMirrorBench();
    const task = await bench.apply([{ url: ' "B.example/", ', name: ' mine ', note: 'n' }, { url: A, enabled: false }, { url: C }]);
    expect(task).not.toBe('');
    const state = await bench.until(({ differs }) => !differs);
    expect(state.mirrors.map(({ url, name, note, enabled }) => [url, name, note, enabled])).toEqual([
      [B, 'mine', 'n', true],
      [A, '', '', false],
      [C, '', '', true],
    ]);
    expect(state.inForce?.urls).toEqual([B, C]);
    expect(bench.document.get()).toEqual({ 'registry-mirrors': [B, C] });
    expect(bench.origins).toEqual(['mirrors']);
  });

  test('is there again after a restart', async () => {
    bench = await startMirrorBench();
    await bench.apply([
      { url: A, name: 'one' },
      { url: B, enabled: false },
    ]);
    await bench.until(({ differs }) => !differs);
    const again = await bench.reopen();
    expect(rows(await again.state())).toEqual([`+${A}`, `-${B}`]);
    expect((await again.state()).mirrors[0]?.name).toBe('one');
    again.mirrors.dispose();
  });

  test('that somebody else changed meanwhile is a conflict, and nothing is kept', async () => {
    bench = await startMirrorBench();
    const { revision } = await bench.state();
    await bench.apply([{ url: A }]);
    const late = bench.mirrors.handlers['mirrors.apply'](
      { mirrors: [{ url: B, name: '', note: '', enabled: true }], revision, origin: 'cli' },
      context(),
    );
    await expect(late).rejects.toMatchObject({ code: 'mirrors.conflict' });
    expect(rows(await bench.state())).toEqual([`+${A}`]);
  });

  test('refuses each malformed entry with its field and code; file, list and engine stay as they were', async () => {
    bench = await startMirrorBench();
    await bench.apply([{ url: A }]);
    await bench.until(({ differs }) => !differs);
    const before = await readFile(bench.path, 'utf8');
    for (const [url, code] of malformedEntries) {
      await expect(bench.apply([{ url: B }, { url }]), url).rejects.toMatchObject({
        code: 'mirrors.invalid',
        params: { field: 'mirrors.1.url', detail: code },
      });
    }
    await expect(bench.apply([{ url: B }, { url: 'B.example.' }])).rejects.toMatchObject({
      params: { field: 'mirrors.1.url', detail: 'mirrors.duplicate' },
    });
    expect(await readFile(bench.path, 'utf8')).toBe(before);
    expect(bench.origins).toEqual(['mirrors']);
    expect(rows(await bench.state())).toEqual([`+${A}`]);
  });

  test('comes back as it was where the engine refused at once, and follows the engine where it was rolled back', async () => {
    bench = await startMirrorBench({ document: { 'registry-mirrors': [A] } });
    await bench.until(({ mirrors }) => mirrors.length === 1);
    bench.endNext('refused');
    await expect(bench.apply([{ url: B }])).rejects.toThrow('refused');
    expect(rows(await bench.state())).toEqual([`+${A}`]);
    bench.endNext('failed');
    await bench.apply([{ url: B }, { url: A, enabled: false }]);
    const state = await bench.until(({ mirrors }) => mirrors.some(({ url, enabled }) => url === A && enabled));
    expect(rows(state)).toEqual([`-${B}`, `+${A}`]);
    expect(state.differs).toBe(false);
  });

  test('follows a document that the editor or the command line changed, and loses nothing', async () => {
    bench = await startMirrorBench();
    await bench.apply([{ url: A, note: 'keep me' }, { url: B }, { url: C, enabled: false }]);
    await bench.until(({ differs }) => !differs);
    bench.document.set({ 'registry-mirrors': [`${C}/`, 'https://new.example', 'B.example'], debug: true });
    const state = await bench.until(({ mirrors }) => mirrors.length === 4);
    expect(rows(state)).toEqual([`-${A}`, `+${C}`, '+https://new.example', `+${B}`]);
    expect(state.mirrors[0]?.note).toBe('keep me');
    bench.document.set({ debug: true });
    expect(rows(await bench.until(({ mirrors }) => mirrors.every(({ enabled }) => !enabled)))).toEqual([
      `-${A}`,
      `-${C}`,
      '-https://new.example',
      `-${B}`,
    ]);
  });

  test('that cannot be read is kept aside, and made anew from the engine', async () => {
    bench = await startMirrorBench();
    await writeFile(bench.path, '{"format": 1, "mirrors": [{"ur');
    const again = await startMirrorBench({ folder: dirname(bench.path), document: { 'registry-mirrors': [A] } });
    expect(rows(await again.until(({ mirrors }) => mirrors.length > 0))).toEqual([`+${A}`]);
    expect(again.notices.map(({ code }) => code)).toEqual(['mirrors.corrupt']);
    const aside = (await readdir(dirname(bench.path))).find((name) => name.startsWith(`${basename(bench.path)}.corrupt-`));
    expect(await readFile(join(dirname(bench.path), aside ?? ''), 'utf8')).toBe('{"format": 1, "mirrors": [{"ur');
    again.mirrors.dispose();
  });

  test('one is switched off and stays', async () => {
    bench = await startMirrorBench();
    await bench.apply([{ url: A }, { url: B }]);
    await bench.mirrors.handlers['mirrors.switchOff']({ url: A }, context());
    expect(rows(await bench.until(({ inForce }) => inForce?.urls.length === 1))).toEqual([`-${A}`, `+${B}`]);
  });
});

describe('tests', () => {
  test('keep their result with the mirror, over a restart, without a conflict', async () => {
    bench = await startMirrorBench();
    await bench.apply([{ url: A }, { url: B }]);
    bench.verdicts.set(B, 'silent');
    const { revision } = await bench.state();
    for await (const item of bench.mirrors.handlers['mirrors.test']({ urls: ['A.example', B, 'direct'] }, context())) {
      expect(item.kind).toBe('result');
    }
    const state = await bench.until(({ mirrors }) => mirrors.every(({ lastTest }) => lastTest !== undefined));
    expect(state.mirrors.map(({ lastTest }) => [lastTest?.verdict, lastTest?.image])).toEqual([
      ['works', 'library/busybox'],
      ['silent', 'library/busybox'],
    ]);
    expect(state.revision).toBe(revision);
    const again = await bench.reopen();
    expect((await again.state()).mirrors[1]?.lastTest?.verdict).toBe('silent');
    again.mirrors.dispose();
  });

  test('take an image of Docker Hub only', async () => {
    bench = await startMirrorBench();
    const set = async (image: string): Promise<unknown> => bench.mirrors.handlers['mirrors.setTestImage']({ image }, context());
    await set('docker.io/nginx:1.29');
    expect((await bench.state()).testImage).toBe('library/nginx:1.29');
    for (const bad of ['ghcr.io/a/b', 'Nginx', 'a b', 'localhost:5000/x', 'x@sha256:1']) {
      await expect(set(bad), bad).rejects.toMatchObject({ code: 'engine.badReference' });
    }
  });
});

describe('presets', () => {
  test('warn of one that is closed, and refuse nobody', async () => {
    bench = await startMirrorBench();
    const check = (url: string): unknown => bench.mirrors.handlers['mirrors.check']({ url }, context());
    expect(check('hub-mirror.c.163.com')).toMatchObject({
      url: 'https://hub-mirror.c.163.com',
      warning: { code: 'mirrors.closed', params: { name: 'hub-mirror.c.163.com' } },
    });
    expect(check('docker.m.daocloud.io')).toEqual({ url: 'https://docker.m.daocloud.io' });
    expect(check('ftp://x.example')).toMatchObject({ url: 'ftp://x.example', error: { code: 'mirrors.badScheme' } });
  });

  test('come from a company’s file, read again when it changes; a bad one says where and changes nothing', async () => {
    bench = await startMirrorBench();
    const path = join(dirname(bench.path), 'company.json');
    const set = async (to: string | null): Promise<unknown> => bench.mirrors.handlers['mirrors.setPresetFile']({ path: to }, context());
    await expect(set(path)).rejects.toMatchObject({ code: 'mirrors.presetFile', params: { line: 1, column: 1 } });
    await writeFile(path, '{\n  "format": 1,\n  "presets": [\n    { "id": "own", "name": "Own", "url": "ftp://own.example" }\n  ]\n}\n');
    await expect(set(path)).rejects.toMatchObject({ code: 'mirrors.presetFile', params: { line: 4, column: 42 } });
    expect((await bench.state()).presetSource).toBe('built-in');
    const good = '{ "format": 1, "presets": [{ "id": "own", "name": "Own", "url": "own.example" }] }';
    await writeFile(path, good);
    await set(path);
    const state = await bench.state();
    expect(state.presets.map(({ url, name, proposable }) => [url, name['zh-CN'], proposable])).toEqual([
      ['https://own.example', 'Own', true],
    ]);
    expect(state.presetSource).toBe(path);
    await writeFile(path, good.slice(0, -1));
    expect((await bench.until(({ presetError }) => presetError !== undefined)).presets).toHaveLength(1);
    await writeFile(path, good.replace('own.example', 'other.example'));
    await bench.until(({ presets, presetError }) => presetError === undefined && presets[0]?.url === 'https://other.example');
    const again = await bench.reopen();
    expect((await again.state()).presetSource).toBe(path);
    await again.mirrors.handlers['mirrors.setPresetFile']({ path: null }, context());
    expect((await again.state()).presets.length).toBeGreaterThan(10);
    again.mirrors.dispose();
  });
});
