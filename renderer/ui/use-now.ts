// The clock for figures that grow while one looks. Ticks only while asked to, and never in a hidden window.
import { useEffect, useState } from 'react';

/** `every` in milliseconds; undefined = stand still. */
export function useNow(every: number | undefined): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (every === undefined) {
      return;
    }
    const tick = (): void => {
      if (!document.hidden) {
        setNow(Date.now());
      }
    };
    const timer = setInterval(tick, every);
    const first = setTimeout(tick, 0);
    return () => {
      clearInterval(timer);
      clearTimeout(first);
    };
  }, [every]);
  return now;
}
