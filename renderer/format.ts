// Figures and times in words of the window's language: sizes, seconds, ages, moments. Pure; the hook binds them to the language.
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';

export interface Format {
  /** Of files and images: powers of 1000, as docker shows them. */
  readonly bytes: (n: number) => string;
  /** Of memory: powers of 1024. */
  readonly memory: (n: number) => string;
  readonly rate: (bytesPerSecond: number) => string;
  /** 0.82 s, 14.2 s, 130 s. */
  readonly seconds: (n: number) => string;
  /** The largest unit only: 41 min, 3 h, 12 d. */
  readonly age: (milliseconds: number) => string;
  /** 09:12, or with the day when it was not today. */
  readonly moment: (at: number, now?: number) => string;
  /** 09:12:07. */
  readonly clock: (at: number) => string;
  readonly percent: (ratio: number) => string;
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

export function scaleBytes(n: number, base: 1000 | 1024): { readonly value: number; readonly unit: string } {
  let value = n;
  let index = 0;
  while (value >= base - 0.5 && index < UNITS.length - 1) {
    value /= base;
    index += 1;
  }
  return { value, unit: UNITS[index] ?? 'B' };
}

/** Three figures are enough for a size and for a time. */
export function digitsFor(value: number, least: number): number {
  return value >= 100 ? 0 : value >= 10 ? Math.min(1, least) : least;
}

export function createFormat(language: string, unit: (key: 'second' | 'minute' | 'hour' | 'day', value: string) => string): Format {
  const number = (value: number, digits: number): string =>
    value.toLocaleString(language, { maximumFractionDigits: digits, minimumFractionDigits: 0 });
  const size = (n: number, base: 1000 | 1024): string => {
    const { value, unit: name } = scaleBytes(n, base);
    return `${number(value, name === 'B' || name === 'kB' ? 0 : digitsFor(value, 1))} ${name}`;
  };
  const time = (at: number, options: Intl.DateTimeFormatOptions): string =>
    new Date(at).toLocaleString(language, { hourCycle: 'h23', ...options });
  return {
    bytes: (n) => size(n, 1000),
    memory: (n) => size(n, 1024),
    rate: (n) => `${size(n, 1000)}/s`,
    seconds: (n) =>
      unit('second', n.toLocaleString(language, { minimumFractionDigits: digitsFor(n, 2), maximumFractionDigits: digitsFor(n, 2) })),
    age(milliseconds) {
      const seconds = Math.max(0, Math.floor(milliseconds / 1000));
      if (seconds < 60) {
        return unit('second', number(seconds, 0));
      }
      if (seconds < 3600) {
        return unit('minute', number(Math.floor(seconds / 60), 0));
      }
      return seconds < 86_400 ? unit('hour', number(Math.floor(seconds / 3600), 0)) : unit('day', number(Math.floor(seconds / 86_400), 0));
    },
    moment(at, now = Date.now()) {
      const sameDay = new Date(at).toDateString() === new Date(now).toDateString();
      return time(
        at,
        sameDay ? { hour: '2-digit', minute: '2-digit' } : { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' },
      );
    },
    clock: (at) => time(at, { hour: '2-digit', minute: '2-digit', second: '2-digit' }),
    percent: (ratio) => ratio.toLocaleString(language, { style: 'percent', maximumFractionDigits: 0 }),
  };
}

export function useFormat(): Format {
  const { t, i18n } = useTranslation('common');
  return useMemo(() => createFormat(i18n.language, (key, value) => t(`unit.${key}`, { value })), [t, i18n.language]);
}
