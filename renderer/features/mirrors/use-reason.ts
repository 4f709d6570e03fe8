// Why a mirror stands where it does, in words.
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import type { MirrorProposal } from '../../../preload/contract';

export function useReason(): (reason: MirrorProposal['reason']) => string {
  const { t } = useTranslation('mirrors');
  return useCallback(({ key, params }) => t(`reason.${key}`, params), [t]);
}
