// What applying costs, before the button.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useStore } from '../../state/context';

export function RestartHint(): ReactNode {
  const { t } = useTranslation('trust');
  const running = useStore((s) => s.vm.status?.state === 'running');
  return <p className="hint">{t(running ? 'restarts' : 'atStart')}</p>;
}
