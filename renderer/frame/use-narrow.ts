// Whether the window is narrow enough for the rail; the same limit as in the style sheets.
import { useMediaQuery } from '@mantine/hooks';

export function useNarrow(): boolean {
  return useMediaQuery('(max-width: 1040px)', false, { getInitialValueInEffect: false });
}
