// Which of its two stores the engine keeps images in. The other one's are hidden meanwhile, never deleted: that is said before and after the choice.
import { Radio } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../../format';
import { StateMark } from '../../../ui/state-mark';
import { useEngineForm, useField } from './engine-form';
import css from './field.module.css';
import { KeyName, Problems } from './field-frame';
import type { Path } from './text-edit';
import { useKeyWords } from './use-key-words';

const path: Path = ['features', 'containerd-snapshotter'];

export function ImageStore(): ReactNode {
  const { t } = useTranslation('engine-settings');
  const format = useFormat();
  const words = useKeyWords()(path);
  const { checked } = useEngineForm();
  const { value, changed, locked, problems, set } = useField(path, false);
  const hides = checked?.effects;
  return (
    <div className={css['field']} data-key={path.join('.')}>
      <Radio.Group
        value={value === true ? 'containerd' : 'classic'}
        onChange={(next) => set(next === 'containerd')}
        label={
          <>
            {t('store.title')} <KeyName path={path} />
            <span className={css['cost']}>{t('cost.disruptive')}</span>
          </>
        }
      >
        <div className={css['choices']}>
          <Radio size="xs" value="classic" disabled={locked} label={t('store.classic')} description={t('store.classicText')} />
          <Radio size="xs" value="containerd" disabled={locked} label={t('store.containerd')} description={t('store.containerdText')} />
        </div>
      </Radio.Group>
      <Problems problems={problems} path={['features']} />
      {changed ? (
        <p className="wrong warn" role="status">
          <StateMark kind="warn" />
          <span>
            {hides === undefined || hides.hidesImages + hides.hidesContainers === 0
              ? t('store.hidesNothing')
              : t('store.hides', {
                  images: hides.hidesImages,
                  containers: hides.hidesContainers,
                  size: format.bytes(hides.hidesBytes),
                })}
            {t('field.join')}
            {t('store.wayBack')}
          </span>
        </p>
      ) : null}
      <p className="hint">{words.text}</p>
    </div>
  );
}
