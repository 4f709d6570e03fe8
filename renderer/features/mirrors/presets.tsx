// Public mirrors that are known, as data: who runs them, for whom, how they stand and since when that is known; closed ones last, so that nobody tries them.
import { Button } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { MirrorPreset, MirrorsState } from '../../../preload/contract';
import { ErrorNotice } from '../../ui/error-notice';
import { hostOf, isPreset, useTextOf } from './names';
import css from './dialogs.module.css';
import { PersonalDialog, PresetFileDialog } from './preset-dialogs';
import type { Items } from './draft';
import type { ReactNode } from 'react';

interface PresetsProps {
  readonly known: MirrorsState;
  readonly items: Items;
  readonly onAdd: (url: string, name: string) => void;
}

export function Presets({ known, items, onAdd }: PresetsProps): ReactNode {
  const { t } = useTranslation('mirrors');
  const [personal, setPersonal] = useState<MirrorPreset>();
  const [choosing, setChoosing] = useState(false);
  const textOf = useTextOf();
  const { presets, presetSource, presetError } = known;
  const usable = presets.filter(({ state }) => state !== 'closed');
  const closed = presets.filter(({ state }) => state === 'closed');
  return (
    <>
      <div className="sec">
        <h2>{t('presets.title')}</h2>
      </div>
      {presetError === undefined ? null : <ErrorNotice error={presetError} level="warn" />}
      <ul className={css['pre']}>
        {usable.map((preset) => (
          <Preset
            key={preset.id}
            preset={preset}
            added={items.some(({ url }) => isPreset(preset, url))}
            onAdd={() => (preset.personal ? setPersonal(preset) : onAdd(preset.url, textOf(preset.name)))}
            onHelp={() => setPersonal(preset)}
          />
        ))}
      </ul>
      {closed.length === 0 ? null : (
        <>
          <div className="sec" style={{ marginTop: 18 }}>
            <h2>{t('presets.closed')}</h2>
          </div>
          <ul className={css['pre']}>
            {closed.map((preset) => (
              <li key={preset.id} className={css['closed']} title={textOf(preset.audience)}>
                <s>
                  {textOf(preset.name)} <span>{hostOf(preset.url)}</span>
                </s>
              </li>
            ))}
          </ul>
        </>
      )}
      <p className={css['aside']}>{t('presets.hubOnly')}</p>
      <p className={css['aside']}>
        {presetSource === 'built-in' ? t('presets.builtIn') : t('presets.file', { path: presetSource })}{' '}
        <button type="button" className="link" onClick={() => setChoosing(true)}>
          {t('presets.choose')}
        </button>
      </p>
      {personal === undefined ? null : (
        <PersonalDialog
          preset={personal}
          items={items}
          onClose={() => setPersonal(undefined)}
          onDone={(url) => {
            setPersonal(undefined);
            onAdd(url, textOf(personal.name));
          }}
        />
      )}
      {choosing ? <PresetFileDialog source={presetSource} onClose={() => setChoosing(false)} /> : null}
    </>
  );
}

interface PresetProps {
  readonly preset: MirrorPreset;
  readonly added: boolean;
  readonly onAdd: () => void;
  readonly onHelp: () => void;
}

function Preset({ preset, added, onAdd, onHelp }: PresetProps): ReactNode {
  const { t } = useTranslation('mirrors');
  const textOf = useTextOf();
  const { name, operator, audience, state, personal, checked } = preset;
  return (
    <li>
      <b className="med" title={t('presets.operator', { operator })}>
        {textOf(name)}
      </b>
      <p className={css['who']} title={textOf(audience)}>
        {textOf(audience)}
      </p>
      <p>
        {t('presets.meta', { state, date: checked.slice(0, 7) })}
        {personal ? (
          <>
            {' '}
            <button type="button" className="link" onClick={onHelp}>
              {t('presets.find')}
            </button>
          </>
        ) : null}
      </p>
      {added ? (
        <span className="badge run">{t('presets.added')}</span>
      ) : (
        <Button size="compact-xs" aria-label={t('presets.addOf', { name: textOf(name) })} onClick={onAdd}>
          {t('presets.add')}
        </Button>
      )}
    </li>
  );
}
