// Lines over time on a canvas (uPlot, the one made for many points at little cost). Plots with one `sync` share their crosshair. What it shows is
// for eyes only: who uses it gives the same figures as words.
import { useEffect, useEffectEvent, useRef } from 'react';
import type { ReactNode } from 'react';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { onThemeChange } from './on-theme-change';
import css from './plot.module.css';

export interface PlotLine {
  /** Of the tokens: `s1` to `s6`. */
  readonly colour: 's1' | 's2';
  readonly filled: boolean;
  /** One a place; null = nobody knows, which is a gap. */
  readonly values: readonly (number | null)[];
}

interface PlotProps {
  /** Milliseconds since the epoch, at equal distances; the first and the last are the plot's edges. */
  readonly times: readonly number[];
  /** As many as at first; drawn again when it is another array. */
  readonly lines: readonly PlotLine[];
  /** The upper edge; the lower is 0. */
  readonly max: number;
  readonly sync: string;
  /** The place under the pointer. */
  readonly onPlace: (place: number | undefined) => void;
}

export function Plot({ times, lines, max, sync, onPlace }: PlotProps): ReactNode {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot>(undefined);
  const data = useEffectEvent((): UPlot.AlignedData => [[...times], ...lines.map(({ values }) => [...values])]);
  const drawnLines = useEffectEvent(() => lines);
  const top = useEffectEvent(() => max);
  const place = useEffectEvent((at: number | undefined) => onPlace(at));

  useEffect(() => {
    const element = holder.current;
    if (!element) {
      return undefined;
    }
    const style = getComputedStyle(element);
    const token = (name: string) => () => style.getPropertyValue(`--b-${name}`).trim();
    const drawn = new UPlot(
      {
        width: element.clientWidth,
        height: element.clientHeight,
        padding: [2, 0, 0, 0],
        legend: { show: false },
        cursor: { y: false, sync: { key: sync }, drag: { x: false, y: false }, points: { size: 6 } },
        scales: { x: { time: false }, y: { range: () => [0, top()] } },
        axes: [{ show: false }, { show: false }],
        series: [
          {},
          ...drawnLines().map(({ colour, filled }) => ({
            stroke: token(colour),
            width: 1.5,
            ...(filled ? { fill: token(`${colour}-soft`) } : {}),
            points: { show: true, size: 4, fill: token(colour), filter: alone },
          })),
        ],
        hooks: { setCursor: [({ cursor: { idx } }) => place(idx ?? undefined)] },
      },
      data(),
      element,
    );
    plot.current = drawn;
    const sizes = new ResizeObserver(() => drawn.setSize({ width: element.clientWidth, height: element.clientHeight }));
    sizes.observe(element);
    const endThemes = onThemeChange(() => drawn.redraw(false));
    return () => {
      endThemes();
      sizes.disconnect();
      drawn.destroy();
    };
  }, [sync]);

  useEffect(() => plot.current?.setData(data()), [times, lines, max]);
  return <div ref={holder} className={css['plot']} aria-hidden />;
}

/** Places between two gaps, of which no line is drawn. */
function alone({ data }: UPlot, series: number): number[] {
  const values = data[series] ?? [];
  const isGap = (place: number): boolean => typeof values[place] !== 'number';
  return [...values.keys()].filter((place) => !isGap(place) && isGap(place - 1) && isGap(place + 1));
}
