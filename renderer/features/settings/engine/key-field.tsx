// One key of the table as a field, by its type. Keys whose shape needs more have parts of their own.
import { Autocomplete, Select, Switch, TextInput } from '@mantine/core';
import { useId } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { DaemonField } from '../../../../preload/contract';
import { fieldAt } from './completion';
import { useEngineForm, useField } from './engine-form';
import css from './field.module.css';
import { FieldFrame, KeyName, mono, numberOr, Problems, valueWords } from './field-frame';
import { ListField } from './list-field';
import type { Path } from './text-edit';
import { useKeyWords } from './use-key-words';

/** Characters of an example that a narrow input shows. */
const SHORT = 8;

export function KeyField({ path, hint }: { readonly path: Path; readonly hint?: ReactNode }): ReactNode {
  const field = fieldAt(path);
  switch (field?.type) {
    case 'boolean':
      return <SwitchField path={path} field={field} hint={hint} />;
    case 'integer':
    case 'string':
      return <ValueField path={path} field={field} hint={hint} />;
    case 'strings':
      return <ListField path={path} example={exampleOf(field)} hint={hint} />;
    default:
      return <JsonOnlyField path={path} />;
  }
}

function SwitchField({ path, field, hint }: { readonly path: Path; readonly field: DaemonField; readonly hint: ReactNode }): ReactNode {
  const id = useId();
  const words = useKeyWords()(path);
  const { value, locked, problems, set } = useField(path, field.default ?? false);
  return (
    <div className={css['switch']} data-key={path.join('.')}>
      <Switch
        id={id}
        checked={(value ?? field.default ?? false) === true}
        disabled={locked}
        aria-describedby={`${id}-words`}
        onChange={(event) => set(event.currentTarget.checked)}
      />
      <div>
        <div className={css['switchlabel']}>
          <label htmlFor={id}>{words.title}</label> <KeyName path={path} />
          {path.length === 1 ? <span className={css['cost']}>{words.cost}</span> : null}
        </div>
        <div id={`${id}-words`}>
          <p className="hint">
            {words.text}
            {hint}
          </p>
          <Problems problems={problems} path={path} />
        </div>
      </div>
    </div>
  );
}

function ValueField({ path, field, hint }: { readonly path: Path; readonly field: DaemonField; readonly hint: ReactNode }): ReactNode {
  const { t } = useTranslation('engine-settings');
  const { value, saved, changed, locked, problems, wrong, set } = useField(path, field.default);
  const text = valueWords(value);
  const was = changed && saved !== undefined ? t('field.was', { value: valueWords(saved) }) : '';
  const write = (typed: string): void => set(typed === '' ? undefined : field.type === 'integer' ? numberOr(typed) : typed);
  const placeholder = valueWords(field.default);
  return (
    <FieldFrame path={path} problems={problems} hint={hint}>
      {({ id, describedBy }) => {
        const common = { id, 'aria-describedby': describedBy, disabled: locked, error: wrong, placeholder };
        if (field.values !== undefined) {
          const data = [...new Set([...field.values, ...(text === '' ? [] : [text])])];
          const shown = text === '' ? (placeholder === '' ? null : placeholder) : text;
          return (
            <Select
              {...common}
              className={css['narrow'] ?? ''}
              data={data}
              value={shown}
              placeholder={t('field.notSet')}
              onChange={(next) => write(next ?? '')}
            />
          );
        }
        if (field.proposals !== undefined) {
          return (
            <Autocomplete
              {...common}
              className={css['wide'] ?? ''}
              classNames={mono}
              data={[...field.proposals]}
              value={text}
              onChange={write}
            />
          );
        }
        const short =
          field.type === 'integer' || field.unit === 'size' || (typeof field.example === 'string' && field.example.length < SHORT);
        return (
          <TextInput
            {...common}
            placeholder={
              placeholder === '' && typeof field.example === 'string' ? t('field.example', { value: field.example }) : placeholder
            }
            className={(short && was === '' ? css['narrow'] : css['wide']) ?? ''}
            classNames={mono}
            value={text}
            inputMode={field.type === 'integer' ? 'numeric' : 'text'}
            spellCheck={false}
            autoComplete="off"
            {...(was === '' ? {} : { rightSection: <span className={css['was']}>{was}</span>, rightSectionWidth: 'auto' })}
            onChange={(event) => write(event.currentTarget.value)}
          />
        );
      }}
    </FieldFrame>
  );
}

/** What has no form of its own is shown as it stands, with the way to its place. */
function JsonOnlyField({ path }: { readonly path: Path }): ReactNode {
  const { t } = useTranslation('engine-settings');
  const { jump } = useEngineForm();
  const { value, problems } = useField(path);
  return (
    <FieldFrame path={path} problems={problems} group>
      {() => (
        <div className={css['jsononly']}>
          <code className="ell">{value === undefined ? t('field.notSet') : JSON.stringify(value)}</code>
          <button type="button" className="link s" onClick={() => jump(path)}>
            {t('field.inJson')}
          </button>
        </div>
      )}
    </FieldFrame>
  );
}

function exampleOf(field: DaemonField): string {
  const [first] = field.proposals ?? (Array.isArray(field.example) ? (field.example as readonly unknown[]) : []);
  return typeof first === 'string' ? first : '';
}
