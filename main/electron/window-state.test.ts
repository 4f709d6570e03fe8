import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { place, readWindowState, smallest, writeWindowState } from './window-state';

const display = { x: 0, y: 0, width: 1920, height: 1080 };
const left = { x: -1280, y: 0, width: 1280, height: 1024 };
const at = (x: number, y: number, width = 1000, height = 700) => ({ bounds: { x, y, width, height }, maximized: false });

describe('the place of the window', () => {
  it('comes back where it was', () => {
    expect(place(at(100, 80), [display])).toEqual({ x: 100, y: 80, width: 1000, height: 700 });
    expect(place(at(-900, 20), [display, left])).toMatchObject({ x: -900, y: 20 });
  });

  it('keeps the size and forgets a place that no display shows', () => {
    expect(place(at(-900, 20), [display])).toEqual({ width: 1000, height: 700 });
    expect(place(at(5000, 20), [display])).toEqual({ width: 1000, height: 700 });
    expect(place(at(100, -600), [display])).toEqual({ width: 1000, height: 700 });
    expect(place(at(100, 1079), [display])).toEqual({ width: 1000, height: 700 });
  });

  it('is never smaller than the window can be nor larger than a display', () => {
    expect(place(at(0, 0, 10, 10), [display])).toMatchObject(smallest);
    expect(place(at(0, 0, 9000, 9000), [display])).toMatchObject({ width: 1920, height: 1080 });
  });

  it('leaves the place to the system at the first start', () => {
    expect(place(undefined, [display])).toEqual({ width: 1280, height: 820 });
  });
});

describe('its file', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'window-state-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is read as it was written', async () => {
    const path = join(folder, 'a', 'window.json');
    await writeWindowState(path, at(1, 2));
    expect(await readWindowState(path)).toEqual(at(1, 2));
  });

  it.each(['', '{', '[]', '{"bounds":{"x":"1"}}', '{"bounds":{"x":0,"y":0,"width":-5,"height":1},"maximized":false}'])(
    'counts as absent when it says %j',
    async (text) => {
      const path = join(folder, 'window.json');
      await writeFile(path, text);
      expect(await readWindowState(path)).toBeUndefined();
    },
  );
});
