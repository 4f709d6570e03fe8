// What a change costs, in one sentence: nothing stops, the engine restarts, containers stop or images are hidden.
import { useTranslation } from 'react-i18next';
import type { ConfigCheck } from '../../../../preload/contract';
import { useFormat } from '../../../format';
import { useStore } from '../../../state/context';

export function useCostWords(): (check: Pick<ConfigCheck, 'class' | 'effects'>) => string {
  const { t } = useTranslation('engine-settings');
  const format = useFormat();
  const off = useStore((s) => s.vm.status?.state !== 'running');
  const running = useStore((s) => s.engine.containerIds.filter((id) => s.engine.containers[id]?.state === 'running').length);
  return ({ class: cost, effects }) => {
    if (off) {
      return t('class.atStart');
    }
    if (cost !== 'disruptive') {
      return cost === 'restart' ? t('class.restart', { count: running }) : t(`class.${cost}`);
    }
    const { stops, hidesImages, hidesBytes } = effects;
    return [
      t('class.disruptive'),
      ...(stops.length > 0 ? [t('class.stops', { count: stops.length })] : []),
      ...(hidesImages > 0 ? [t('class.hides', { count: hidesImages, size: format.bytes(hidesBytes) })] : []),
      ...(stops.length + hidesImages === 0 ? [t('class.nothing')] : []),
    ].join(t('class.join'));
  };
}
