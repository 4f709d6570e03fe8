// A key's words: its name, what it does, its default and what a change of it costs. Texts are in locale `daemon`, made with the table.
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { daemonKey } from '../../../../preload/contract';
import { fieldAt } from './completion';
import type { Path } from './text-edit';

export interface KeyWords {
  readonly title: string;
  readonly text: string;
  readonly default: string;
  readonly cost: string;
}

export function useKeyWords(): (path: Path) => KeyWords {
  const { t, i18n } = useTranslation(['engine-settings', 'daemon']);
  return useCallback(
    (path) => {
      const [top = '', ...below] = path.map(String);
      const own = daemonKey(top);
      const at = below.length === 0 ? `daemon:keys.${top}` : `daemon:fields.${top}.${below.at(-1) ?? ''}`;
      const known = i18n.exists(`${at}.label`);
      const value = fieldAt(path)?.default;
      return {
        title: known ? t(`${at}.label`) : (below.at(-1) ?? top),
        text: known ? t(`${at}.text`) : '',
        default:
          value === undefined || typeof value === 'object'
            ? ''
            : t('field.default', { value: JSON.stringify(value).replace(/^"|"$/g, '') }),
        cost: own === undefined ? '' : t(`cost.${own.apply}`),
      };
    },
    [t, i18n],
  );
}
