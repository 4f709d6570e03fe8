// Figures of costs as words.
import { useTranslation } from 'react-i18next';
import type { CostFigures } from '../../../preload/contract';
import { useFormat } from '../../format';

type Figure = 'memory' | 'cpu' | 'written' | 'wakeups';

/** What this system does not tell is said, and is no 0. */
export function useFigures(): Readonly<Record<Figure, (value: CostFigures[keyof CostFigures]) => string>> {
  const { t } = useTranslation('cost');
  const format = useFormat();
  const known =
    (words: (value: number) => string) =>
    (value: number | undefined): string =>
      value === undefined ? '–' : words(value);
  return {
    memory: known(format.memory),
    written: known(format.bytes),
    cpu: known((ratio) => t('percent', { ratio })),
    wakeups: known((count) => t('perSecond', { count })),
  };
}
