// Where the window was, and where it may be again: a place that is on no display any more is forgotten, its size is not.
// Pure but for the file; knows nothing of Electron.
import { z } from 'zod';
import { readJsonOr, writeJson } from '../lib/atomic-file';

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const windowStateSchema = z.object({
  bounds: z.object({ x: z.int(), y: z.int(), width: z.int().min(1), height: z.int().min(1) }),
  maximized: z.boolean(),
});
export type WindowState = z.output<typeof windowStateSchema>;

export const smallest = { width: 880, height: 560 } as const;
const usual = { width: 1280, height: 820 } as const;
/** So much of the title bar must be on a display to be caught with a mouse. */
const graspable = { width: 120, height: 40 } as const;

/** What BrowserWindow takes: without x and y the system chooses the place. */
export type Placement = { readonly width: number; readonly height: number } & Partial<Pick<Rectangle, 'x' | 'y'>>;

export function place(saved: WindowState | undefined, workAreas: readonly Rectangle[]): Placement {
  const largest = {
    width: Math.max(...workAreas.map((area) => area.width), smallest.width),
    height: Math.max(...workAreas.map((area) => area.height), smallest.height),
  };
  const asked = saved?.bounds ?? usual;
  const size = {
    width: Math.min(Math.max(asked.width, smallest.width), largest.width),
    height: Math.min(Math.max(asked.height, smallest.height), largest.height),
  };
  if (saved === undefined) {
    return size;
  }
  const { x, y } = saved.bounds;
  const caught = workAreas.some((area) => {
    const width = Math.min(x + size.width, area.x + area.width) - Math.max(x, area.x);
    return width >= graspable.width && y >= area.y && y + graspable.height <= area.y + area.height;
  });
  return caught ? { ...size, x, y } : size;
}

export function readWindowState(path: string): Promise<WindowState | undefined> {
  return readJsonOr<WindowState | undefined>(path, (value) => windowStateSchema.parse(value), undefined);
}

export function writeWindowState(path: string, state: WindowState): Promise<void> {
  return writeJson(path, state);
}
