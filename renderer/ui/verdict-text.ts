// Why an accelerator works or does not, in words; a reason that this window does not know is shown as its key, never hidden.
import { useTranslation } from 'react-i18next';
import type { AcceleratorVerdict } from '../../preload/contract';

export function useVerdictText(): (verdict: AcceleratorVerdict) => string {
  const { t, i18n } = useTranslation('vm');
  return ({ reason }) =>
    i18n.exists(`vm:accelerator.reason.${reason.key}`) ? t(`accelerator.reason.${reason.key}`, { ...reason.params }) : reason.key;
}
