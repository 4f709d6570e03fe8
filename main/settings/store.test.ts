import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { settingsSchema } from '../../preload/contract';
import type { BerthError, VmLimits } from '../../preload/contract';
import { silentLogger } from '../lib/logger';
import { openSettings } from './store';
import type { SettingsStore } from './store';

const limits = { cpus: { min: 1, max: 8, default: 4 }, memoryBytes: { min: 1e9, max: 8e9, default: 4e9 }, accelerators: [] } as VmLimits;
let folder: string;
let path: string;
let notices: BerthError[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-settings-'));
  path = join(folder, 'settings.json');
  notices = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (): Promise<SettingsStore> =>
  openSettings({ path, log: silentLogger, notify: (_, error) => notices.push(error), limits: () => Promise.resolve(limits) });
const set = async (store: SettingsStore, patch: Parameters<SettingsStore['handlers']['settings.set']>[0]): Promise<void> => {
  await store.handlers['settings.set'](patch, { signal: new AbortController().signal });
};
const onDisk = (): Record<string, unknown> => JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
const aside = (): string[] => readdirSync(folder).filter((name) => name.includes('.corrupt-'));

describe('settings', () => {
  it('are the defaults without a file, and what is set is there after a restart', async () => {
    const store = await open();
    expect(store.settings.get()).toEqual({
      language: 'system',
      theme: 'system',
      vm: { cpus: null, memoryBytes: null, accelerator: 'auto', idleMinutes: 15, idleDespiteContainers: false },
      ports: { publish: 'loopback', tcp: 'relay' },
      host: { access: 'all', ports: [] },
      shares: { driver: 'auto', folders: null },
    });
    await set(store, { theme: 'dark', vm: { cpus: 4 } });
    await set(store, { language: 'zh-CN' });
    expect((await open()).settings.get()).toMatchObject({ theme: 'dark', language: 'zh-CN', vm: { cpus: 4 } });
    expect(notices).toEqual([]);
  });

  it('with a word of an earlier version are read without a complaint', async () => {
    writeFileSync(path, '{"format":1,"ports":{"tcp":"ssh"}}');
    expect((await open()).settings.get().ports.tcp).toBe('relay');
    expect(notices).toEqual([]);
  });

  it('keep keys that this version does not know', async () => {
    writeFileSync(path, '{"format":1,"future":{"a":[1]},"vm":{"cpus":2,"gpu":"yes"}}');
    await set(await open(), { theme: 'light', vm: { cpus: 3 } });
    expect(onDisk()).toMatchObject({ future: { a: [1] }, theme: 'light', vm: { cpus: 3, gpu: 'yes' } });
  });

  it.each(['', '{', '[]', 'null', '"x"', '\0\0\0\0', '{"theme":"dark"', 'x'.repeat(2_000_000)])(
    'that are no JSON object (%#) are kept aside, the last good ones hold',
    async (text) => {
      await set(await open(), { theme: 'dark' });
      writeFileSync(path, text);
      expect((await open()).settings.get().theme).toBe('dark');
      expect(notices.map(({ code }) => code)).toEqual(['settings.corrupt']);
      expect(aside()).toHaveLength(1);
      expect(readFileSync(join(folder, aside()[0]!), 'utf8')).toBe(text);
      expect(onDisk()['theme']).toBe('dark');
    },
  );

  it('of a newer version are refused untouched', async () => {
    const text = '{"format":99,"theme":{"new":"shape"}}';
    writeFileSync(path, text);
    const store = await open();
    expect(notices.map(({ code }) => code)).toEqual(['settings.newer']);
    await expect(set(store, { theme: 'dark' })).rejects.toMatchObject({ code: 'settings.newer' });
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it('with a wrong type in one field lose only that field, to its last good value', async () => {
    await set(await open(), { vm: { cpus: 6 }, theme: 'dark' });
    writeFileSync(path, '{"format":1,"theme":"light","language":7,"vm":{"cpus":"many","accelerator":"tcg"}}');
    const { settings } = await open();
    expect(settings.get()).toEqual(settingsSchema.parse({ theme: 'light', vm: { cpus: 6, accelerator: 'tcg' } }));
    expect(notices).toMatchObject([{ code: 'settings.invalid', params: { field: 'language', value: '7' } }]);
    expect(aside()).toHaveLength(1);
  });

  it.each([
    ['\uFEFF{"format":1,"theme":"dark"}', 'a byte order mark'],
    ['{\r\n "format": 1,\r\n "theme": "dark"\r\n}\r\n', 'CRLF'],
    ['{"theme":"dark"}', 'no format number'],
  ])('with %# are read', async (text) => {
    writeFileSync(path, text);
    expect((await open()).settings.get().theme).toBe('dark');
    expect(notices).toEqual([]);
  });

  it("outside the host's figures are refused whole, with the figures", async () => {
    const store = await open();
    await expect(set(store, { theme: 'dark', vm: { cpus: 99 } })).rejects.toMatchObject({
      code: 'settings.cpus',
      params: { asked: 99, min: 1, max: 8 },
    });
    await expect(set(store, { vm: { memoryBytes: 1 } })).rejects.toMatchObject({ code: 'settings.memory', params: { minBytes: 1e9 } });
    expect(store.settings.get().theme).toBe('system');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('set at once are all kept', async () => {
    const store = await open();
    await Promise.all([set(store, { theme: 'dark' }), set(store, { language: 'en' }), set(store, { vm: { cpus: 2 } })]);
    expect((await open()).settings.get()).toMatchObject({ theme: 'dark', language: 'en', vm: { cpus: 2 } });
  });

  it('cut short anywhere or with any bit turned never stop the start, and the original is kept', async () => {
    await set(await open(), { theme: 'dark', vm: { cpus: 4 } });
    const good = readFileSync(path);
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length), fc.option(fc.nat(good.length * 8 - 1)), async (cut, flip) => {
        const bytes = Buffer.from(flip === null ? good.subarray(0, cut) : good);
        if (flip !== null) {
          bytes[flip >> 3] = bytes[flip >> 3]! ^ (1 << (flip & 7));
        }
        writeFileSync(path, bytes);
        const before = aside().length;
        const { settings } = await open();
        expect(['system', 'dark', 'light']).toContain(settings.get().theme);
        const told = notices.splice(0).some(({ code }) => code !== 'settings.newer');
        expect(aside().length).toBeGreaterThanOrEqual(before);
        if (told) {
          expect(aside().map((name) => readFileSync(join(folder, name)).equals(bytes))).toContain(true);
        }
        rmSync(folder, { recursive: true });
        const { mkdirSync } = await import('node:fs');
        mkdirSync(folder);
        writeFileSync(path, good);
        writeFileSync(`${path}.last`, good);
      }),
      { numRuns: 150 },
    );
  });
});
