// Options of the chosen logging driver; other drivers take others, so what a change of the driver leaves behind is named.
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { logOptions } from '../../../../preload/contract';
import { useEngineForm, useField } from './engine-form';
import css from './field.module.css';
import { Problems } from './field-frame';
import { KeyField } from './key-field';
import { setAt } from './text-edit';
import { useKeyWords } from './use-key-words';

/** What most who come here want, in this order. */
const FIRST = ['max-size', 'max-file', 'compress', 'mode', 'max-buffer-size'];

export function LogOptions(): ReactNode {
  const { t } = useTranslation('engine-settings');
  const { text, values, write } = useEngineForm();
  const { value, locked, problems } = useField(['log-opts'], {});
  const words = useKeyWords()(['log-opts']);
  const [all, setAll] = useState(false);
  const driver = typeof values['log-driver'] === 'string' ? values['log-driver'] : 'json-file';
  const present = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  const known = logOptions[driver] ?? present;
  const foreign = present.filter((name) => !known.includes(name));
  const order = (name: string): number => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  const sorted = [...known].sort((a, b) => order(a) - order(b));
  const shown = sorted.filter((name) => all || FIRST.includes(name) || present.includes(name));
  const dropForeign = (): void =>
    write(
      foreign.reduce((at, name) => setAt(at, ['log-opts', name], undefined), text),
      'form',
    );
  return (
    <div className={css['nested']} role="group" aria-label={words.title} data-key="log-opts">
      <div className={css['label']}>
        {words.title} <code className="t3">log-opts</code>
        <span className={css['cost']}>{words.cost}</span>
      </div>
      <p className="hint">{known.length === 0 ? t('log.noOptions', { driver }) : t('log.optionsOf', { driver })}</p>
      <Problems problems={problems.filter(({ path }) => path.length < 2 || foreign.includes(String(path[1])))} path={['log-opts']} />
      {foreign.length === 0 ? null : (
        <p className="wrong warn">
          <span>
            {t('log.foreign', { driver, names: foreign.join(', '), count: foreign.length })}
            {t('field.join')}
            <button type="button" className="link" disabled={locked} onClick={dropForeign}>
              {t('log.dropForeign')}
            </button>
          </span>
        </p>
      )}
      {shown.map((name) => (
        <KeyField key={name} path={['log-opts', name]} />
      ))}
      {shown.length === sorted.length ? null : (
        <button type="button" className={`link s ${css['morelink']}`} onClick={() => setAll(true)}>
          {t('log.more', { count: sorted.length - shown.length })}
        </button>
      )}
    </div>
  );
}
