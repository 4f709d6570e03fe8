// What a prune deletes is chosen here, with its figure. Volumes are not among it at first: anonymous ones are one more choice, as for
// `docker volume prune`; each named one is chosen by its name, and then a word is typed.
import { Checkbox, SegmentedControl } from '@mantine/core';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { EngineUsage } from '../../../preload/contract';
import { useFormat } from '../../format';
import { RemoveDialog, useNames } from '../../ui/remove-dialog';
import css from './disk.module.css';
import { prunedBytes, totalBytes, unusedVolumes } from './model';
import type { PruneChoice } from './model';
import { NamedVolumes, TypedWord } from './prune-volumes';

interface PruneDialogProps {
  readonly usage: EngineUsage;
  readonly onPrune: (choice: PruneChoice) => void;
  readonly onClose: () => void;
}

const IMAGES = ['none', 'dangling', 'unused'] as const;
const LABEL = { none: 'pruneImagesNone', dangling: 'pruneImagesDangling', unused: 'pruneImagesUnused' } as const;
const GOES = { dangling: 'pruneGoesDangling', unused: 'pruneGoesUnused' } as const;
const FIRST: Omit<PruneChoice, 'volumes'> = { containers: false, images: 'dangling', buildCache: true };

export function PruneDialog({ usage, onPrune, onClose }: PruneDialogProps): ReactNode {
  const { t } = useTranslation('disk');
  const format = useFormat();
  const namesOf = useNames();
  const [{ containers, images, buildCache }, setKinds] = useState(FIRST);
  const [withAnonymous, setWithAnonymous] = useState(false);
  const [names, setNames] = useState<readonly string[]>([]);
  const [typed, setTyped] = useState('');
  const { anonymous, named } = unusedVolumes(usage);
  const chosen = named.filter(({ name }) => names.includes(name));
  const volumes = [...(withAnonymous ? anonymous : []), ...chosen].map(({ name }) => name);
  const choice: PruneChoice = { containers, images, buildCache, volumes };
  const word = chosen.length === 1 ? (chosen[0]?.name ?? '') : 'volumes';
  const goes = [
    ...(containers ? [t('pruneContainers')] : []),
    ...(images === 'none' ? [] : [t(GOES[images])]),
    ...(buildCache ? [t('pruneBuildCache')] : []),
    ...(withAnonymous ? [t('pruneAnonymous', { count: anonymous.length })] : []),
    ...(chosen.length === 0 ? [] : [t('pruneVolumes', { names: namesOf(chosen) })]),
  ];
  const blocked = goes.length === 0 ? t('pruneNothing') : chosen.length > 0 && typed.trim() !== word ? t('pruneType', { word }) : undefined;
  return (
    <RemoveDialog
      title={t('pruneTitle')}
      goes={goes.length === 0 ? t('pruneNothing') : goes.map((line) => <div key={line}>{line}</div>)}
      stays={t(volumes.length === 0 ? 'pruneStays' : 'pruneStaysOthers')}
      confirm={t('pruneDo', { bytes: format.memory(prunedBytes(usage, choice)) })}
      blocked={blocked}
      onConfirm={() => onPrune(choice)}
      onClose={onClose}
    >
      <div className={`choices ${css['choices']}`}>
        <div className={css['choice']} data-control>
          <span>{t('pruneImages')}</span>
          <SegmentedControl
            aria-label={t('pruneImages')}
            value={images}
            onChange={(value) => setKinds({ ...choice, images: IMAGES.find((name) => name === value) ?? 'none' })}
            data={IMAGES.map((value) => ({ value, label: t(LABEL[value]) }))}
          />
          <i>{format.memory(prunedBytes(usage, { containers: false, images, buildCache: false, volumes: [] }))}</i>
        </div>
        <Choice
          label={t('pruneBuildCache')}
          bytes={usage.buildCache.prunableBytes}
          checked={buildCache}
          onChange={(on) => setKinds({ ...choice, buildCache: on })}
        />
        <Choice
          label={t('pruneContainers')}
          bytes={usage.containers.prunableBytes}
          checked={containers}
          onChange={(on) => setKinds({ ...choice, containers: on })}
        />
        <Choice
          label={t('pruneAnonymous', { count: anonymous.length })}
          text={t('pruneAnonymousText')}
          bytes={totalBytes(anonymous)}
          checked={withAnonymous}
          disabled={anonymous.length === 0}
          onChange={setWithAnonymous}
        />
        <NamedVolumes volumes={named} names={names} onChange={setNames} />
        {chosen.length === 0 ? null : <TypedWord word={word} typed={typed} onType={setTyped} />}
      </div>
    </RemoveDialog>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly text?: string;
  readonly bytes: number;
  readonly checked: boolean;
  readonly disabled?: boolean;
  readonly onChange: (checked: boolean) => void;
}

function Choice({ label, text, bytes, checked, disabled = false, onChange }: ChoiceProps): ReactNode {
  const format = useFormat();
  return (
    <div className={css['choice']}>
      <Checkbox
        size="xs"
        label={label}
        description={text}
        checked={checked}
        disabled={disabled}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <i>{format.memory(bytes)}</i>
    </div>
  );
}
