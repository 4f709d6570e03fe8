// Why a mirror stands where it does, in words.
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { MirrorProposal } from '../../../preload/contract';
import { useFormat } from '../../format';

export function useReason(): (reason: MirrorProposal['reason']) => string {
  const { t } = useTranslation('mirrors');
  const format = useFormat();
  return useMemo(
    () =>
      ({ key, params }) => {
        const words = Object.entries(params).map(([name, value]): [string, string | number] => [
          name,
          name === 'bytesPerSecond' && typeof value === 'number' ? format.rate(value) : value,
        ]);
        return t(`reason.${key}`, Object.fromEntries(words));
      },
    [t, format],
  );
}
