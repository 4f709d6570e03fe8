// One section: its fields from the table, its parts of their own, the rarer keys behind "more".
import { IconBraces } from '@tabler/icons-react';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { IconButton } from '../../../ui/icon-button';
import { StateMark } from '../../../ui/state-mark';
import { useEngineForm } from './engine-form';
import css from './engine.module.css';
import fieldCss from './field.module.css';
import { KeyField } from './key-field';
import { furtherKeys, strayKeys } from './section-list';
import type { EngineSection } from './section-list';

interface SectionFormProps {
  readonly section: EngineSection;
  /** The JSON cannot be read, so the forms wait. */
  readonly unreadable: boolean;
  readonly onJson: () => void;
}

export function SectionForm({ section, unreadable, onJson }: SectionFormProps): ReactNode {
  const { t } = useTranslation('engine-settings');
  const { values, problems } = useEngineForm();
  const [more, setMore] = useState(false);
  const further = furtherKeys(section);
  const shown = further.filter((name) => more || Object.hasOwn(values, name));
  const stray = section.id === 'other' ? strayKeys(Object.keys(values)) : [];
  const broken = problems.find(({ severity }) => severity === 'error');
  return (
    <>
      <header className={css['formhead']}>
        <h2>{t(`section.${section.id}`)}</h2>
        <span className={css['narrowonly']}>
          <IconButton icon={IconBraces} label={t('json.open')} onClick={onJson} />
        </span>
      </header>
      {unreadable ? (
        <div className="note bad" role="status">
          <StateMark kind="fail" />
          <div className="title">
            {broken?.place === undefined
              ? t('unreadable.title')
              : t('unreadable.titleAt', { line: broken.place.line, column: broken.place.column })}
          </div>
          <p>{t('unreadable.text')}</p>
        </div>
      ) : null}
      {section.parts.map((part) => {
        if (typeof part === 'string') {
          return <KeyField key={part} path={[part]} />;
        }
        const Part = part;
        return <Part key={Part.name} />;
      })}
      {[...shown, ...stray].map((name) => (
        <KeyField key={name} path={[name]} />
      ))}
      {further.length > shown.length ? (
        <button type="button" className={`link s ${fieldCss['morelink']}`} onClick={() => setMore(true)}>
          {t('more', { count: further.length - shown.length })}
        </button>
      ) : null}
    </>
  );
}
