// Volumes that have a name and no container: a user's data, so none is chosen for him, each is by its name, and a word is typed in the end.
import { Checkbox, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { VolumeUsage } from '../../../preload/contract';
import { useFormat } from '../../format';
import css from './disk.module.css';
import { totalBytes } from './model';

interface NamedVolumesProps {
  readonly volumes: readonly VolumeUsage[];
  readonly names: readonly string[];
  readonly onChange: (names: readonly string[]) => void;
}

export function NamedVolumes({ volumes, names, onChange }: NamedVolumesProps): ReactNode {
  const { t } = useTranslation('disk');
  const format = useFormat();
  const [open, setOpen] = useState(false);
  if (volumes.length === 0) {
    return null;
  }
  return (
    <div className={css['named']}>
      <div className={css['choice']}>
        <Checkbox
          size="xs"
          label={t('pruneNamed', { count: volumes.length })}
          description={t('pruneNamedText')}
          checked={open}
          onChange={({ currentTarget: { checked } }) => {
            setOpen(checked);
            onChange([]);
          }}
        />
        <i>{format.memory(totalBytes(volumes))}</i>
      </div>
      {open ? (
        <ul aria-label={t('pruneNamed', { count: volumes.length })}>
          {volumes.map(({ name, bytes }) => (
            <li key={name} className={css['choice']}>
              <Checkbox
                size="xs"
                label={name}
                checked={names.includes(name)}
                onChange={({ currentTarget: { checked } }) => onChange(checked ? [...names, name] : names.filter((each) => each !== name))}
              />
              <i>{format.memory(bytes)}</i>
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}

interface TypedWordProps {
  readonly word: string;
  readonly typed: string;
  readonly onType: (typed: string) => void;
}

export function TypedWord({ word, typed, onType }: TypedWordProps): ReactNode {
  const { t } = useTranslation('disk');
  return (
    <TextInput
      label={t('pruneType', { word })}
      value={typed}
      spellCheck={false}
      autoComplete="off"
      onChange={(event) => onType(event.currentTarget.value)}
    />
  );
}
