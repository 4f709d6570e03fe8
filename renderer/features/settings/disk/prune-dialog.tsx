// What a prune deletes is chosen here, with its figure; volumes are never among it.
import { Checkbox, SegmentedControl } from '@mantine/core';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { EngineUsage } from '../../../../preload/contract';
import { useFormat } from '../../../format';
import { RemoveDialog } from '../../../ui/remove-dialog';
import css from './disk.module.css';
import { prunedBytes } from './model';
import type { PruneChoice } from './model';

interface PruneDialogProps {
  readonly usage: EngineUsage;
  readonly onPrune: (choice: PruneChoice) => void;
  readonly onClose: () => void;
}

const IMAGES = ['none', 'dangling', 'unused'] as const;
const LABEL = { none: 'pruneImagesNone', dangling: 'pruneImagesDangling', unused: 'pruneImagesUnused' } as const;

export function PruneDialog({ usage, onPrune, onClose }: PruneDialogProps): ReactNode {
  const { t } = useTranslation('disk');
  const format = useFormat();
  const [choice, setChoice] = useState<PruneChoice>({ containers: false, images: 'dangling', buildCache: true });
  const nothing = !choice.containers && choice.images === 'none' && !choice.buildCache;
  const goes = [
    ...(choice.containers ? [t('pruneContainers')] : []),
    ...(choice.images === 'none' ? [] : [`${t('pruneImages')}: ${t(LABEL[choice.images])}`]),
    ...(choice.buildCache ? [t('pruneBuildCache')] : []),
  ];
  return (
    <RemoveDialog
      title={t('pruneTitle')}
      goes={nothing ? t('pruneNothing') : goes.join(' · ')}
      stays={t('pruneStays')}
      confirm={t('pruneDo', { bytes: format.memory(prunedBytes(usage, choice)) })}
      blocked={nothing ? t('pruneNothing') : undefined}
      onConfirm={() => onPrune(choice)}
      onClose={onClose}
    >
      <div className={css['choices']}>
        <div className={css['choice']}>
          <span>
            {t('pruneImages')} <i>{format.memory(prunedBytes(usage, { containers: false, images: choice.images, buildCache: false }))}</i>
          </span>
          <SegmentedControl
            aria-label={t('pruneImages')}
            value={choice.images}
            onChange={(value) => setChoice({ ...choice, images: IMAGES.find((name) => name === value) ?? 'none' })}
            data={IMAGES.map((value) => ({ value, label: t(LABEL[value]) }))}
          />
        </div>
        <Choice
          label={t('pruneBuildCache')}
          bytes={usage.buildCache.prunableBytes}
          checked={choice.buildCache}
          onChange={(buildCache) => setChoice({ ...choice, buildCache })}
        />
        <Choice
          label={t('pruneContainers')}
          bytes={usage.containers.prunableBytes}
          checked={choice.containers}
          onChange={(containers) => setChoice({ ...choice, containers })}
        />
      </div>
    </RemoveDialog>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly bytes: number;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
}

function Choice({ label, bytes, checked, onChange }: ChoiceProps): ReactNode {
  const format = useFormat();
  return (
    <div className={css['choice']}>
      <Checkbox size="xs" label={label} checked={checked} onChange={(event) => onChange(event.currentTarget.checked)} />
      <i>{format.memory(bytes)}</i>
    </div>
  );
}
